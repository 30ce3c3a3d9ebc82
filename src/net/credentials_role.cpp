// Roles: role_arn with the keys of another profile, or of the environment, container or instance.
#include <algorithm>
#include <charconv>

#include "net/credentials_refresh.hpp"
#include "net/sts.hpp"

namespace weir::net {
namespace {

class Role : public KeySource {
 public:
  Role(StsPlace place, Query form, bool names_session, std::shared_ptr<KeySource> base)
      : place_(std::move(place)),
        form_(std::move(form)),
        names_session_(names_session),
        base_identity_(base->identity()),
        base_(std::move(base)) {}

  std::string identity() const override {
    return fmt::format("role\n{}\n{}\n{}\n{}\n", place_.url, place_.region, place_.http.ca_bundle,
                       canonical_query(form_)) +
           base_identity_;
  }

  Result<TimedCredentials> fetch() override {
    for (int tries = 1;; ++tries) {
      WEIR_ASSIGN(const Credentials signer, base_.get());
      Query form = form_;
      if (!names_session_) form.emplace_back("RoleSessionName", session_name());
      auto keys = call_sts(place_, form, &signer);
      if (keys || tries > 1 || !keys.error().service_code.starts_with("ExpiredToken")) return keys;
      base_.refused(signer);
    }
  }

 private:
  const StsPlace place_;
  const Query form_;
  const bool names_session_;
  const std::string base_identity_;
  Refreshing base_;
};

bool has(const ProfileSettings& settings, const char* name) { return settings.count(name) != 0; }

bool has_keys(const ProfileSettings& settings) {
  return has(settings, "aws_access_key_id") || has(settings, "aws_secret_access_key");
}

/// A role with a web identity's token is not one that other keys assume.
bool has_role(const ProfileSettings& settings) {
  return has(settings, "role_arn") && !has(settings, "web_identity_token_file");
}

Found from_credential_source(const AwsConfig& config, const std::string& profile, const std::string& name) {
  Found base = std::shared_ptr<KeySource>();
  if (name == "Environment") {
    base = environment_source();
  } else if (name == "EcsContainer") {
    base = container_source(config);
  } else if (name == "Ec2InstanceMetadata") {
    base = instance_source(config);
  } else {
    return bad_profile(profile, fmt::format("has credential_source = {}, which is none of Environment, EcsContainer "
                                            "and Ec2InstanceMetadata",
                                            name));
  }
  if (!base.ok() || *base) return base;
  return Status(
      Kind::access_denied,
      fmt::format("profile \"{}\" takes its keys from credential_source = {}, which has none", profile, name));
}

Found from_source_profile(const AwsConfig& config, const std::string& profile, const std::string& source,
                          std::vector<std::string> visited) {
  const ProfileSettings& settings = config.settings_of(source);
  if (config.files.profiles.count(source) == 0) {
    return bad_profile(profile, fmt::format("has source_profile = {}, but there is no such profile", source));
  }
  const bool again = std::find(visited.begin(), visited.end(), source) != visited.end();
  if (again && (source != profile || !has_keys(settings))) {
    return bad_profile(profile, fmt::format("has source_profile = {}, which leads round in a circle", source));
  }
  if (has_role(settings) && !has_keys(settings)) return role_source(config, source, std::move(visited));
  WEIR_ASSIGN(auto base, profile_source(config, source, false));
  if (base) return base;
  return bad_profile(profile, fmt::format("has source_profile = {}, which gives no credentials", source));
}

/// What is sent besides the name of the session.
Query form_of(const ProfileSettings& settings) {
  Query form = {{"Action", "AssumeRole"}};
  const auto add = [&](const char* name, const char* setting) {
    if (const auto found = settings.find(setting); found != settings.end()) form.emplace_back(name, found->second);
  };
  add("RoleArn", "role_arn");
  add("RoleSessionName", "role_session_name");
  add("ExternalId", "external_id");
  if (const auto found = settings.find("duration_seconds"); found != settings.end()) {
    int seconds = 0;
    const char* const end = found->second.data() + found->second.size();
    const auto [stop, error] = std::from_chars(found->second.data(), end, seconds);
    // As the AWS tools do: what is no number is left to the role's own default.
    if (error == std::errc() && stop == end) form.emplace_back("DurationSeconds", std::to_string(seconds));
  }
  return form;
}

}  // namespace

Found role_source(const AwsConfig& config, const std::string& profile, std::vector<std::string> visited) {
  const ProfileSettings& settings = config.settings_of(profile);
  if (!has_role(settings)) return std::shared_ptr<KeySource>();
  if (has(settings, "source_profile") == has(settings, "credential_source")) {
    return bad_profile(profile, has(settings, "source_profile")
                                    ? "has both source_profile and credential_source"
                                    : "has role_arn, but neither source_profile nor credential_source");
  }
  if (has(settings, "mfa_serial")) return unsupported_way(profile, "a code of an MFA device (mfa_serial)");
  visited.push_back(profile);
  Found base = has(settings, "credential_source")
                   ? from_credential_source(config, profile, settings.at("credential_source"))
                   : from_source_profile(config, profile, settings.at("source_profile"), std::move(visited));
  if (!base) return base;
  WEIR_ASSIGN(StsPlace place, sts_place(config));
  return std::shared_ptr<KeySource>(std::make_shared<Role>(std::move(place), form_of(settings),
                                                           has(settings, "role_session_name"), *std::move(base)));
}

}  // namespace weir::net
