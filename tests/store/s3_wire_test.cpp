// How requests are repeated and corrected, against a server whose every answer is scripted.
#include "store/s3_wire.hpp"

#include <atomic>
#include <catch2/catch.hpp>

#include "net/script_server.hpp"
#include "store/s3_error.hpp"
#include "store/s3_tools.hpp"

namespace weir::s3 {
namespace {

using test::reply_of;
using test::ScriptServer;
using test::Seen;

/// Counts how often it is asked; the n-th answer has the token "token-n".
class CountingCredentials : public CredentialsProvider {
 public:
  Result<Credentials> get() override { return Credentials{"id", "secret", fmt::format("token-{}", ++asked)}; }
  std::atomic<int> asked{0};
};

S3Options options_for(const ScriptServer& server) {
  S3Options options;
  options.endpoint_url = server.url("");
  options.region = "us-east-1";
  options.credentials = static_credentials({"id", "secret", ""});
  options.attempts = 4;
  return options;
}

std::shared_ptr<S3Client> client_of(const S3Options& options) {
  auto client = S3Client::make(options);
  REQUIRE(client.ok());
  return *client;
}

std::string refusal(int status, const std::string& code, const std::string& more = "",
                    const std::string& headers = "") {
  return reply_of(status, "<Error><Code>" + code + "</Code>" + more + "</Error>", headers);
}

const char* kHead = "ETag: \"e\"\r\nLast-Modified: Tue, 24 Nov 2026 12:00:00 GMT\r\n";

/// HEAD replies announce a length and have no body.
std::string head_reply(int size) { return fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n", kHead, size); }

}  // namespace

TEST_CASE("A request is repeated while that may help, with keys pulled and signed anew", "[s3]") {
  std::atomic<int> asked{0};
  std::vector<std::string> tokens;
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    tokens.push_back(seen.header("x-amz-security-token"));
    const int number = ++asked;
    if (number == 1) return refusal(400, "ExpiredToken");
    if (number == 2) return std::string("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    return reply_of(200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
  }));
  S3Options options = options_for(server);
  options.credentials = std::make_shared<CountingCredentials>();
  const auto listing = client_of(options)->list("bucket", {});
  INFO(listing.status().message());
  CHECK(listing.ok());
  CHECK(tokens == std::vector<std::string>{"token-1", "token-2", "token-3"});
}

TEST_CASE("Keys that the store calls expired are given back to where they came from", "[s3]") {
  std::atomic<int> asked{0};
  ScriptServer server(ScriptServer::answering([&](const Seen&) {
    if (++asked == 1) return refusal(400, "ExpiredToken");
    return reply_of(200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
  }));
  struct Watched : CredentialsProvider {
    Result<Credentials> get() override { return Credentials{"id", "secret", "token"}; }
    void refused(const Credentials& keys) override { token = keys.session_token; }
    std::string token;
  };
  const auto watched = std::make_shared<Watched>();
  S3Options options = options_for(server);
  options.credentials = watched;
  CHECK(client_of(options)->list("bucket", {}).ok());
  CHECK(watched->token == "token");
}

TEST_CASE("A 400 to HEAD, which says nothing, is asked again with new keys where keys can expire", "[s3]") {
  std::atomic<int> asked{0};
  ScriptServer server(ScriptServer::answering([&](const Seen&) {
    return ++asked == 1 ? std::string("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") : head_reply(5);
  }));
  S3Options options = options_for(server);
  CHECK_FALSE(client_of(options)->head({"bucket", "key"}).ok());
  CHECK(asked == 1);
  asked = 0;
  options.credentials = std::make_shared<CountingCredentials>();
  CHECK(client_of(options)->head({"bucket", "key"}).ok());
  CHECK(asked == 2);
}

TEST_CASE("Without keys on request, nothing is signed, and nothing can be presigned", "[s3]") {
  std::string head;
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    head = seen.head;
    return reply_of(200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
  }));
  S3Options options = options_for(server);
  options.no_sign_request = true;
  const auto client = client_of(options);
  CHECK(client->list("bucket", {}).ok());
  CHECK(head.find("uthorization") == std::string::npos);
  CHECK(head.find("x-amz-security-token") == std::string::npos);
  CHECK(head.find("x-amz-date") == std::string::npos);
  CHECK(client->presign("GET", {"bucket", "key"}, std::chrono::seconds(60)).status().message() ==
        "cannot presign s3://bucket/key: a URL cannot be signed without keys");
}

