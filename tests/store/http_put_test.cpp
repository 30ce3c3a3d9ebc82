// One PUT to an HTTP server: what is sent, what its answers mean, and streams that cannot be read again.
#include <deque>

#include "net/script_server.hpp"
#include "store/http_stream.hpp"
#include "store/s3_tools.hpp"
#include "transfer/sink_driver.hpp"
#include "weir/transfer/put.hpp"

namespace weir {
namespace {

using test::Peer;
using test::reply_of;
using test::ScriptServer;
using test::Seen;

/// A store of one object that answers PUT as scripted, the last answer again and again; HEAD tells what is there.
class Place {
 public:
  explicit Place(std::vector<std::string> answers, bool looks = true)
      : answers_(answers.begin(), answers.end()), looks_(looks), server_([this](Peer& peer, int) { serve(peer); }) {}

  std::string url(const std::string& path = "/dir/object.txt") const { return server_.url(path); }
  std::vector<Seen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  Seen put() {  ///< the last
    for (Seen& each : [&] {
           auto all = seen();
           std::reverse(all.begin(), all.end());
           return all;
         }()) {
      if (each.method() == "PUT") return each;
    }
    return {};
  }
  std::atomic<bool> holds_back{false};  ///< reads no body
  std::string etag = "\"stored\"";
  std::string stored;
  bool exists = false;

