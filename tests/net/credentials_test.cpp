#include "weir/net/credentials.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "net/aws_profile.hpp"
#include "platform/platform.hpp"

namespace weir {
namespace {

/// Sets a variable of the environment for one test.
class Environment {
 public:
  Environment(std::string name, const char* value) : name_(std::move(name)) {
    if (const char* before = ::getenv(name_.c_str())) before_ = before;
    value == nullptr ? ::unsetenv(name_.c_str()) : ::setenv(name_.c_str(), value, 1);
  }
  ~Environment() { before_ ? ::setenv(name_.c_str(), before_->c_str(), 1) : ::unsetenv(name_.c_str()); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::string name_;
  std::optional<std::string> before_;
};

/// An environment that knows nothing of AWS but two files.
class Files {
 public:
  Files() {
    char name[] = "/tmp/weir-credentials-XXXXXX";
    folder_ = ::mkdtemp(name);
    config_.emplace("AWS_CONFIG_FILE", (folder_ / "config").c_str());
    credentials_.emplace("AWS_SHARED_CREDENTIALS_FILE", (folder_ / "credentials").c_str());
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  void config(const std::string& text) { std::ofstream(folder_ / "config") << text; }
  void credentials(const std::string& text) { std::ofstream(folder_ / "credentials") << text; }

 private:
  std::filesystem::path folder_;
  Environment id_{"AWS_ACCESS_KEY_ID", nullptr};
  Environment secret_{"AWS_SECRET_ACCESS_KEY", nullptr};
  Environment token_{"AWS_SESSION_TOKEN", nullptr};
  Environment profile_{"AWS_PROFILE", nullptr};
  Environment web_{"AWS_WEB_IDENTITY_TOKEN_FILE", nullptr};
  std::optional<Environment> config_;
  std::optional<Environment> credentials_;
};

}  // namespace

TEST_CASE("Credentials of the environment come first and are read anew each time", "[credentials]") {
  Files files;
  files.credentials("[default]\naws_access_key_id=file\naws_secret_access_key=s\n");
  const auto provider = default_credentials();
  CHECK(provider->get()->access_key_id == "file");
  Environment id("AWS_ACCESS_KEY_ID", "env");
  Environment secret("AWS_SECRET_ACCESS_KEY", "secret");
  Environment token("AWS_SESSION_TOKEN", "token");
  REQUIRE(provider->get().ok());
  CHECK(provider->get()->access_key_id == "env");
  CHECK(provider->get()->session_token == "token");
  CHECK(default_credentials("default")->get()->access_key_id == "file");
}

TEST_CASE("Half of a pair in the environment is an error that names the missing half", "[credentials]") {
  Files files;
  Environment id("AWS_ACCESS_KEY_ID", "env");
  const auto credentials = default_credentials()->get();
  CHECK(credentials.error().kind == Kind::access_denied);
  CHECK(credentials.error().cause == "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
}

TEST_CASE("A profile file may have a BOM, CRLF, no last newline, nested and repeated sections", "[credentials]") {
  const auto file = net::parse_profile_file(
      "\xEF\xBB\xBF; made by an editor\r\n[default]\r\nregion = eu-west-1 # here\r\ns3 =\r\n  addressing_style = "
      "path\r\n"
      "  max_concurrent_requests=20\r\n[ profile \"a b\" ]\r\nregion=x\r\n[default]\r\nregion=eu-west-2\r\noutput=json",
      "config");
  REQUIRE(file.ok());
  CHECK(file->at("default").at("region") == "eu-west-2");
  CHECK(file->at("default").at("s3.addressing_style") == "path");
  CHECK(file->at("default").at("s3.max_concurrent_requests") == "20");
  CHECK(file->at("default").at("output") == "json");
  CHECK(file->at("profile a b").at("region") == "x");
}

TEST_CASE("A line that is no setting is named by number, not by text", "[credentials]") {
  for (const char* text : {"[default]\nsecret-without-equals\n", "secret = before any section", "[open\n", "[]\n"}) {
    const auto file = net::parse_profile_file(text, "/home/me/.aws/config");
    REQUIRE_FALSE(file.ok());
    CHECK(file.status().message().find("/home/me/.aws/config") != std::string::npos);
    CHECK(file.status().message().find("secret") == std::string::npos);
  }
}

TEST_CASE("The credentials file wins over the config file, and both make one profile", "[credentials]") {
  Files files;
  files.config("[default]\nregion=r0\n[profile prod]\nregion = eu-central-1\naws_access_key_id = old\n");
  files.credentials("[prod]\naws_access_key_id = AKIA\naws_secret_access_key = se/cr+et=");
  const auto credentials = default_credentials("prod")->get();
  REQUIRE(credentials.ok());
  CHECK(credentials->access_key_id == "AKIA");
  CHECK(credentials->secret_access_key == "se/cr+et=");
  CHECK(*profile_setting("prod", "region") == "eu-central-1");
  Environment profile("AWS_PROFILE", "prod");
  CHECK(default_credentials()->get()->access_key_id == "AKIA");
  CHECK(*profile_setting("", "region") == "eu-central-1");
}

TEST_CASE("A profile file of any length is read whole, and a small one in a small buffer", "[credentials]") {
  static std::size_t largest_read = 0;
  Files files;
  files.config("[default]\nregion = r1\n");
  platform::Calls watched = platform::real_calls();
  watched.read = [](int fd, void* into, std::size_t count) {
    largest_read = std::max(largest_read, count);
    return platform::real_calls().read(fd, into, count);
  };
  platform::set_platform(&watched);
  const auto region = profile_setting("", "region");
  platform::set_platform(nullptr);
  CHECK(*region == "r1");
  CHECK(largest_read > 0);
  CHECK(largest_read <= 64 * 1024);
  files.config(std::string(300000, '\n') + "[default]\nregion = r2\n");
  CHECK(*profile_setting("", "region") == "r2");
  files.config(std::string(1100000, '\n'));
  CHECK(profile_setting("", "region").status().kind() == Kind::limit);
}

TEST_CASE("A profile that needs what we cannot do says so, and is never anonymous", "[credentials]") {
  Files files;
  for (const std::string setting :
       {"sso_session", "sso_start_url", "credential_process", "role_arn", "web_identity_token_file", "login_session"}) {
    files.config("[profile x]\n" + setting + " = whatever\n");
    const auto credentials = default_credentials("x")->get();
    CHECK(credentials.error().kind == Kind::unsupported);
    CHECK(credentials.error().cause == "profile \"x\" needs " + setting + ", unsupported");
  }
}

TEST_CASE("Without any credentials the error says where to put them", "[credentials]") {
  Files files;
  CHECK(default_credentials()->get().error().kind == Kind::access_denied);
  CHECK(default_credentials("gone")->get().error().cause == "there is no profile \"gone\" in the AWS profile files");
  files.credentials("[half]\naws_access_key_id = AKIA\n");
  CHECK(default_credentials("half")->get().error().cause == "profile \"half\" has no aws_secret_access_key");
  Environment web("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token");
  CHECK(default_credentials()->get().error().kind == Kind::unsupported);
}

}  // namespace weir
