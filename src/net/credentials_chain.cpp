// The order in which ways to get keys are looked for: that of the AWS tools.
#include "net/credentials_source.hpp"
#include "net/text.hpp"

namespace weir::net {
namespace {

std::string no_keys(const AwsConfig& config) {
  return config.profile_named
             ? fmt::format("profile \"{}\" gives no credentials", config.profile)
             : fmt::format("there are no credentials: neither AWS_ACCESS_KEY_ID nor profile \"{}\" is set",
                           config.profile);
}

/// The last of the search: what nobody configures, but may be there.
class LastResort : public KeySource {
 public:
  LastResort(std::shared_ptr<KeySource> instance, std::string otherwise)
      : instance_(std::move(instance)), otherwise_(std::move(otherwise)) {}
  std::string identity() const override {
    return "last\n" + otherwise_ + (instance_ ? "\n" + instance_->identity() : "");
  }
  Result<TimedCredentials> fetch() override {
    Status nothing(Kind::access_denied, otherwise_);
    if (instance_) {
      auto keys = instance_->fetch();
      if (keys) return keys;
      // Where there is no such service it will not be there in a moment either.
      const Retry retry = keys.error().kind == Kind::unavailable ? keys.error().retry : Retry::never;
      nothing = Status(Kind::access_denied, otherwise_ + "; " + keys.error().cause).with(retry);
    }
    return std::move(nothing).advise(
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/credentials. For what anyone may "
        "read, ask for requests without keys (--no-sign-request).");
  }

 private:
  const std::shared_ptr<KeySource> instance_;
  const std::string otherwise_;
};

}  // namespace

Status unsupported_way(const std::string& profile, const std::string& way) {
  return Status(Kind::unsupported, fmt::format("profile \"{}\" needs {}, which weir does not do", profile, way))
      .advise(
          "Export AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN instead, for instance with "
          "`aws configure export-credentials --format env`.");
}

Status bad_profile(const std::string& profile, const std::string& fault) {
  return Status(Kind::invalid_argument, fmt::format("profile \"{}\" {}", profile, fault));
}

Found profile_source(const AwsConfig& config, const std::string& profile, bool environment_too) {
  WEIR_ASSIGN(auto web_identity, web_identity_source(config, profile, environment_too));
  if (web_identity) return web_identity;
  WEIR_ASSIGN(auto sso, sso_source(config, profile));
  if (sso) return sso;
  WEIR_ASSIGN(auto credentials_file, stored_source(config.files.credentials, profile));
  if (credentials_file) return credentials_file;
  if (config.settings_of(profile).count("login_session") != 0) {
    return unsupported_way(profile, "the session of `aws login` (login_session)");
  }
  WEIR_ASSIGN(auto process, process_source(config, profile));
  if (process) return process;
  return stored_source(config.files.config, profile);
}

Found find_source(const AwsConfig& config) {
  WEIR_TRY(config.check_profile());
  if (!config.profile_given) {
    WEIR_ASSIGN(auto environment_keys, environment_source());
    if (environment_keys) return environment_keys;
  }
  WEIR_ASSIGN(auto role, role_source(config, config.profile));
  if (role) return role;
  WEIR_ASSIGN(auto profile, profile_source(config, config.profile, !config.profile_given));
  if (profile) return profile;
  if (!environment({"AWS_CREDENTIAL_FILE"}).empty()) {
    return Status(Kind::unsupported, "AWS_CREDENTIAL_FILE names a file of a form that weir does not read")
        .advise("Put its keys into ~/.aws/credentials.");
  }
  WEIR_ASSIGN(auto container, container_source(config));
  if (container) return container;
  WEIR_ASSIGN(auto instance, instance_source(config));
  return std::shared_ptr<KeySource>(std::make_shared<LastResort>(std::move(instance), no_keys(config)));
}

}  // namespace weir::net