 private:
  void serve(Peer& peer) {
    for (;;) {
      Seen request = peer.read_head();
      if (request.head.empty()) return;
      if (request.has("Transfer-Encoding: chunked")) {
        for (std::string line; (line = read_line(peer)) != "0";) {
          if (line.empty()) return;
          const auto size = std::stoull(line, nullptr, 16);
          request.body += peer.read(size);
          peer.read(2);
        }
        peer.read(2);
      } else {
        request.body = peer.read(request.length());
        if (request.body.size() < request.length()) return;
      }
      std::unique_lock lock(mutex_);
      seen_.push_back(request);
      if (request.method() == "HEAD") {
        if (!looks_) {
          peer.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
        } else if (!exists) {
          peer.send("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
        } else {
          peer.send(fmt::format("HTTP/1.1 200 OK\r\nETag: {}\r\nContent-Length: {}\r\n\r\n", etag, stored.size()));
        }
        continue;
      }
      const std::string answer = answers_.front();
      if (answers_.size() > 1) answers_.pop_front();
      if (answer == "reset") {
        peer.reset();
        return;
      }
      if (answer.starts_with("HTTP/1.1 2")) {
        exists = true;
        stored = request.body;
      }
      lock.unlock();
      if (!peer.send(answer)) return;
    }
  }
  static std::string read_line(Peer& peer) {
    std::string line;
    for (std::string byte; (byte = peer.read(1)) == "\r" || byte.size() == 1;) {
      if (byte == "\n") return line;
      if (byte != "\r") line += byte;
    }
    return {};
  }

  std::deque<std::string> answers_;
  const bool looks_;
  std::mutex mutex_;
  std::vector<Seen> seen_;
  ScriptServer server_;  // last: its threads use the rest
};

const std::string kCreated = "HTTP/1.1 201 Created\r\nETag: \"stored\"\r\nContent-Length: 0\r\n\r\n";

std::shared_ptr<Target> target_of(const Place& place, ObjectOptions object = {},
                                  const std::string& path = "/dir/object.txt") {
  auto target = http_target(place.url(path), {}, std::move(object));
  REQUIRE(target.ok());
  return *target;
}

/// Writes `bytes` as a stream through put_to().
Result<Receipt> send_stream(const std::string& url, const std::string& bytes, std::optional<std::uint64_t> exact,
                            std::size_t grant_bytes = 2 * kMiB, ObjectOptions object = {}) {
  test::SinkRun run(*put_to(url, {}, std::move(object)), Executor::default_pool());
  Upstream upstream;
  upstream.exact_bytes = exact;
  WEIR_TRY(run.open(upstream, grant_bytes));
  for (std::size_t at = 0; at < bytes.size(); at += kSliceBytes) {
    WEIR_TRY(run.write(Chunk::copy_of(std::string_view(bytes).substr(at, kSliceBytes))));
  }
  return run.close();
}

}  // namespace

TEST_CASE("A PUT sends bytes, their length and their type, and nothing that was not asked for", "[http]") {
  Place place({kCreated});
  const std::string bytes = test::noise(400000);
  const auto stored = test::put_whole(*target_of(place), test::memory_part(bytes));
  REQUIRE(stored.ok());
  CHECK(stored->etag == "stored");
  CHECK(stored->length == bytes.size());
  CHECK(place.put().body == bytes);
  CHECK(place.put().header("content-type") == "text/plain");
  CHECK_FALSE(place.put().has("If-"));
  CHECK_FALSE(place.put().has("Expect"));

  ObjectOptions object;
  object.content_encoding = "gzip";
  object.cache_control = "no-store";
  object.headers = {{"X-Ms-Blob-Type", "BlockBlob"}, {"Content-Type", "a/b"}};
  REQUIRE(test::put_whole(*target_of(place, object), test::memory_part("x")).ok());
  CHECK(place.put().header("content-encoding") == "gzip");
  CHECK(place.put().header("cache-control") == "no-store");
  CHECK(place.put().header("x-ms-blob-type") == "BlockBlob");
  CHECK(place.put().header("content-type") == "a/b");

  // What a signature may cover is not guessed.
  REQUIRE(test::put_whole(*target_of(place, {}, "/a.txt?signature=1"), test::memory_part("")).ok());
  CHECK(place.put().header("content-type").empty());
  CHECK(place.put().header("Content-Length") == "0");
}

TEST_CASE("Parts are refused, and so is what plain HTTP cannot say", "[http]") {
  Place place({kCreated});
  const auto target = target_of(place);
  CHECK(test::begin(*target).error().kind == Kind::unsupported);
  CHECK(test::put_part(*target, "id", test::memory_part("x")).error().kind == Kind::unsupported);
  CHECK(test::commit(*target, "id", {}, {}).error().kind == Kind::unsupported);
  CHECK(test::list_parts(*target, "id").error().kind == Kind::unsupported);
  CHECK(test::abort(*target, "id").ok());
  const auto refused = [&](auto change) {
    ObjectOptions object;
    change(object);
    return http_target(place.url(), {}, object).error().kind;
  };
  CHECK(refused([](auto& o) { o.metadata["a"] = "b"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.tags["a"] = "b"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.storage_class = "cold"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.no_clobber = true, o.if_match = "e"; }) == Kind::invalid_argument);
  CHECK(place.seen().empty());
}

TEST_CASE("Conditions are looked at, and sent too", "[http]") {
  Place place({kCreated});
  ObjectOptions fresh;
  fresh.no_clobber = true;
  REQUIRE(test::put_whole(*target_of(place, fresh), test::memory_part("one")).ok());
  CHECK(place.put().header("if-none-match") == "*");
  const auto second = test::put_whole(*target_of(place, fresh), test::memory_part("two"));
  CHECK(second.error().kind == Kind::already_exists);
  CHECK(second.error().advice == "What is there stays as it is.");
  CHECK(place.stored == "one");

  ObjectOptions same;
  same.if_match = "stored";
  REQUIRE(test::put_whole(*target_of(place, same), test::memory_part("three")).ok());
  CHECK(place.put().header("if-match") == "\"stored\"");
  same.if_match = "another";
  CHECK(test::put_whole(*target_of(place, same), test::memory_part("four")).error().kind == Kind::already_exists);
  CHECK(place.stored == "three");

  Place raced({"HTTP/1.1 412 No\r\nContent-Length: 0\r\n\r\n"}, false);
  CHECK(test::put_whole(*target_of(raced, fresh), test::memory_part("x")).error().kind == Kind::already_exists);
}

TEST_CASE("Only answers that say that it is stored are success", "[http]") {
  for (const char* answer : {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"}) {
    Place place({answer});
    CHECK(test::put_whole(*target_of(place), test::memory_part("x")).ok());
  }
  struct Case {
    std::string answer;
    Kind kind;
  };
  for (const Case& way : {Case{reply_of(202), Kind::protocol}, Case{reply_of(206), Kind::protocol},
                          Case{reply_of(403), Kind::access_denied}, Case{reply_of(405), Kind::invalid_argument},
                          Case{reply_of(413), Kind::limit}, Case{reply_of(507), Kind::no_space},
                          Case{reply_of(307, "", "Location: http://127.0.0.1/other?secret\r\n"), Kind::protocol},
                          Case{reply_of(403,
                                        "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has "
                                        "expired</Message></Error>"),
                               Kind::access_denied}}) {
    Place place({way.answer});
    const auto stored = test::put_whole(*target_of(place), test::memory_part("x"));
    INFO(way.answer << "\n" << stored.status().message());
    REQUIRE_FALSE(stored.ok());
    CHECK(stored.error().kind == way.kind);
    CHECK(stored.status().message().starts_with("cannot store http://127.0.0.1:"));
    CHECK(stored.status().message().find("secret") == std::string::npos);
    CHECK(place.seen().size() == 1);
  }
}

TEST_CASE("A source that can be read again is sent again after a failure, whatever its size", "[http]") {
  Place place({"reset", reply_of(503, "", "Retry-After: 0\r\n"), kCreated});
  const auto bytes = std::make_shared<test::Bytes>(1, 5000000);
  test::SinkRun run(*put_to(place.url()), Executor::default_pool());
  Upstream upstream;
  upstream.exact_bytes = upstream.max_bytes = bytes->data.size();
  upstream.replay = bytes;
  CHECK(run.sink->replays(upstream));
  REQUIRE(run.open(upstream, kMiB).ok());
  const auto receipt = run.close();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(place.stored == bytes->data);
  CHECK(receipt->retries == 2);
  CHECK(receipt->parts == 1);
  CHECK_FALSE(receipt->checksum_verified);
}

TEST_CASE("A receipt is verified where the server tells the checksum, and wrong ones are errors", "[http]") {
  const std::string bytes = test::noise(300000);
  const auto answer = [](std::uint64_t crc) {
    return "HTTP/1.1 200 OK\r\nETag: \"stored\"\r\nx-amz-checksum-crc64nvme: " + crc64nvme_base64(crc) +
           "\r\nContent-Length: 0\r\n\r\n";
  };
  Place place({answer(test::crc(bytes))});
  const auto receipt = send_stream(place.url(), bytes, bytes.size());
  REQUIRE(receipt.ok());
  CHECK(receipt->checksum_verified);
  CHECK(receipt->etag == "stored");
  Place wrong({answer(1)});
  CHECK(send_stream(wrong.url(), bytes, bytes.size()).error().kind == Kind::corrupt);
  Place shortened({kCreated});
  shortened.etag = "\"x\"";
  REQUIRE(send_stream(shortened.url(), bytes, bytes.size()).ok());
}

TEST_CASE("A stream that fits into memory is sent with its length, and again after a failure", "[http]") {
  const std::string bytes = test::noise(900000);
  const auto exact = GENERATE_COPY(std::optional<std::uint64_t>(), std::optional<std::uint64_t>(900000));
  Place place({"reset", kCreated});
  const auto receipt = send_stream(place.url(), bytes, exact);
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(place.stored == bytes);
  CHECK(place.put().header("Content-Length") == "900000");
  CHECK(receipt->retries == 1);
  CHECK(receipt->bytes_stored == 900000);
  Place none({kCreated});
  REQUIRE(send_stream(none.url(), "", {}).ok());
  CHECK(none.put().header("Content-Length") == "0");
}

TEST_CASE("What a PUT was repeated for is counted by cause", "[http]") {
  Place place({"reset", reply_of(503, "", "Retry-After: 0\r\n"), reply_of(500), kCreated});
  const std::string bytes = test::noise(100000);
  test::SinkRun run(*put_to(place.url()), Executor::default_pool());
  REQUIRE(run.open({}, 2 * kMiB).ok());
  REQUIRE(run.write(Chunk::copy_of(bytes)).ok());
  const auto receipt = run.close();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  Progress progress;
  run.sink->tell(progress);
  CHECK(progress.retries_by_cause.network == 1);
  CHECK(progress.retries_by_cause.throttled == 1);
  CHECK(progress.retries_by_cause.server == 1);
  CHECK(progress.retries_by_cause.total() == 3);
  CHECK(receipt->retries == 3);
}

TEST_CASE("A longer stream is sent while it comes: with its length, or in chunks", "[http]") {
  const std::string bytes = test::noise(20000003);
  const auto exact = GENERATE_COPY(std::optional<std::uint64_t>(), std::optional<std::uint64_t>(20000003));
  Place place({kCreated});
  const auto receipt = send_stream(place.url(), bytes, exact);
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(place.stored == bytes);
  CHECK(place.put().has("Transfer-Encoding: chunked") != exact.has_value());
  CHECK(receipt->bytes_stored == bytes.size());
}

TEST_CASE("A stream whose beginning was let go of ends with the connection, and the error says what would have done",
          "[http]") {
  const std::string bytes = test::noise(20000003);
  Place place({"reset"});
  const auto receipt = send_stream(place.url(), bytes, bytes.size());
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::network);
  CHECK(receipt.error().advice.find("Write it to a file, and send that.") != std::string::npos);
  CHECK(receipt.error().advice.find("is not known") != std::string::npos);
  Place strict({reply_of(411)});
  const auto refused = send_stream(strict.url(), bytes, {});
  CHECK(refused.error().advice.starts_with("The server wants to know the length before."));
}

TEST_CASE("A source that is shorter or longer than it said leaves nothing behind", "[http]") {
  const std::string bytes = test::noise(3000000);
  Place place({kCreated});
  CHECK(send_stream(place.url(), bytes, 4000000).error().kind == Kind::source_changed);
  CHECK(send_stream(place.url(), bytes, 2000000).error().kind == Kind::source_changed);
  CHECK_FALSE(place.exists);
}

TEST_CASE("With a length that is known the last byte waits for the source's last word", "[http]") {
  const std::string bytes = test::noise(6000000);
  Place place({kCreated});
  {
    test::SinkRun run(*put_to(place.url()), Executor::default_pool());
    Upstream upstream;
    upstream.exact_bytes = bytes.size();
    REQUIRE(run.open(upstream, 2 * kMiB).ok());
    for (std::size_t at = 0; at < bytes.size(); at += kSliceBytes) {
      REQUIRE(run.write(Chunk::copy_of(std::string_view(bytes).substr(at, kSliceBytes))).ok());
    }
    REQUIRE(run.until_answered([&] { return run.sink->ready(); }).ok());
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    CHECK(run.abort().ok());
  }
  CHECK_FALSE(place.exists);
}

TEST_CASE("A stream that is aborted is not stored, and its memory is free at once", "[http]") {
  Place place({kCreated});
  auto counted = std::make_shared<test::Bytes>(1, 8000000);
  {
    test::SinkRun run(*put_to(place.url()), Executor::default_pool());
    REQUIRE(run.open({}, 2 * kMiB).ok());
    for (std::size_t at = 0; at < 6000000; at += kSliceBytes) REQUIRE(run.write(counted->chunk(at, kSliceBytes)).ok());
    CHECK(run.abort().ok());
    CHECK(counted->held == 0);
  }
  CHECK(counted->peak <= 2 * kMiB);
  CHECK_FALSE(place.exists);
}

}  // namespace weir
