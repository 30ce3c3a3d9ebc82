#include "weir/net/credentials.hpp"

#include <catch2/catch.hpp>

#include "net/aws_config.hpp"
#include "net/credentials_tools.hpp"
#include "platform/platform.hpp"

namespace weir {

using test::Environment;
using Files = test::Home;

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

TEST_CASE("Keys of one file are never completed from the other", "[credentials]") {
  Files files;
  files.config("[default]\naws_session_token = other\naws_secret_access_key = other\n");
  files.credentials("[default]\naws_access_key_id = AKIA\naws_secret_access_key = S\n");
  CHECK(default_credentials()->get()->session_token.empty());
  files.credentials("[default]\naws_access_key_id = AKIA\n");
  CHECK(default_credentials()->get().error().cause == "profile \"default\" has no aws_secret_access_key");
}

TEST_CASE("A profile that needs what we cannot do says so, and is never anonymous", "[credentials]") {
  Files files;
  files.config(
      "[profile x]\nlogin_session = whatever\n[profile y]\nrole_arn = a\nsource_profile = x\nmfa_serial = b\n"
      "[profile z]\nrole_arn = a\nsource_profile = x\n");
  const auto login = default_credentials("x")->get();
  CHECK(login.error().kind == Kind::unsupported);
  CHECK(login.error().cause ==
        "profile \"x\" needs the session of `aws login` (login_session), which weir does not do");
  const auto mfa = default_credentials("y")->get();
  CHECK(mfa.error().kind == Kind::unsupported);
  CHECK(mfa.error().cause == "profile \"y\" needs a code of an MFA device (mfa_serial), which weir does not do");
  CHECK(default_credentials("z")->get().error().kind == Kind::unsupported);
  Environment old("AWS_CREDENTIAL_FILE", "/old");
  CHECK(default_credentials()->get().error().kind == Kind::unsupported);
}

TEST_CASE("Without any credentials the error says where to put them", "[credentials]") {
  Files files;
  const auto none = default_credentials()->get();
  CHECK(none.error().kind == Kind::access_denied);
  CHECK(none.error().cause == "there are no credentials: neither AWS_ACCESS_KEY_ID nor profile \"default\" is set");
  CHECK(none.error().advice.find("--no-sign-request") != std::string::npos);
  CHECK(default_credentials("gone")->get().error().cause == "there is no profile \"gone\" in the AWS profile files");
  files.credentials("[half]\naws_access_key_id = AKIA\n");
  CHECK(default_credentials("half")->get().error().cause == "profile \"half\" has no aws_secret_access_key");
  Environment web("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token");
  CHECK(default_credentials()->get().error().cause.find("neither AWS_ROLE_ARN nor role_arn") != std::string::npos);
}

TEST_CASE("Endpoints come from the service's variable, the general one, services, the profile", "[credentials]") {
  Files files;
  files.config(
      "[profile x]\r\nservices = dev\r\nendpoint_url = http://p\r\n[services dev]\r\nsts =\r\n  endpoint_url = "
      "http://s");
  const auto sts = [] { return *net::load_aws_config({"x", {}, {}})->endpoint_url("sts"); };
  CHECK(sts() == "http://s");
  CHECK(*net::load_aws_config({"x", {}, {}})->endpoint_url("s3") == "http://p");
  Environment general("AWS_ENDPOINT_URL", "http://g");
  CHECK(sts() == "http://g");
  Environment own("AWS_ENDPOINT_URL_STS", "http://o");
  CHECK(sts() == "http://o");
  Environment ignored("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  CHECK(sts().empty());
}

}  // namespace weir
