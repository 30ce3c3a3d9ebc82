// Uploads by keys that may write but not look, and without checksums, against a server whose every answer is scripted.
#include <atomic>

#include "net/script_server.hpp"
#include "store/s3_tools.hpp"

namespace weir::s3 {
namespace {

using test::reply_of;
using test::ScriptServer;
using test::Seen;

std::shared_ptr<Target> target_at(const ScriptServer& server, S3Trailer trailer = S3Trailer::automatic) {
  S3Options options;
  options.endpoint_url = server.url("");
  options.region = "us-east-1";
  options.credentials = static_credentials({"id", "secret", ""});
  options.trailer = trailer;
  auto client = S3Client::make(options);
  REQUIRE(client.ok());
  return s3_target(*client, {"bucket", "key"});
}

const char* kCompleted =
    "<CompleteMultipartUploadResult><ETag>\"e-2\"</ETag><ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME>"
    "</CompleteMultipartUploadResult>";

}  // namespace

TEST_CASE("A key that may write but not read gets what Complete said", "[s3]") {
  std::atomic<int> status{403};
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    if (seen.method() == "HEAD") return fmt::format("HTTP/1.1 {} Said\r\nContent-Length: 0\r\n\r\n", status.load());
    return reply_of(200, kCompleted);
  }));
  const auto target = target_at(server);
  for (const int refusal : {403, 501}) {
    status = refusal;
    const auto stored = test::commit(*target, "id", {}, {9, 0xAE8B14860A799888});
    INFO(stored.status().message());
    REQUIRE(stored.ok());
    CHECK(stored->length == 9);
    CHECK(stored->etag == "e-2");
    CHECK(stored->crc64nvme == 0xAE8B14860A799888);
  }
  status = 500;
  CHECK(test::commit(*target, "id", {}, {9, 0xAE8B14860A799888}).error().kind == Kind::unavailable);
}

TEST_CASE("A commit sends the checksum of the whole only if it is known", "[s3]") {
  std::string sent;
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    if (seen.method() == "HEAD") return std::string("HTTP/1.1 200 OK\r\nETag: \"e-2\"\r\nContent-Length: 9\r\n\r\n");
    sent = seen.header("x-amz-checksum-crc64nvme");
    return reply_of(200, kCompleted);
  }));
  const auto target = target_at(server);
  CHECK(test::commit(*target, "id", {}, {9, {}}).ok());
  CHECK(sent.empty());
  CHECK(test::commit(*target, "id", {}, {9, 0xAE8B14860A799888}).ok());
  CHECK(sent == "rosUhgp5mIg=");
}

TEST_CASE("An abort that succeeded is one, also for a key that may not list parts", "[s3]") {
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    if (seen.method() == "DELETE") return std::string("HTTP/1.1 204 No Content\r\n\r\n");
    return reply_of(403, "<Error><Code>AccessDenied</Code></Error>");
  }));
  CHECK(test::abort(*target_at(server), "id").ok());
}

TEST_CASE("A part whose checksum is being taken is let go soon after a cancel", "[s3]") {
  /// Takes a minute to read, in small steps.
  class Slow : public Replay {
   public:
    Result<std::size_t> read_at(std::uint64_t, std::span<std::byte> into, bool) override {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      return std::min<std::size_t>(into.size(), 1000);
    }
    Status check_unchanged() override { return {}; }
  };
  ScriptServer server(ScriptServer::answering([](const Seen&) { return reply_of(500, ""); }));
  const auto target = target_at(server, S3Trailer::never);
  std::promise<Kind> promise;
  auto ended = promise.get_future();
  const auto cancel = target->put_part("id", test::range_part(std::make_shared<Slow>(), 0, 6'000'000),
                                       [&](Result<PartReceipt> answer) { promise.set_value(answer.error().kind); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  cancel();
  REQUIRE(ended.wait_for(std::chrono::seconds(5)) == std::future_status::ready);
  CHECK(ended.get() == Kind::cancelled);
}

}  // namespace weir::s3
