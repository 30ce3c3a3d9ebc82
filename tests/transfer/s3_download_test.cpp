// Downloads that are cut, answered wrongly or changed under way, against a server whose every answer is scripted.
#include <atomic>
#include <catch2/catch.hpp>

#include "net/script_server.hpp"
#include "store/s3_tools.hpp"
#include "weir/transfer/download.hpp"

namespace weir::s3 {
namespace {

using test::Peer;
using test::ScriptServer;
using test::Seen;

/// One object that HEAD describes truly; GET is up to the script.
class ObjectServer {
 public:
  using Get = std::function<void(Peer&, const Seen&, std::uint64_t offset, int number)>;
  ObjectServer(std::string bytes, Get get)
      : bytes_(std::move(bytes)), get_(std::move(get)), server_([this](Peer& peer, int) { serve(peer); }) {}

  std::unique_ptr<Source> source(std::uint32_t attempts = 4) {
    S3Options options;
    options.endpoint_url = server_.url("");
    options.credentials = static_credentials({"id", "secret", ""});
    auto client = S3Client::make(options);
    REQUIRE(client.ok());
    DownloadOptions download;
    download.retry.max_attempts = attempts;
    return download_from(s3_origin(*client, {"bucket", "key"}), download);
  }
  Result<std::string> read(std::uint32_t attempts = 4) { return test::Reader().all(*source(attempts)); }
  const std::string& bytes() const { return bytes_; }
  int gets() const { return gets_; }
  std::vector<std::string> ranges;
  std::vector<std::string> conditions;

  std::string partial(std::uint64_t offset, const std::string& etag = "e") const {
    if (offset == 0)
      return fmt::format("HTTP/1.1 200 OK\r\nETag: \"{}\"\r\nContent-Length: {}\r\n\r\n", etag, bytes_.size());
    return fmt::format(
        "HTTP/1.1 206 Partial\r\nETag: \"{}\"\r\nContent-Range: bytes {}-{}/{}\r\nContent-Length: {}\r\n\r\n", etag,
        offset, bytes_.size() - 1, bytes_.size(), bytes_.size() - offset);
  }

 private:
  void serve(Peer& peer) {
    for (;;) {
      const Seen seen = peer.read_request();
      if (seen.head.empty()) return;
      if (seen.method() == "HEAD") {
        peer.send(
            fmt::format("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: {}\r\nx-amz-checksum-crc64nvme: {}\r\n\r\n",
                        bytes_.size(), crc64nvme_base64(test::crc(bytes_))));
        continue;
      }
      const std::string range = seen.header("range");
      ranges.push_back(range);
      conditions.push_back(seen.header("if-match"));
      get_(peer, seen, range.empty() ? 0 : std::stoull(range.substr(6)), ++gets_);
      return;
    }
  }

  const std::string bytes_;
  const Get get_;
  std::atomic<int> gets_{0};
  ScriptServer server_;  // last: its threads use the rest
};

}  // namespace

TEST_CASE("A download that is cut goes on where it was, with the same ETag asked for", "[s3]") {
  ObjectServer* self = nullptr;
  ObjectServer server(test::noise(900000), [&](Peer& peer, const Seen&, std::uint64_t offset, int number) {
    peer.send(self->partial(offset));
    if (number == 3) {
      peer.send(self->bytes().substr(offset));
      return;
    }
    peer.send(self->bytes().substr(offset, 300001));
    if (number == 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      peer.reset();
    }
  });
  self = &server;
  const auto bytes = server.read();
  INFO(bytes.status().message());
  REQUIRE(bytes.ok());
  CHECK(*bytes == server.bytes());
  CHECK(server.gets() == 3);
  CHECK(server.ranges[0].empty());
  CHECK(server.ranges[2].ends_with("-899999"));
  CHECK(server.conditions == std::vector<std::string>(3, "\"e\""));
}

TEST_CASE("Attempts are counted anew after progress, and end without it", "[s3]") {
  ObjectServer* self = nullptr;
  std::atomic<bool> progress{true};
  ObjectServer server(test::noise(200000), [&](Peer& peer, const Seen&, std::uint64_t offset, int) {
    peer.send(self->partial(offset));
    if (progress) peer.send(self->bytes().substr(offset, 20000));
  });
  self = &server;
  CHECK(*server.read(2) == server.bytes());
  CHECK(server.gets() >= 10);
  progress = false;
  const int before = server.gets();
  const auto bytes = server.read(3);
  CHECK(bytes.error().kind == Kind::network);
  CHECK(server.gets() == before + 3);
}

TEST_CASE("A store that ignores the range is asked for the whole again, and what is known is skipped", "[s3]") {
  ObjectServer* self = nullptr;
  ObjectServer server(test::noise(900000), [&](Peer& peer, const Seen&, std::uint64_t, int number) {
    peer.send(self->partial(0));
    peer.send(self->bytes().substr(0, number == 1 ? 500000 : 900000));
  });
  self = &server;
  CHECK(*server.read() == server.bytes());
  REQUIRE(server.gets() == 3);
  CHECK(server.ranges[1] == "bytes=500000-899999");
  CHECK(server.ranges[2].empty());
}

TEST_CASE("Another range, another total or another object is never mixed in", "[s3]") {
  struct Lie {
    const char* head;
    Kind kind;
  };
  const Lie lies[] = {
      {"HTTP/1.1 206 P\r\nETag: \"e\"\r\nContent-Range: bytes 100001-199999/200000\r\nContent-Length: 99999\r\n\r\n",
       Kind::protocol},
      {"HTTP/1.1 206 P\r\nETag: \"e\"\r\nContent-Range: bytes 100000-199999/200001\r\nContent-Length: 100000\r\n\r\n",
       Kind::protocol},
      {"HTTP/1.1 206 P\r\nETag: \"e\"\r\nContent-Length: 100000\r\n\r\n", Kind::protocol},
      {"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 100000\r\n\r\n", Kind::protocol},
      {"HTTP/1.1 206 P\r\nETag: \"f\"\r\nContent-Range: bytes 100000-199999/200000\r\nContent-Length: 100000\r\n\r\n",
       Kind::source_changed},
      {"HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n", Kind::source_changed},
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Kind::source_changed},
  };
  for (const Lie& lie : lies) {
    ObjectServer* self = nullptr;
    ObjectServer server(test::noise(200000), [&](Peer& peer, const Seen&, std::uint64_t, int number) {
      if (number > 1) {
        peer.send(lie.head);
        peer.send(test::noise(100000, 99));
        return;
      }
      peer.send(self->partial(0));
      peer.send(self->bytes().substr(0, 100000));
    });
    self = &server;
    INFO(lie.head);
    CHECK(server.read().error().kind == lie.kind);
  }
}

