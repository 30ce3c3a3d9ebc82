#include "net/sso_token.hpp"

#include <openssl/evp.h>

#include <array>

#include "codec/hex.hpp"
#include "net/small_file.hpp"
#include "net/time_text.hpp"
#include "platform/platform.hpp"

namespace weir::net {
namespace {

constexpr const char* kWhat = "SSO token file";
constexpr std::int64_t kRefreshWindowSeconds = 15 * 60;

Status log_in(const SsoSession& session, const std::string& why) {
  return Status(Kind::access_denied, fmt::format("the SSO token of profile \"{}\" {}", session.profile, why))
      .advise(fmt::format("Run `aws sso login --profile {}`.", session.profile));
}

/// The token with its successor's members, or nothing where it cannot be refreshed.
std::optional<nlohmann::json> refreshed(const SsoSession& session, nlohmann::json token) {
  const auto registered_until = parse_iso_time(text_member(token, "registrationExpiresAt"));
  nlohmann::json asked = {{"grantType", "refresh_token"}};
  for (const char* name : {"clientId", "clientSecret", "refreshToken"}) {
    asked[name] = text_member(token, name);
    if (asked[name] == "") return std::nullopt;
  }
  if (!registered_until || *registered_until / 1000 <= platform::unix_seconds()) return std::nullopt;
  KeyCall call;
  call.who = "the SSO token service";
  call.http = session.http;
  call.request.method = "POST";
  call.request.url = session.oidc_url + "/token";
  call.request.headers = {{"content-type", "application/json"}};
  call.request.body = body_of(asked.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  const auto response = ask(call);
  if (!response || response->status != 200) return std::nullopt;
  const auto answer = json_object(call.who, response->body);
  if (!answer || text_member(*answer, "accessToken").empty() || !answer->contains("expiresIn") ||
      !answer->at("expiresIn").is_number()) {
    return std::nullopt;
  }
  token["startUrl"] = session.start_url;
  token["region"] = session.region;
  token["accessToken"] = text_member(*answer, "accessToken");
  token["expiresAt"] = iso_time(platform::unix_seconds() + answer->at("expiresIn").get<std::int64_t>());
  if (const std::string next = text_member(*answer, "refreshToken"); !next.empty()) token["refreshToken"] = next;
  return token;
}

}  // namespace

std::string sso_token_path(const SsoSession& session) {
  const std::string& name = session.name.empty() ? session.start_url : session.name;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(name.data(), name.size(), digest.data(), &length, EVP_sha1(), nullptr);
  return fmt::format("{}/.aws/sso/cache/{}.json", home_folder(), hex(std::span(digest).first(length)));
}

Result<std::string> sso_access_token(const SsoSession& session) {
  const std::string path = sso_token_path(session);
  WEIR_ASSIGN(const auto text, read_small_file(path, kWhat));
  if (!text) return log_in(session, "is not there: nobody has logged in");
  WEIR_ASSIGN(nlohmann::json token, json_object(path, *text));
  auto expires = parse_iso_time(text_member(token, "expiresAt"));
  if (text_member(token, "accessToken").empty() || !expires) return log_in(session, "is not complete");
  if (!session.name.empty() && *expires / 1000 - platform::unix_seconds() < kRefreshWindowSeconds) {
    if (auto fresh = refreshed(session, token)) {
      token = *std::move(fresh);
      expires = parse_iso_time(text_member(token, "expiresAt"));
      // The new refresh token is the only one that works from now on, so it must not be lost.
      WEIR_TRY(replace_private_file(path, token.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), kWhat));
    }
  }
  if (!expires || *expires / 1000 <= platform::unix_seconds()) return log_in(session, "has ended");
  return text_member(token, "accessToken");
}

}  // namespace weir::net
