#include "weir/net/credentials.hpp"

#include "net/aws_profile.hpp"
#include "net/text.hpp"

namespace weir {
namespace {

std::string profile_name(const std::string& given) {
  if (!given.empty()) return given;
  const std::string named = net::environment({"AWS_PROFILE"});
  return named.empty() ? "default" : named;
}

bool named_on_purpose(const std::string& given) { return !given.empty() || !net::environment({"AWS_PROFILE"}).empty(); }

class StaticCredentials : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<Credentials> get() override { return credentials_; }

 private:
  const Credentials credentials_;
};

Status unsupported(const std::string& who, const std::string& needs) {
  return Status(Kind::unsupported, fmt::format("{} needs {}, unsupported", who, needs))
      .advise(
          "Export AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN instead, for instance with "
          "`aws configure export-credentials --format env`.");
}

/// How a profile gets keys that we cannot; empty where it does not ask for that. The order is that of the AWS tools:
/// these come before the profile's own keys, credential_process after them.
std::string foreign_way(const std::map<std::string, std::string>& settings, bool has_keys) {
  for (const char* setting :
       {"role_arn", "web_identity_token_file", "sso_session", "sso_start_url", "sso_account_id", "login_session"}) {
    if (settings.count(setting) != 0) return setting;
  }
  if (!has_keys && settings.count("credential_process") != 0) return "credential_process";
  return "";
}

std::string setting_of(const std::map<std::string, std::string>& settings, const char* name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

Status no_credentials(const std::string& given) {
  if (!net::environment({"AWS_WEB_IDENTITY_TOKEN_FILE"}).empty())
    return unsupported("the environment", "AWS_WEB_IDENTITY_TOKEN_FILE");
  for (const char* name : {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}) {
    if (!net::environment({name}).empty()) return unsupported("the environment", name);
  }
  return Status(Kind::access_denied,
                fmt::format("there are no credentials: neither AWS_ACCESS_KEY_ID nor profile \"{}\" is set",
                            profile_name(given)))
      .advise("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/credentials.");
}

Result<Credentials> from_profile(const std::string& given) {
  WEIR_ASSIGN(const net::ProfileFile profiles, net::load_profiles());
  const std::string name = profile_name(given);
  const auto found = profiles.find(name);
  if (found == profiles.end()) {
    if (!named_on_purpose(given)) return no_credentials(given);
    return Status(Kind::access_denied, fmt::format("there is no profile \"{}\" in the AWS profile files", name));
  }
  const auto& settings = found->second;
  Credentials credentials{setting_of(settings, "aws_access_key_id"), setting_of(settings, "aws_secret_access_key"),
                          setting_of(settings, "aws_session_token")};
  const bool has_keys = !credentials.access_key_id.empty() && !credentials.secret_access_key.empty();
  if (const std::string way = foreign_way(settings, has_keys); !way.empty()) {
    return unsupported(fmt::format("profile \"{}\"", name), way);
  }
  if (has_keys) return credentials;
  if (!credentials.access_key_id.empty() || !credentials.secret_access_key.empty() || named_on_purpose(given)) {
    return Status(Kind::access_denied,
                  fmt::format("profile \"{}\" has no {}", name,
                              credentials.access_key_id.empty() ? "aws_access_key_id" : "aws_secret_access_key"));
  }
  return no_credentials(given);
}

class DefaultCredentials : public CredentialsProvider {
 public:
  explicit DefaultCredentials(std::string profile) : profile_(std::move(profile)) {}

  Result<Credentials> get() override {
    if (!profile_.empty()) return from_profile(profile_);
    Credentials credentials{net::environment({"AWS_ACCESS_KEY_ID"}), net::environment({"AWS_SECRET_ACCESS_KEY"}),
                            net::environment({"AWS_SESSION_TOKEN"})};
    const bool has_id = !credentials.access_key_id.empty();
    if (has_id != !credentials.secret_access_key.empty()) {
      return Status(Kind::access_denied,
                    fmt::format("{} is set, but {} is not", has_id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                                has_id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"));
    }
    if (has_id) return credentials;
    return from_profile("");
  }

 private:
  const std::string profile_;
};

}  // namespace

std::shared_ptr<CredentialsProvider> static_credentials(Credentials credentials) {
  return std::make_shared<StaticCredentials>(std::move(credentials));
}

std::shared_ptr<CredentialsProvider> default_credentials(std::string profile) {
  return std::make_shared<DefaultCredentials>(std::move(profile));
}

Result<std::string> profile_setting(const std::string& profile, const std::string& setting) {
  WEIR_ASSIGN(const net::ProfileFile profiles, net::load_profiles());
  const auto found = profiles.find(profile_name(profile));
  return found == profiles.end() ? std::string() : setting_of(found->second, setting.c_str());
}

}  // namespace weir
