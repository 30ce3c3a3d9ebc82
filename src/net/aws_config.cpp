#include "net/aws_config.hpp"

#include "net/text.hpp"

namespace weir::net {
namespace {

std::string value_of(const ProfileSettings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

Status AwsConfig::check_profile() const {
  if (!profile_named || files.profiles.count(profile) != 0) return {};
  return Status(Kind::access_denied, fmt::format("there is no profile \"{}\" in the AWS profile files", profile));
}

const ProfileSettings& AwsConfig::settings_of(const std::string& name) const {
  static const ProfileSettings kNone;
  const auto found = files.profiles.find(name);
  return found == files.profiles.end() ? kNone : found->second;
}

std::string AwsConfig::setting(const std::string& name) const { return value_of(settings(), name); }

std::string AwsConfig::setting(const char* variable, const std::string& name) const {
  std::string value = environment({variable});
  return value.empty() ? setting(name) : value;
}

Result<std::string> AwsConfig::endpoint_url(const std::string& service) const {
  if (lower(setting("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")) == "true") {
    return std::string();
  }
  const std::string variable = "AWS_ENDPOINT_URL_" + upper(service);
  if (std::string url = environment({variable.c_str(), "AWS_ENDPOINT_URL"}); !url.empty()) return url;
  if (const std::string section = setting("services"); !section.empty()) {
    const auto found = files.services.find(section);
    if (found == files.services.end()) {
      return Status(Kind::invalid_argument,
                    fmt::format("profile \"{}\" names services \"{}\", but the AWS config file has no such section",
                                profile, section));
    }
    if (std::string url = value_of(found->second, service + ".endpoint_url"); !url.empty()) return url;
  }
  return setting("endpoint_url");
}

ClientOptions AwsConfig::http() const {
  ClientOptions options;
  options.ca_bundle = ca_bundle;
  return options;
}

std::string named_profile(const CredentialsSearch& search) {
  return search.profile.empty() ? environment({"AWS_DEFAULT_PROFILE", "AWS_PROFILE"}) : search.profile;
}

Result<AwsConfig> load_aws_config(const CredentialsSearch& search) {
  AwsConfig config;
  WEIR_ASSIGN(config.files, load_aws_files());
  config.profile_given = !search.profile.empty();
  config.profile = named_profile(search);
  config.profile_named = !config.profile.empty();
  if (!config.profile_named) config.profile = "default";
  config.region = search.region.empty() ? environment({"AWS_REGION", "AWS_DEFAULT_REGION"}) : search.region;
  if (config.region.empty()) config.region = config.setting("region");
  config.ca_bundle = search.ca_bundle.empty() ? config.setting("AWS_CA_BUNDLE", "ca_bundle") : search.ca_bundle;
  return config;
}

std::string dns_suffix(const std::string& region) {
  constexpr std::pair<std::string_view, const char*> kPartitions[] = {
      {"cn-", "amazonaws.com.cn"},    {"us-iso-", "c2s.ic.gov"},      {"us-isob-", "sc2s.sgov.gov"},
      {"us-isof-", "csp.hci.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"}, {"eusc-", "amazonaws.eu"},
  };
  for (const auto& [prefix, suffix] : kPartitions) {
    if (region.starts_with(prefix)) return suffix;
  }
  return "amazonaws.com";
}

}  // namespace weir::net
