// Vercel Blob when it or the network fails, by scripted faults of the double of its service.
#include <catch2/catch.hpp>

#include "net/http.hpp"
#include "net/text.hpp"
#include "net/url.hpp"
#include "platform/platform.hpp"
#include "store/s3_tools.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/memory.hpp"
#include "weir/store/vercel_blob.hpp"
#include "weir/transfer/upload.hpp"

namespace weir {
namespace {

using test::noise;
using test::wait;

std::string double_origin() {
  const auto parts = net::split_url(net::environment({"VERCEL_BLOB_API_URL"}));
  REQUIRE(parts.ok());
  return parts->scheme + "://" + parts->authority();
}

std::string control(const std::string& name, const std::string& body, const std::string& method = "POST") {
  static const auto http = net::Client::make({});
  net::Request request;
  request.method = method;
  request.url = double_origin() + "/_weir/" + name;
  request.max_body_bytes = 16 * 1024 * 1024;
  if (method == "POST") request.body = net::body_of(body);
  const auto answer = http->fetch(std::move(request));
  REQUIRE(answer.ok());
  REQUIRE(answer->status < 300);
  return answer->body;
}

/// A double that knows nothing but the faults.
void script(const std::string& faults) {
  control("reset", "");
  control("faults", faults);
}
std::string state() { return control("state", "", "GET"); }
std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

std::shared_ptr<Store> store(VercelOptions options = {}) {
  auto made = vercel_store(options);
  INFO(made.status().message());
  REQUIRE(made.ok());
  return *made;
}

UploadOptions quick() {
  UploadOptions options;
  options.part_bytes = 5 * kMiB;
  options.retry.base_throttled = std::chrono::milliseconds(20);
  options.retry.longest_asked = std::chrono::milliseconds(50);
  return options;
}

Result<Receipt> upload(const std::string& key, const std::string& bytes, UploadOptions options = quick()) {
  return start(memory(bytes) | upload_to(store()->target(key, {}), options)).wait();
}

Result<std::string> read(const std::string& key) {
  const auto origin = store()->origin(key);
  WEIR_ASSIGN(const ObjectInfo info, wait<ObjectInfo>([&](auto done) { origin->look(done); }));
  auto bytes = std::make_shared<std::string>();
  const auto ended = wait<bool>([&](auto done) {
    origin->read(
        info, 1, info.size - 1,
        [bytes](std::span<const std::byte> data) {
          bytes->append(reinterpret_cast<const char*>(data.data()), data.size());
          return Status();
        },
        [done](Status status) { done(status.ok() ? Result<bool>(true) : Result<bool>(std::move(status))); });
  });
  if (!ended) return ended.status();
  return *bytes;
}

}  // namespace

TEST_CASE("Server errors, rate limits and resets during an upload are ridden out, and the bytes are right") {
  const std::string bytes = noise(3 * 5 * kMiB + 777);
  for (const char* fault : {
           R"("action":"status","status":503,"code":"service_unavailable")",
           R"("action":"status","status":500,"code":"internal_server_error")",
           R"("action":"status","status":500,"code":"unknown_error")",
           R"("action":"status","status":502,"code":"")",
           R"("action":"status","status":429,"code":"rate_limited","headers":{"Retry-After":"1"})",
           R"("action":"reset_request_at","at":3000)",
           R"("action":"reset_reply_at","at":20)",
           R"("action":"lost_reply")",
       }) {
    for (const char* op : {"create", "upload", "head"}) {
      INFO(op << " " << fault);
      script(fmt::format(R"([{{"op":"{}","times":2,{}}}])", op, fault));
      const auto receipt = upload("faulty.bin", bytes);
      INFO(receipt.status().message());
      REQUIRE(receipt.ok());
      // A GET that a kept connection lost is sent again by the HTTP client itself.
      const bool refused = std::string_view(fault).find("status") != std::string_view::npos;
      if (refused || op != std::string_view("head")) CHECK(receipt->retries >= 2);
      CHECK(count(state(), "\"fired\": 2") == 1);
      CHECK(receipt->bytes_stored == bytes.size());
      CHECK(read("faulty.bin").value() == bytes.substr(1));
    }
  }
}

TEST_CASE("A lost reply of complete is settled by looking: the blob is there once, and the upload succeeds") {
  const std::string bytes = noise(2 * 5 * kMiB);
  script(R"([{"op":"complete","action":"lost_reply"}])");
  const auto receipt = upload("lost.bin", bytes);
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(read("lost.bin").value() == bytes.substr(1));
}

TEST_CASE("An answer that is no HTTP ends the upload with an error that says so") {
  script(R"([{"op":"create","action":"garbage"}])");
  const auto receipt = upload("garbage.bin", noise(2 * 5 * kMiB));
  INFO(receipt.status().message());
  CHECK(receipt.error().kind == Kind::protocol);
  CHECK(receipt.status().message().find("vercel://WeirTest1/garbage.bin") != std::string::npos);
}

TEST_CASE("A lost reply of put is repeated, and the blob is there") {
  script(R"([{"op":"put","action":"lost_reply"}])");
  const auto receipt = upload("small.bin", noise(1000));
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->retries == 1);
}

