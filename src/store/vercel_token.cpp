// Client tokens: vercel_blob_client_STORE_base64(hex(HMAC-SHA256(read-write token, payload)) "." payload), the payload
// in base64 itself.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <string>

#include "codec/hex.hpp"
#include "platform/platform.hpp"
#include "store/vercel_json.hpp"
#include "store/vercel_settings.hpp"

namespace weir {
namespace {

const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string base64(const std::string& text) {
  std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a zero
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()), bytes_of(text), static_cast<int>(text.size()));
  encoded.pop_back();
  return encoded;
}

Result<std::string> hmac_hex(const std::string& key, const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), digest.data(),
           &length) == nullptr) {
    return Status(Kind::unsupported, "this system's OpenSSL makes no HMAC-SHA256");
  }
  return hex(std::span(digest).first(length));
}

}  // namespace

Result<std::string> vercel_client_token(const VercelOptions& options, const VercelGrant& grant) {
  const std::string operation = "make a client token for " + grant.path;
  WEIR_ASSIGN(const vercel::Settings settings, vercel::resolve(options));
  WEIR_TRY(check_vercel_path(grant.path).during(operation));
  if (!settings.token.starts_with("vercel_blob_rw_")) {
    return Status(Kind::invalid_argument, "client tokens are made of a read-write token").during(operation);
  }
  if (grant.valid < std::chrono::seconds(1) || grant.valid > std::chrono::hours(24 * 366)) {
    return Status(Kind::invalid_argument, "a client token is valid for 1 second to 366 days").during(operation);
  }
  if (grant.cache_seconds < 0) {
    return Status(Kind::invalid_argument, "a cache time cannot be negative").during(operation);
  }
  const std::int64_t now_ms = platform::platform().realtime_ns() / 1'000'000;
  const std::int64_t until_ms = now_ms + std::chrono::milliseconds(grant.valid).count();
  const std::string payload = base64(vercel::grant_body(grant, until_ms));
  WEIR_ASSIGN(const std::string signature, hmac_hex(settings.token, payload));
  return "vercel_blob_client_" + settings.store + "_" + base64(signature + "." + payload);
}

}  // namespace weir