TEST_CASE("A request is not repeated for ever, nor where it cannot help", "[s3]") {
  std::atomic<int> asked{0};
  std::atomic<int> status{500};
  ScriptServer server(ScriptServer::answering([&](const Seen&) {
    ++asked;
    return fmt::format("HTTP/1.1 {} Said\r\nContent-Length: 0\r\n\r\n", status.load());
  }));
  const auto client = client_of(options_for(server));
  CHECK(client->remove({"bucket", "key"}).kind() == Kind::unavailable);
  CHECK(asked == 4);
  status = 403;
  CHECK(client->remove({"bucket", "key"}).kind() == Kind::access_denied);
  CHECK(asked == 5);
}

TEST_CASE("A wrong region is corrected by the store's word, from a header or from the error", "[s3]") {
  for (const bool by_header : {true, false}) {
    std::vector<std::string> regions;
    ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
      const std::string scope = seen.header("authorization");
      const std::string region = scope.find("/eu-west-3/s3/") != std::string::npos ? "eu-west-3" : "us-east-1";
      regions.push_back(region);
      if (region == "eu-west-3") return by_header ? head_reply(5) : reply_of(204, "");
      if (by_header)
        return std::string("HTTP/1.1 301 Moved\r\nx-amz-bucket-region: eu-west-3\r\nContent-Length: 0\r\n\r\n");
      return refusal(400, "AuthorizationHeaderMalformed", "<Region>eu-west-3</Region>");
    }));
    const auto client = client_of(options_for(server));
    if (by_header) {
      CHECK(client->head({"bucket", "key"})->size == 5);
      CHECK(client->head({"bucket", "other"})->size == 5);
      CHECK(regions == std::vector<std::string>{"us-east-1", "eu-west-3", "eu-west-3"});
    } else {
      CHECK(client->remove({"bucket", "key"}).ok());
      CHECK(regions == std::vector<std::string>{"us-east-1", "eu-west-3"});
    }
  }
}

TEST_CASE("A store that names the region we use is not asked again", "[s3]") {
  std::atomic<int> asked{0};
  ScriptServer server(ScriptServer::answering([&](const Seen&) {
    ++asked;
    return std::string("HTTP/1.1 301 Moved\r\nx-amz-bucket-region: us-east-1\r\nContent-Length: 0\r\n\r\n");
  }));
  CHECK(client_of(options_for(server))->head({"bucket", "key"}).error().http_status == 301);
  CHECK(asked == 1);
}

TEST_CASE("A store that sends us from region to region for ever is left", "[s3]") {
  std::atomic<int> asked{0};
  ScriptServer server(ScriptServer::answering([&](const Seen&) {
    return fmt::format("HTTP/1.1 301 Moved\r\nx-amz-bucket-region: r-{}\r\nContent-Length: 0\r\n\r\n", ++asked);
  }));
  const auto client = client_of(options_for(server));
  CHECK(client->head({"bucket", "key"}).error().http_status == 301);
  CHECK(asked == 4);
}

TEST_CASE("A redirect elsewhere is not followed: no signature and no byte goes there", "[s3]") {
  std::atomic<int> stolen{0};
  ScriptServer thief(ScriptServer::answering([&](const Seen&) {
    ++stolen;
    return head_reply(1);
  }));
  ScriptServer server(ScriptServer::answering([&](const Seen&) {
    return "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + thief.url("/bucket/key") + "\r\nContent-Length: 0\r\n\r\n";
  }));
  const auto info = client_of(options_for(server))->head({"bucket", "key"});
  CHECK(info.error().kind == Kind::protocol);
  CHECK(info.error().http_status == 307);
  CHECK(info.error().advice.find("region") != std::string::npos);
  CHECK(stolen == 0);
}

