// Each way to get keys against a server whose answers are scripted: what is asked, and what a bad answer comes to. That
// the ways are found as botocore finds them is in tests/interop/credentials_botocore.py.
#include <catch2/catch.hpp>
#include <mutex>

#include "net/container_url.hpp"
#include "net/credentials_tools.hpp"
#include "net/script_server.hpp"
#include "net/shell_words.hpp"
#include "net/sts.hpp"
#include "net/time_text.hpp"
#include "weir/net/credentials.hpp"

namespace weir {
namespace {

using test::Home;
using test::reply_of;
using test::ScriptServer;
using test::Seen;

/// Answers as told, and keeps what it was asked.
struct Service {
  explicit Service(std::function<std::string(const Seen&, int)> answer)
      : server(ScriptServer::answering([this, answer](const Seen& seen) {
          std::lock_guard lock(mutex);
          seen_.push_back(seen);
          return answer(seen, static_cast<int>(seen_.size()));
        })) {}
  std::vector<Seen> seen() {
    std::lock_guard lock(mutex);
    return seen_;
  }
  std::mutex mutex;
  std::vector<Seen> seen_;
  ScriptServer server;
};

std::string sts_reply(const std::string& action, const std::string& id) {
  return reply_of(200, "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
                           "Result><Credentials><AccessKeyId>" + id +
                           "</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
                           "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></" +
                           action + "Result></" + action + "Response>");
}

std::string sts_error(const std::string& code, const std::string& words, const std::string& headers = {}) {
  return reply_of(
      403, "<ErrorResponse><Error><Code>" + code + "</Code><Message>" + words + "</Message></Error></ErrorResponse>",
      headers);
}

const char* const kKeys =
    R"({"AccessKeyId":"C","SecretAccessKey":"S","Token":"T","Expiration":"2099-01-01T00:00:00Z"})";

void role_profile(Home& home) {
  home.config("[profile x]\nregion = eu-west-1\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = b\n");
  home.credentials("[b]\naws_access_key_id = BASE\naws_secret_access_key = s\n");
}

}  // namespace

TEST_CASE("A role is assumed with signed keys of its source, once for many requests", "[credentials]") {
  Home home;
  role_profile(home);
  Service sts([](const Seen&, int) { return sts_reply("AssumeRole", "ROLE"); });
  home.set("AWS_ENDPOINT_URL_STS", sts.server.url("/base"));
  const auto provider = default_credentials("x");
  for (int i = 0; i < 3; ++i) CHECK(provider->get()->access_key_id == "ROLE");
  REQUIRE(sts.seen().size() == 1);
  const Seen seen = sts.seen()[0];
  CHECK(seen.target() == "/base");
  CHECK(seen.body.find("Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=weir-session-") ==
        0);
  CHECK(seen.body.ends_with("&Version=2011-06-15"));
  CHECK(seen.header("authorization").find("Credential=BASE/") != std::string::npos);
  CHECK(seen.header("authorization").find("/eu-west-1/sts/aws4_request") != std::string::npos);
}

TEST_CASE("A role that changes in the file is another role at the next request", "[credentials]") {
  Home home;
  role_profile(home);
  Service sts([](const Seen&, int number) { return sts_reply("AssumeRole", "R" + std::to_string(number)); });
  home.set("AWS_ENDPOINT_URL_STS", sts.server.url());
  const auto provider = default_credentials("x");
  CHECK(provider->get()->access_key_id == "R1");
  home.credentials("[b]\naws_access_key_id = OTHER\naws_secret_access_key = s\n");
  CHECK(provider->get()->access_key_id == "R2");
  provider->refused(*provider->get());
  CHECK(provider->get()->access_key_id == "R3");
}

TEST_CASE("What STS refuses is told in its own words, without keys", "[credentials]") {
  Home home;
  role_profile(home);
  Service sts([](const Seen&, int) { return sts_error("AccessDenied", "User is not\nauthorized"); });
  home.set("AWS_ENDPOINT_URL_STS", sts.server.url());
  const auto keys = default_credentials("x")->get();
  CHECK(keys.status().message() ==
        "cannot get credentials by AssumeRole: AWS STS answered 403 AccessDenied: User is not authorized");
  CHECK(sts.seen().size() == 1);
}

TEST_CASE("STS is asked again after a 503, and at once by its own clock where it blames ours", "[credentials]") {
  Home home;
  role_profile(home);
  Service sts([](const Seen& seen, int number) {
    if (number == 1) return reply_of(503, "busy");
    if (seen.header("x-amz-date") != "20300101T000000Z")
      return sts_error("SignatureDoesNotMatch", "Signature expired: 2026 is now earlier than 2030",
                       "Date: Tue, 01 Jan 2030 00:00:00 GMT\r\n");
    return sts_reply("AssumeRole", "ROLE");
  });
  home.set("AWS_ENDPOINT_URL_STS", sts.server.url());
  CHECK(default_credentials("x")->get()->access_key_id == "ROLE");
  CHECK(sts.seen().size() == 3);
}

TEST_CASE("STS that redirects, talks nonsense or never ends is an error that names it", "[credentials]") {
  Home home;
  role_profile(home);
  Service elsewhere([](const Seen&, int) { return sts_reply("AssumeRole", "STOLEN"); });
  for (const auto& [reply, words] : std::vector<std::pair<std::string, std::string>>{
           {reply_of(307, "", "Location: " + elsewhere.server.url() + "\r\n"), "AWS STS answered 307"},
           {reply_of(200, "<html>hello"), "AWS STS gave no AccessKeyId"},
           {reply_of(200, std::string(300 * 1024, 'x')), "AWS STS cannot be asked"}}) {
    Service sts([reply = reply](const Seen&, int) { return reply; });
    home.set("AWS_ENDPOINT_URL_STS", sts.server.url());
    const auto keys = default_credentials("x")->get();
    REQUIRE_FALSE(keys.ok());
    CHECK(keys.error().cause.find(words) == 0);
  }
  CHECK(elsewhere.seen().empty());
}

TEST_CASE("The endpoint of STS is the region's, of its partition, or the global one where asked for", "[credentials]") {
  Home home;
  const auto url = [](const char* region) { return net::sts_place(*net::load_aws_config({{}, region, {}}))->url; };
  CHECK(url("eu-west-1") == "https://sts.eu-west-1.amazonaws.com");
  CHECK(url("cn-north-1") == "https://sts.cn-north-1.amazonaws.com.cn");
  CHECK(url("us-iso-east-1") == "https://sts.us-iso-east-1.c2s.ic.gov");
  home.set("AWS_STS_REGIONAL_ENDPOINTS", "legacy");
  CHECK(url("eu-west-1") == "https://sts.amazonaws.com");
  CHECK(url("af-south-1") == "https://sts.af-south-1.amazonaws.com");
}

TEST_CASE("A web identity's token is read anew at each fetch and sent unsigned", "[credentials]") {
  Home home;
  Service sts([](const Seen&, int) { return sts_reply("AssumeRoleWithWebIdentity", "WEB"); });
  home.set("AWS_ENDPOINT_URL_STS", sts.server.url());
  home.set("AWS_ROLE_ARN", "r");
  home.set("AWS_ROLE_SESSION_NAME", "me");
  home.set("AWS_WEB_IDENTITY_TOKEN_FILE", home.write("token", "one.two"));
  const auto provider = default_credentials();
  CHECK(provider->get()->access_key_id == "WEB");
  home.write("token", "three");
  provider->refused(*provider->get());
  CHECK(provider->get()->access_key_id == "WEB");
  REQUIRE(sts.seen().size() == 2);
  CHECK(sts.seen()[0].body ==
        "Action=AssumeRoleWithWebIdentity&RoleArn=r&RoleSessionName=me&WebIdentityToken=one.two&Version=2011-06-15");
  CHECK(sts.seen()[0].header("authorization").empty());
  CHECK(sts.seen()[1].body.find("WebIdentityToken=three&") != std::string::npos);
}

TEST_CASE("An SSO token is refreshed and put back with what else was there, for its owner alone", "[credentials]") {
  Home home;
  home.config(
      "[profile x]\nsso_session = work\nsso_account_id = 1\nsso_role_name = r/w\n[sso-session work]\nsso_start_url = "
      "u\nsso_region = eu-west-1\n");
  // SHA-1 of "work".
  const std::string path = ".aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json";
  Service sso([](const Seen& seen, int) {
    if (seen.method() == "POST") return reply_of(200, R"({"accessToken":"new","expiresIn":28800,"refreshToken":"r2"})");
    return reply_of(
        200,
        R"({"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"S","sessionToken":"T","expiration":4070908800000}})");
  });
  home.set("AWS_ENDPOINT_URL_SSO", sso.server.url());
  home.set("AWS_ENDPOINT_URL_SSO_OIDC", sso.server.url());
  const auto missing = default_credentials("x")->get();
  CHECK(missing.error().advice == "Run `aws sso login --profile x`.");
  const std::string token =
      R"({"accessToken":"old","expiresAt":"2020-01-01T00:00:00Z","refreshToken":"r1","clientId":"c","clientSecret":"s",)"
      R"("registrationExpiresAt":"2099-01-01T00:00:00Z","kept":"so"})";
  home.write(path, token);
  REQUIRE(default_credentials("x")->get().ok());
  const auto seen = sso.seen();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].target() == "/token");
  CHECK(seen[0].body == R"({"clientId":"c","clientSecret":"s","grantType":"refresh_token","refreshToken":"r1"})");
  CHECK(seen[1].target() == "/federation/credentials?role_name=r%2Fw&account_id=1");
  CHECK(seen[1].header("x-amz-sso_bearer_token") == "new");
  const std::string kept = home.read(path);
  for (const char* part : {R"("accessToken":"new")", R"("refreshToken":"r2")", R"("kept":"so")", R"("startUrl":"u")"}) {
    CHECK(kept.find(part) != std::string::npos);
  }
  CHECK((std::filesystem::status(home.folder() / path).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("A container's keys are fetched from this machine or a container's endpoint only", "[credentials]") {
  for (const char* url :
       {"http://127.0.0.1:1/x", "http://127.9.9.9/", "http://localhost/x?y=1", "http://[::1]:80/",
        "http://169.254.170.2/", "http://169.254.170.23/v1", "http://[fd00:ec2::23]/", "https://example.com/"}) {
    CHECK(net::container_url("", url).ok());
  }
  for (const char* url :
       {"http://example.com/", "http://127.0.0.1.example.com/", "http://169.254.169.254/", "http://10.0.0.1/",
        "ftp://127.0.0.1/", "http://127.0.0.1@example.com/", "http://localhost.example.com/", "nonsense"}) {
    CHECK_FALSE(net::container_url("", url).ok());
  }
  CHECK(*net::container_url("/v2/credentials/1", "http://other") == "http://169.254.170.2/v2/credentials/1");
  CHECK_FALSE(net::container_url("@evil.example/", "").ok());
  CHECK_FALSE(net::container_url(".evil.example/", "").ok());
}

TEST_CASE("A container's token comes from its file, at each fetch, and goes through no proxy", "[credentials]") {
  Home home;
  Service container([](const Seen&, int) { return reply_of(200, kKeys); });
  home.set("http_proxy", "http://127.0.0.1:9");
  home.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.server.url("/keys"));
  home.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", home.write("t", "Bearer x"));
  const auto provider = default_credentials();
  CHECK(provider->get()->access_key_id == "C");
  CHECK(container.seen().at(0).header("authorization") == "Bearer x");
  home.write("t", "two\r\nlines");
  provider->refused(*provider->get());
  CHECK(provider->get().error().cause == "the container's token has a line break, which no header can hold");
}

TEST_CASE("A container's endpoint that refuses or gives no keys is told apart from none", "[credentials]") {
  Home home;
  for (const auto& [reply, words] : std::vector<std::pair<std::string, std::string>>{
           {reply_of(401, R"({"code":"Nope","message":"go\u001b away"})"),
            "the container's endpoint answered 401 Nope: go  away"},
           {reply_of(200, R"({"AccessKeyId":"C"})"), "the container's endpoint gave no SecretAccessKey"},
           {reply_of(200, "[1]"), "the 3 bytes that the container's endpoint gave are no JSON object"}}) {
    Service container([reply = reply](const Seen&, int) { return reply; });
    home.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.server.url("/keys"));
    CHECK(default_credentials()->get().error().cause == words);
  }
}

