#include "net/sigv4.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <set>

#include "codec/hex.hpp"
#include "net/text.hpp"
#include "net/url.hpp"

namespace weir::net {
namespace {

constexpr const char* kAlgorithm = "AWS4-HMAC-SHA256";

std::string hmac(std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), digest.data(), &length);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

/// Without blanks at the ends, and one blank for several.
std::string trimmed(std::string_view value) {
  std::string result;
  bool blank = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t') {
      blank = true;
      continue;
    }
    if (blank && !result.empty()) result += ' ';
    blank = false;
    result += c;
  }
  return result;
}

/// What a proxy or the HTTP layer may add, drop or rewrite on the way must stay unsigned.
bool is_signed(const std::string& name) {
  static const std::set<std::string> kUnsigned = {
      "accept-encoding", "authorization",       "connection", "expect",  "keep-alive",        "proxy-authenticate",
      "user-agent",      "proxy-authorization", "te",         "trailer", "transfer-encoding", "upgrade"};
  return kUnsigned.count(name) == 0;
}

std::map<std::string, std::string> canonical_headers(const SigningRequest& request) {
  std::map<std::string, std::string> headers{{"host", trimmed(request.host)}};
  for (const auto& [name, value] : request.headers) {
    const std::string key = lower(name);
    if (!is_signed(key)) continue;
    const auto [place, is_new] = headers.try_emplace(key, trimmed(value));
    if (!is_new) place->second += "," + trimmed(value);
  }
  return headers;
}

std::string names_of(const std::map<std::string, std::string>& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string credential_scope(const SigningScope& scope, const std::string& date) {
  return fmt::format("{}/{}/{}/aws4_request", date.substr(0, 8), scope.region, scope.service);
}

std::string sign(const SigningRequest& request, const SigningScope& scope,
                 const std::map<std::string, std::string>& headers, const std::string& query) {
  std::string canonical = request.method + "\n" + request.path + "\n" + query + "\n";
  for (const auto& [name, value] : headers) canonical += name + ":" + value + "\n";
  canonical += "\n" + names_of(headers) + "\n" + request.payload_hash;
  const std::string date = amz_date(scope.unix_seconds);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, credential_scope(scope, date), sha256_hex(canonical));
  std::string key = hmac("AWS4" + scope.credentials.secret_access_key, date.substr(0, 8));
  for (const std::string& step : {scope.region, scope.service, std::string("aws4_request")}) key = hmac(key, step);
  const std::string signature = hmac(key, to_sign);
  return hex({reinterpret_cast<const unsigned char*>(signature.data()), signature.size()});
}

}  // namespace

std::string canonical_query(const Query& query) {
  Query encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(percent_encode(name), percent_encode(value));
  std::sort(encoded.begin(), encoded.end());
  std::string text;
  for (const auto& [name, value] : encoded) text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return hex(std::span(digest).first(length));
}

std::string amz_date(std::int64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return {text.data(), length};
}

void release_signing_thread() { OPENSSL_thread_stop(); }

Headers sign_headers(const SigningRequest& request, const SigningScope& scope) {
  SigningRequest full = request;
  const std::string date = amz_date(scope.unix_seconds);
  full.headers.emplace_back("x-amz-date", date);
  full.headers.emplace_back("x-amz-content-sha256", request.payload_hash);
  if (!scope.credentials.session_token.empty()) {
    full.headers.emplace_back("x-amz-security-token", scope.credentials.session_token);
  }
  const auto headers = canonical_headers(full);
  const std::string signature = sign(full, scope, headers, canonical_query(full.query));
  full.headers.emplace_back("authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                                         kAlgorithm, scope.credentials.access_key_id,
                                                         credential_scope(scope, date), names_of(headers), signature));
  return std::move(full.headers);
}

Headers unsigned_headers(SigningRequest request) {
  request.headers.emplace_back("x-amz-content-sha256", std::move(request.payload_hash));
  return std::move(request.headers);
}

std::string presign_query(const SigningRequest& request, const SigningScope& scope, std::int64_t expires_seconds) {
  SigningRequest full = request;
  full.payload_hash = kUnsignedPayload;
  const std::string date = amz_date(scope.unix_seconds);
  const auto headers = canonical_headers(full);
  full.query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  full.query.emplace_back("X-Amz-Credential", scope.credentials.access_key_id + "/" + credential_scope(scope, date));
  full.query.emplace_back("X-Amz-Date", date);
  full.query.emplace_back("X-Amz-Expires", std::to_string(expires_seconds));
  full.query.emplace_back("X-Amz-SignedHeaders", names_of(headers));
  if (!scope.credentials.session_token.empty()) {
    full.query.emplace_back("X-Amz-Security-Token", scope.credentials.session_token);
  }
  const std::string query = canonical_query(full.query);
  return query + "&X-Amz-Signature=" + sign(full, scope, headers, query);
}

}  // namespace weir::net
