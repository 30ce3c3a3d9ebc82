// Roles for the token of a web identity, which something else keeps fresh in a file (Kubernetes, CI).
#include "net/small_file.hpp"
#include "net/sts.hpp"
#include "net/text.hpp"

namespace weir::net {
namespace {

class WebIdentity : public KeySource {
 public:
  WebIdentity(StsPlace place, std::string role, std::string session, std::string token_file)
      : place_(std::move(place)),
        role_(std::move(role)),
        session_(std::move(session)),
        token_file_(std::move(token_file)) {}

  std::string identity() const override {
    return fmt::format("web identity\n{}\n{}\n{}\n{}\n{}\n{}", place_.url, place_.region, place_.http.ca_bundle, role_,
                       session_, token_file_);
  }

  Result<TimedCredentials> fetch() override {
    WEIR_ASSIGN(const auto token, read_small_file(token_file_, "web identity's token file"));
    if (!token) {
      return Status(Kind::access_denied, fmt::format("the web identity's token file {} is not there", token_file_));
    }
    return call_sts(place_,
                    {{"Action", "AssumeRoleWithWebIdentity"},
                     {"RoleArn", role_},
                     {"RoleSessionName", session_.empty() ? session_name() : session_},
                     {"WebIdentityToken", *token}},
                    nullptr);
  }

 private:
  const StsPlace place_;
  const std::string role_, session_, token_file_;
};

}  // namespace

Found web_identity_source(const AwsConfig& config, const std::string& profile, bool environment_too) {
  const ProfileSettings& settings = config.settings_of(profile);
  const auto value = [&](const char* variable, const char* setting) {
    std::string found = environment_too ? environment({variable}) : std::string();
    if (!found.empty()) return found;
    const auto set = settings.find(setting);
    return set == settings.end() ? std::string() : set->second;
  };
  const std::string token_file = value("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (token_file.empty()) return std::shared_ptr<KeySource>();
  const std::string role = value("AWS_ROLE_ARN", "role_arn");
  if (role.empty()) {
    return Status(Kind::invalid_argument,
                  fmt::format("there is a web identity's token file, but neither AWS_ROLE_ARN nor role_arn of profile "
                              "\"{}\" says for which role",
                              profile));
  }
  WEIR_ASSIGN(StsPlace place, sts_place(config));
  return std::shared_ptr<KeySource>(std::make_shared<WebIdentity>(
      std::move(place), role, value("AWS_ROLE_SESSION_NAME", "role_session_name"), token_file));
}

}  // namespace weir::net