TEST_CASE("An instance's keys come by a session of version 2, and a silent service costs seconds at most",
          "[credentials]") {
  Home home;
  home.set("AWS_EC2_METADATA_DISABLED", "false");
  Service instance([](const Seen& seen, int) {
    if (seen.method() == "PUT") return reply_of(200, "token==");
    if (seen.header("x-aws-ec2-metadata-token") != "token==") return reply_of(401);
    return reply_of(200, seen.target().ends_with('/') ? "my role" : kKeys);
  });
  home.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.server.url());
  CHECK(default_credentials()->get()->access_key_id == "C");
  REQUIRE(instance.seen().size() == 3);
  CHECK(instance.seen()[0].target() == "/latest/api/token");
  CHECK(instance.seen()[0].header("x-aws-ec2-metadata-token-ttl-seconds") == "21600");
  CHECK(instance.seen()[2].target() == "/latest/meta-data/iam/security-credentials/my%20role");

  ScriptServer silent([](test::Peer& peer, int) { peer.sees_close(std::chrono::seconds(10)); });
  home.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", silent.url());
  const auto start = std::chrono::steady_clock::now();
  const auto keys = default_credentials()->get();
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  CHECK(keys.error().kind == Kind::access_denied);
  CHECK(keys.error().retry == Retry::never);
  CHECK(
      keys.error().cause.find("there are no credentials: neither AWS_ACCESS_KEY_ID nor profile \"default\" is set; the "
                              "instance's metadata service") == 0);
}