TEST_CASE("A clock that differs is corrected by the store's", "[s3]") {
  std::vector<std::string> dates;
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    dates.push_back(seen.header("x-amz-date"));
    if (dates.size() == 1) return refusal(403, "RequestTimeTooSkewed", "", "Date: Mon, 01 Jan 2035 10:00:00 GMT\r\n");
    return reply_of(204, "");
  }));
  const auto client = client_of(options_for(server));
  CHECK(client->remove({"bucket", "key"}).ok());
  REQUIRE(dates.size() == 2);
  CHECK_FALSE(dates[0].starts_with("2035"));
  CHECK(dates[1].starts_with("20350101T1000"));
}

TEST_CASE("A listing whose pages come round again is a protocol error", "[s3]") {
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    if (seen.target().find("uploadId") != std::string::npos) {
      return reply_of(200,
                      "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>1</NextPartNumberMarker></"
                      "ListPartsResult>");
    }
    return reply_of(200,
                    "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</"
                    "NextContinuationToken></ListBucketResult>");
  }));
  const auto client = client_of(options_for(server));
  const auto first = client->list("bucket", {});
  REQUIRE(first.ok());
  ListOptions again;
  again.token = first->next_token;
  CHECK(client->list("bucket", again).error().kind == Kind::protocol);
  const auto target = s3_target(client, {"bucket", "key"});
  CHECK(test::list_parts(*target, "id").error().kind == Kind::protocol);
}

TEST_CASE("Unfinished uploads are listed page by page, and a page that comes again is a protocol error", "[s3]") {
  std::vector<std::string> asked;
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    asked.push_back(seen.target());
    return reply_of(200, fmt::format("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a b</"
                                     "NextKeyMarker><NextUploadIdMarker>{0}</NextUploadIdMarker><Upload><Key>a b</Key>"
                                     "<UploadId>{0}</UploadId></Upload></ListMultipartUploadsResult>",
                                     std::min<std::size_t>(asked.size(), 2)));
  }));
  const auto store = s3_store(client_of(options_for(server)), "bucket");
  const auto first = store->open_uploads("a", "");
  REQUIRE(first.ok());
  CHECK(first->uploads.at(0).id == "1");
  const auto second = store->open_uploads("a", first->next_token);
  REQUIRE(second.ok());
  CHECK(second->uploads.at(0).id == "2");
  REQUIRE(asked.size() == 2);
  CHECK(asked[1].find("key-marker=a%20b") != std::string::npos);
  CHECK(asked[1].find("upload-id-marker=1") != std::string::npos);
  CHECK(store->open_uploads("a", second->next_token).error().kind == Kind::protocol);
}

TEST_CASE("The unfinished uploads of a target are those to its very key, of all pages, with the store's clock",
          "[s3]") {
  std::vector<std::string> asked;
  bool again = false;
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    asked.push_back(seen.target());
    const std::size_t page = again ? 1 : asked.size();
    const auto upload = [&](const char* key) {
      return fmt::format(
          "<Upload><Key>{}</Key><UploadId>{}{}</UploadId><Initiated>2026-01-01T00:00:0{}.500Z</Initiated>"
          "</Upload>",
          key, key, page, page);
    };
    return reply_of(
        200,
        fmt::format("<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>{}</IsTruncated>"
                    "<NextKeyMarker>a%20b</NextKeyMarker><NextUploadIdMarker>{}</NextUploadIdMarker>{}{}</"
                    "ListMultipartUploadsResult>",
                    page < 3, page, upload("a%20b"), upload("a%20bc")),
        "Date: Thu, 01 Jan 2026 00:01:00 GMT\r\n");
  }));
  const auto target = s3_target(client_of(options_for(server)), {"bucket", "a b"});
  REQUIRE(target->tells_open_uploads());
  const auto here = test::open_uploads(*target);
  INFO(here.status().message());
  REQUIRE(here.ok());
  CHECK(here->now_unix == 1'767'225'660);
  REQUIRE(here->uploads.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(here->uploads[i].key == "a b");
    CHECK(here->uploads[i].id == "a%20b" + std::to_string(i + 1));
    CHECK(here->uploads[i].begun_unix == 1'767'225'601 + static_cast<std::int64_t>(i));
  }
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].find("prefix=a%20b") != std::string::npos);
  CHECK(asked[2].find("upload-id-marker=2") != std::string::npos);
  again = true;
  CHECK(test::open_uploads(*target).error().kind == Kind::protocol);
}