TEST_CASE("Bytes that are not those of the store's checksum are an error, not an end", "[s3]") {
  ObjectServer* self = nullptr;
  ObjectServer server(test::noise(200000), [&](Peer& peer, const Seen&, std::uint64_t, int) {
    std::string wrong = self->bytes();
    wrong[150000] = static_cast<char>(wrong[150000] ^ 1);
    peer.send(self->partial(0));
    peer.send(wrong);
  });
  self = &server;
  const auto bytes = server.read();
  CHECK(bytes.error().kind == Kind::corrupt);
  CHECK(bytes.error().operation == "read s3://bucket/key");
}

TEST_CASE("A download holds no more slabs than its grant has room for, and small ones whatever comes next", "[s3]") {
  ObjectServer* self = nullptr;
  ObjectServer server(test::noise(6000000), [&](Peer& peer, const Seen&, std::uint64_t offset, int) {
    peer.send(self->partial(offset));
    peer.send(self->bytes().substr(offset));
  });
  self = &server;
  test::Reader reader(64 * kMiB, 6 * kSliceBytes, kFrameBytes);
  const auto source = server.source();
  REQUIRE(reader.open(*source).ok());
  std::string bytes;
  for (;;) {
    const auto chunk = reader.next(*source);
    REQUIRE(chunk.ok());
    if (chunk->empty()) break;
    CHECK(chunk->size() <= kSliceBytes);
    if (bytes.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(100));  // the network runs ahead
    bytes += chunk->text();
  }
  CHECK(bytes == server.bytes());
  CHECK(reader.budget().peak_bytes() <= 6 * kSliceBytes);
}

TEST_CASE("A checksum of the whole is asked for and compared only where that is wanted", "[s3]") {
  const std::string bytes = test::noise(1000);
  std::vector<std::string> asked;
  ScriptServer server([&](Peer& peer, int) {
    for (;;) {
      const Seen seen = peer.read_request();
      if (seen.head.empty()) return;
      if (seen.method() == "HEAD") asked.push_back(seen.header("x-amz-checksum-mode"));
      peer.send(
          fmt::format("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 1000\r\n"
                      "x-amz-checksum-crc64nvme: {}\r\n\r\n",
                      crc64nvme_base64(test::crc("others"))));
      if (seen.method() == "GET") peer.send(bytes);
    }
  });
  S3Options options;
  options.endpoint_url = server.url("");
  options.credentials = static_credentials({"id", "secret", ""});
  for (const auto checksum : {S3Checksum::crc64nvme, S3Checksum::none}) {
    options.checksum = checksum;
    auto source = download_from(s3_origin(*S3Client::make(options), {"bucket", "key"}));
    const auto read = test::Reader().all(*source);
    INFO(read.status().message());
    CHECK(read.status().kind() == (checksum == S3Checksum::none ? Kind::ok : Kind::corrupt));
  }
  CHECK(asked == std::vector<std::string>{"ENABLED", ""});
}

}  // namespace weir::s3