TEST_CASE("Old keys of an instance whose service cannot make new ones are used further", "[credentials]") {
  Home home;
  home.set("AWS_EC2_METADATA_DISABLED", "false");
  Service instance([](const Seen& seen, int) {
    if (seen.method() == "PUT") return reply_of(200, "token==");
    return reply_of(
        200, seen.target().ends_with('/')
                 ? "role"
                 : R"({"AccessKeyId":"OLD","SecretAccessKey":"S","Token":"T","Expiration":"2020-01-01T00:00:00Z"})");
  });
  home.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.server.url());
  CHECK(default_credentials()->get()->access_key_id == "OLD");
}

TEST_CASE("A process is run without a shell and without our input, and its failure is told by what it said",
          "[credentials]") {
  Home home;
  const std::string script =
      home.write("keys.sh",
                 "printf x >> \"$HOME/runs\"\n"
                 "test -z \"$(cat)\" || exit 9\n"
                 "test \"$1\" = fail && { echo 'vault: locked' >&2; echo secret; exit 3; }\n"
                 "echo '{\"Version\":1,\"AccessKeyId\":\"'\"$1\"'\",\"SecretAccessKey\":\"S\"}'\n");
  home.config("[profile a]\ncredential_process = sh " + script + " '$HOME # x'\n[profile f]\ncredential_process = sh " +
              script + " fail\n[profile g]\ncredential_process = /no/such\n");
  const auto provider = default_credentials("a");
  CHECK(provider->get()->access_key_id == "$HOME # x");
  CHECK(provider->get().ok());
  CHECK(home.read("runs") == "x");
  const auto failed = default_credentials("f")->get();
  CHECK(failed.error().cause == "the credential_process of profile \"f\" ended with 3: vault: locked");
  CHECK(default_credentials("g")->get().error().cause.find("No such file or directory") != std::string::npos);
}

