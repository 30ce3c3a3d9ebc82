// Keys of a role for the token of a single sign-on (AWS IAM Identity Center, GetRoleCredentials).
#include "net/sso_token.hpp"
#include "net/url.hpp"

namespace weir::net {
namespace {

class Sso : public KeySource {
 public:
  Sso(SsoSession session, std::string portal_url, std::string account, std::string role)
      : session_(std::move(session)),
        portal_url_(std::move(portal_url)),
        account_(std::move(account)),
        role_(std::move(role)) {}

  std::string identity() const override {
    return fmt::format("sso\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", session_.name, session_.start_url, session_.region,
                       session_.oidc_url, session_.http.ca_bundle, portal_url_, account_, role_);
  }

  Result<TimedCredentials> fetch() override {
    WEIR_ASSIGN(const std::string token, sso_access_token(session_));
    KeyCall call;
    call.who = "the SSO portal";
    call.http = session_.http;
    call.request.url = fmt::format("{}/federation/credentials?role_name={}&account_id={}", portal_url_,
                                   percent_encode(role_), percent_encode(account_));
    call.request.headers = {{"x-amz-sso_bearer_token", token}};
    WEIR_ASSIGN(const Response response, ask(call));
    if (response.status != 200) {
      return json_refusal(call.who, response)
          .advise(fmt::format("Run `aws sso login --profile {}`, and check sso_account_id and sso_role_name.",
                              session_.profile));
    }
    WEIR_ASSIGN(const nlohmann::json answer, json_object(call.who, response.body));
    const auto keys = answer.find("roleCredentials");
    TimedCredentials timed;
    if (keys != answer.end() && keys->is_object() && keys->contains("expiration") &&
        keys->at("expiration").is_number_integer()) {
      timed.keys = {text_member(*keys, "accessKeyId"), text_member(*keys, "secretAccessKey"),
                    text_member(*keys, "sessionToken")};
      timed.expires_ms = by_our_clock(keys->at("expiration").get<std::int64_t>(), response);
    }
    if (timed.keys.access_key_id.empty() || timed.keys.secret_access_key.empty()) {
      return Status(Kind::protocol, "the SSO portal gave no complete keys");
    }
    return timed;
  }

 private:
  const SsoSession session_;
  const std::string portal_url_, account_, role_;
};

/// The profile's settings with those of its sso-session, which must not contradict them.
Result<ProfileSettings> with_session(const AwsConfig& config, const std::string& profile) {
  ProfileSettings settings = config.settings_of(profile);
  const auto named = settings.find("sso_session");
  if (named == settings.end()) return settings;
  const auto session = config.files.sso_sessions.find(named->second);
  if (session == config.files.sso_sessions.end()) {
    return bad_profile(
        profile, fmt::format("names sso_session = {}, but there is no [sso-session {}]", named->second, named->second));
  }
  for (const auto& [name, value] : session->second) {
    const auto [own, added] = settings.try_emplace(name, value);
    if (!added && own->second != value) {
      return bad_profile(profile, fmt::format("and its sso-session say different things of {}", name));
    }
  }
  return settings;
}

Result<std::string> service_url(const AwsConfig& config, const std::string& service, const std::string& otherwise) {
  WEIR_ASSIGN(std::string url, config.endpoint_url(service));
  if (url.empty()) return otherwise;
  auto parts = split_url(url);
  if (!parts) return parts.status().during(fmt::format("use the {} endpoint {}", service, redact(url)));
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

Found sso_source(const AwsConfig& config, const std::string& profile) {
  const ProfileSettings& own = config.settings_of(profile);
  if (own.count("sso_role_name") == 0 && own.count("sso_account_id") == 0) return std::shared_ptr<KeySource>();
  WEIR_ASSIGN(const ProfileSettings settings, with_session(config, profile));
  for (const char* name : {"sso_account_id", "sso_role_name", "sso_region", "sso_start_url"}) {
    if (settings.count(name) == 0) return bad_profile(profile, fmt::format("is to use SSO, but has no {}", name));
  }
  SsoSession session;
  session.profile = profile;
  if (const auto named = settings.find("sso_session"); named != settings.end()) session.name = named->second;
  session.start_url = settings.at("sso_start_url");
  session.region = settings.at("sso_region");
  session.http = config.http();
  const std::string host = fmt::format("{}.{}", session.region, dns_suffix(session.region));
  WEIR_ASSIGN(session.oidc_url, service_url(config, "sso_oidc", "https://oidc." + host));
  WEIR_ASSIGN(std::string portal, service_url(config, "sso", "https://portal.sso." + host));
  return std::shared_ptr<KeySource>(std::make_shared<Sso>(std::move(session), std::move(portal),
                                                          settings.at("sso_account_id"), settings.at("sso_role_name")));
}

}  // namespace weir::net