TEST_CASE("Nothing is sent without keys", "[s3]") {
  std::atomic<int> asked{0};
  ScriptServer server(ScriptServer::answering([&](const Seen&) {
    ++asked;
    return head_reply(1);
  }));
  class None : public CredentialsProvider {
    Result<Credentials> get() override {
      return Status(Kind::unsupported, "profile \"x\" needs sso_session, unsupported");
    }
  };
  S3Options options = options_for(server);
  options.credentials = std::make_shared<None>();
  const auto info = client_of(options)->head({"bucket", "key"});
  CHECK(info.status().message() == "cannot look at s3://bucket/key: profile \"x\" needs sso_session, unsupported");
  CHECK(asked == 0);
}

TEST_CASE("An answer without ETag or length is not believed", "[s3]") {
  ScriptServer server(ScriptServer::answering([&](const Seen&) { return reply_of(200, ""); }));
  const auto client = client_of(options_for(server));
  CHECK(client->head({"bucket", "key"}).error().kind == Kind::protocol);
  const auto target = s3_target(client, {"bucket", "key"});
  for (const Status& status : {test::put_part(*target, "id", test::memory_part("x")).status(),
                               test::put_whole(*target, test::memory_part("x")).status(), test::begin(*target).status(),
                               test::commit(*target, "id", {}, {}).status(), test::inspect(*target).status()}) {
    CHECK(status.kind() == Kind::protocol);
    CHECK(status.retry() == Retry::transient);
  }
}

TEST_CASE("A checksum of the store's that is not ours is corrupt, one of another kind is none", "[s3]") {
  std::string theirs;
  ScriptServer server(ScriptServer::answering([&](const Seen&) {
    return reply_of(200, "", std::string(kHead) + "x-amz-checksum-crc64nvme: " + theirs + "\r\n");
  }));
  const auto target = s3_target(client_of(options_for(server)), {"bucket", "key"});
  theirs = "rosUhgp5mIg=";
  CHECK(test::put_part(*target, "id", test::memory_part("123456789"))->checksum == theirs);
  CHECK(test::put_part(*target, "id", test::memory_part("12345678")).error().kind == Kind::corrupt);
  CHECK(test::put_whole(*target, test::memory_part("12345678")).error().retry == Retry::transient);
  theirs = "y/Q5Jg==";  // a CRC32 under that name
  const auto stored = test::put_whole(*target, test::memory_part("123456789"));
  REQUIRE(stored.ok());
  CHECK_FALSE(stored->crc64nvme);
}

TEST_CASE("Dropping the last client on the HTTP thread does not hang", "[s3]") {
  ScriptServer server(ScriptServer::answering([&](const Seen&) { return reply_of(500, ""); }));
  for (int i = 0; i < 20; ++i) {
    auto target = s3_target(client_of(options_for(server)), {"bucket", "key"});
    std::promise<void> promise;
    auto answered = promise.get_future();
    target->begin([&promise](Result<std::string>) { promise.set_value(); });
    target.reset();
    REQUIRE(answered.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  }
}

}  // namespace weir::s3
