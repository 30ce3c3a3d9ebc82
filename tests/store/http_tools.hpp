// An HTTP server with one object, and what a test changes of its answers.
#pragma once

#include <catch2/catch.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "net/script_server.hpp"
#include "store/s3_tools.hpp"
#include "weir/store/http.hpp"
#include "weir/transfer/download.hpp"

namespace weir::test {

inline constexpr const char* kLongAgo =
    "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nDate: Tue, 02 Jan 2024 00:00:00 GMT\r\n";

/// Serves `bytes` with ranges and the ETag "e". `answer`, if set, may answer in its place (true).
class OneObject {
 public:
  using Answer = std::function<bool(Peer&, const Seen&, int number)>;
  explicit OneObject(std::string content, Answer answer = nullptr)
      : bytes(std::move(content)), answer_(std::move(answer)), server_([this](Peer& peer, int) { serve(peer); }) {}

  std::string headers = "ETag: \"e\"\r\n";  ///< of every answer that describes the object; set before the first
  std::string head_headers;                 ///< of HEAD beside them
  bool ranges = true;
  bool says_ranges = true;
  const std::string bytes;

  std::string url(const std::string& path = "/dir/object.bin") const { return server_.url(path); }
  std::string authority() const { return server_.authority(); }
  Result<std::string> read(const HttpOptions& options = {}, const std::string& path = "/dir/object.bin",
                           std::uint32_t concurrency = 0) {
    auto origin = http_origin(url(path), options);
    WEIR_TRY(origin.status());
    return read_all(*std::move(origin), concurrency);
  }
  static Result<std::string> read_all(std::shared_ptr<Origin> origin, std::uint32_t concurrency = 0) {
    DownloadOptions download;
    download.retry.max_attempts = 4;
    download.concurrency = concurrency;
    const auto source = download_from(std::move(origin), download);
    Reader reader(64 * kMiB, 48 * kMiB);
    auto read = reader.all(*source);
    return read;
  }
  std::vector<Seen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  int count(const std::string& method) {
    int found = 0;
    for (const Seen& each : seen()) found += each.method() == method ? 1 : 0;
    return found;
  }
  /// What an answer does with `headers`: two connections may be served at once.
  void change_headers(std::string to) {
    const std::lock_guard lock(mutex_);
    headers = std::move(to);
  }
  /// The whole answer that the object deserves.
  void serve_truly(Peer& peer, const Seen& request) const { peer.send(head_for(request) + body_for(request)); }
  std::string head_for(const Seen& request) const {
    const bool head = request.method() == "HEAD";
    const std::lock_guard lock(mutex_);
    const std::string more = headers + (says_ranges ? "Accept-Ranges: bytes\r\n" : "") + (head ? head_headers : "");
    const auto [begin, end] = range_of(request);
    if (begin == 0 && end == bytes.size()) {
      return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(bytes.size()) + "\r\n\r\n";
    }
    return fmt::format("HTTP/1.1 206 Partial\r\n{}Content-Range: bytes {}-{}/{}\r\nContent-Length: {}\r\n\r\n", more,
                       begin, end - 1, bytes.size(), end - begin);
  }
  std::string body_for(const Seen& request) const {
    if (request.method() == "HEAD") return {};
    const auto [begin, end] = range_of(request);
    return bytes.substr(begin, end - begin);
  }

 private:
  std::pair<std::size_t, std::size_t> range_of(const Seen& request) const {
    const std::string range = request.header("range");
    if (range.empty() || !ranges) return {0, bytes.size()};
    const std::size_t dash = range.find('-');
    return {std::stoull(range.substr(6)), std::min<std::size_t>(std::stoull(range.substr(dash + 1)) + 1, bytes.size())};
  }
  void serve(Peer& peer) {
    for (;;) {
      Seen request = peer.read_request();
      if (request.head.empty()) return;
      int number = 0;
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(request);
        number = static_cast<int>(seen_.size());
      }
      if (answer_ && answer_(peer, request, number)) continue;
      serve_truly(peer, request);
    }
  }

  const Answer answer_;
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  ScriptServer server_;  // last: its threads use the rest
};

inline std::string redirect_to(const std::string& location, int status = 302) {
  return reply_of(status, "<a>moved</a>", "Location: " + location + "\r\n");
}

}  // namespace weir::test