TEST_CASE("Refusals are told in the service's words, at once, without secrets") {
  struct Row {
    const char* code;
    int status;
    const char* message;
    Kind kind;
  };
  for (const Row& row :
       {Row{"store_suspended", 403, "The store is suspended", Kind::access_denied},
        Row{"forbidden", 403, "Access denied", Kind::access_denied},
        Row{"not_allowed", 403, "Not allowed", Kind::access_denied},
        Row{"client_token_not_allowed", 403, "No client token here", Kind::access_denied},
        Row{"store_not_found", 404, "This store does not exist", Kind::not_found},
        Row{"bad_request", 400, "Nonsense", Kind::invalid_argument},
        Row{"bad_request", 400, "\\\"contentType\\\" x is not allowed", Kind::access_denied},
        Row{"bad_request", 400, "\\\"pathname\\\" x does not match the token payload", Kind::access_denied},
        Row{"bad_request", 400, "the file length cannot be greater than 5", Kind::limit},
        Row{"bad_request", 400, "This blob already exists, use another", Kind::already_exists},
        Row{"forbidden", 403, "Token expired", Kind::access_denied},
        Row{"precondition_failed", 412, "ETag mismatch", Kind::already_exists}}) {
    INFO(row.code << " " << row.message);
    script(fmt::format(R"([{{"op":"put","action":"status","status":{},"code":"{}","message":"{}","times":9}}])",
                       row.status, row.code, row.message));
    const auto receipt = upload("refused.bin", "bytes");
    CHECK(receipt.error().kind == row.kind);
    CHECK(receipt.error().http_status == row.status);
    CHECK(receipt.error().request_id.starts_with("weir1::"));
    const std::string message = receipt.status().message();
    CHECK(message.find(row.code) != std::string::npos);
    CHECK(message.find("vercel://") != std::string::npos);
    CHECK(message.find(net::environment({"BLOB_READ_WRITE_TOKEN"})) == std::string::npos);
    CHECK(count(state(), "\"op\": \"put\"") == 2);  // the fault and one request
  }
}

TEST_CASE("Retry-After is waited out by the operations that wait") {
  script(R"([{"op":"head","action":"status","status":429,"code":"rate_limited","headers":{"Retry-After":"1"}}])");
  const auto begun = std::chrono::steady_clock::now();
  CHECK(store()->head("none").error().kind == Kind::not_found);
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::seconds(1));
}

TEST_CASE("An upload that the service has lost is begun anew from a source that can be read again") {
  script(R"([{"op":"complete","action":"lost_upload"}])");
  const std::string bytes = noise(2 * 5 * kMiB + 5);
  const auto receipt = upload("restarted.bin", bytes);
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(read("restarted.bin").value() == bytes.substr(1));
}

TEST_CASE("A reader is told of wrong ranges, other blobs and early ends, and never given wrong bytes") {
  struct Row {
    const char* fault;
    Kind kind;
  };
  for (const Row& row :
       {Row{R"("action":"replaced_object")", Kind::source_changed}, Row{R"("action":"wrong_range")", Kind::protocol},
        Row{R"("action":"ignore_range")", Kind::protocol}, Row{R"("action":"close_early","at":100)", Kind::network},
        Row{R"("action":"wrong_etag")", Kind::source_changed}}) {
    INFO(row.fault);
    control("reset", "");
    REQUIRE(upload("read.bin", noise(100000)).ok());
    control("faults", fmt::format(R"([{{"op":"get",{}}}])", row.fault));
    const auto got = read("read.bin");
    INFO(got.status().message());
    CHECK(got.error().kind == row.kind);
  }
}

TEST_CASE("A store that never answers fails the upload when its attempts are spent") {
  script(R"([{"op":"put","action":"close_early","at":0,"times":9}])");
  CHECK(upload("short.bin", noise(100),
               [] {
                 UploadOptions options = quick();
                 options.retry.max_attempts = 2;
                 return options;
               }())
            .error()
            .kind == Kind::network);
}

TEST_CASE("A list of parts is unsupported, and an abort is ok without a request") {
  control("reset", "");
  const auto target = store()->target("parts.bin", {});
  CHECK(test::list_parts(*target, "id key").error().kind == Kind::unsupported);
  CHECK(test::abort(*target, "id key").ok());
  CHECK(count(state(), "\"op\": ") == 0);
}

TEST_CASE("The token of one store does not serve another, and no token is access_denied") {
  CHECK(vercel_store({}, "weirtest1").ok());
  CHECK(vercel_store({}, "store_WeirTest1").ok());
  CHECK(vercel_store({}, "another").status().kind() == Kind::invalid_argument);
  VercelOptions wrong;
  wrong.token = net::environment({"BLOB_READ_WRITE_TOKEN"}) + "x";
  CHECK(store(wrong)->head("x").error().kind == Kind::access_denied);
  wrong.token = "bad token";
  CHECK(vercel_store(wrong).status().kind() == Kind::invalid_argument);
}

TEST_CASE("A client token uploads what it was made for, and looking is not needed") {
  control("reset", "");
  VercelGrant grant;
  grant.path = "granted.bin";
  grant.overwrite = true;
  const auto token = vercel_client_token({}, grant);
  INFO(token.status().message());
  REQUIRE(token.ok());
  VercelOptions options;
  options.token = *token;
  const std::string bytes = noise(2 * 5 * kMiB + 1);
  const auto granted = store(options);
  const auto receipt = start(memory(bytes) | upload_to(granted->target("granted.bin", {}), quick())).wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK_FALSE(receipt->checksum_verified);
  CHECK(read("granted.bin").value() == bytes.substr(1));
  CHECK(start(memory("x") | upload_to(granted->target("other.bin", {}))).wait().error().kind == Kind::access_denied);
}

}  // namespace weir