TEST_CASE("Command lines are split as a shell would, and no further", "[credentials]") {
  using Words = std::vector<std::string>;
  CHECK(*net::shell_words(R"(a 'b c'  "d \"e\" \x" f\ g ''h "")") == Words{"a", "b c", "d \"e\" \\x", "f g", "h", ""});
  CHECK(*net::shell_words("a $HOME `b` | c; d # e") == Words{"a", "$HOME", "`b`", "|", "c;", "d", "#", "e"});
  CHECK(net::shell_words("  ")->empty());
  CHECK_FALSE(net::shell_words("a 'b").ok());
  CHECK_FALSE(net::shell_words("a \\").ok());
}

TEST_CASE("Times of services are read in each of their forms", "[credentials]") {
  for (const char* text : {"2026-11-24T12:00:01Z", "2026-11-24T12:00:01.000Z", "2026-11-24 12:00:01+00:00",
                           "2026-11-24T13:00:01+0100", "2026-11-24T12:00:01UTC", "2026-11-24T12:00:01"}) {
    CHECK(net::parse_iso_time(text) == 1795521601000);
  }
  CHECK(net::parse_iso_time("2026-11-24T12:00:01.25Z") == 1795521601250);
  for (const char* text :
       {"", "soon", "2026-11-24", "2026-13-24T12:00:01Z", "2026-11-24T12:00:01X", "2026-11-24T12:00:01+1"}) {
    CHECK_FALSE(net::parse_iso_time(text));
  }
  CHECK(net::iso_time(1795521601) == "2026-11-24T12:00:01Z");
}

}  // namespace weir
