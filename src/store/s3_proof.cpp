// Stores that refuse our checksums: knowing it by the answer, and falling to what they do take.
#include <array>

#include "net/text.hpp"
#include "store/s3_wire.hpp"

namespace weir::s3 {
namespace {

constexpr std::array kIntegrityCodes = {"BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch",
                                        "XAmzContentSHA256Mismatch", "IncompleteBody"};

/// R2 answers 501 NotImplemented, B2 400 InvalidArgument, older servers either; the message names the header, or
/// nothing at all. Another header that it names is not ours to give up.
bool refuses_checksums(int status, const Error& error) {
  if (status != 400 && status != 501) return false;
  for (const char* code : kIntegrityCodes) {
    if (error.service_code == code) return false;
  }
  const std::string text = net::lower(error.cause);
  for (const char* word : {"checksum", "trailer", "aws-chunked", "x-amz-content-sha256", "streaming-unsigned"}) {
    if (text.find(word) != std::string::npos) return true;
  }
  return status == 501 && text.find("x-amz-") == std::string::npos;
}

}  // namespace

bool Wire::weakens(const WireRequest& request, const net::Response& response, const Error& error) {
  if (!settings_.may_weaken || request.proof < Proof::header || !refuses_checksums(response.status, error))
    return false;
  // A request in memory carries no trailer even where one may be: what was refused is the header.
  const Proof next = request.proof == Proof::trailer ? Proof::header : Proof::md5;
  Proof now = proof_.load();
  while (now > next && !proof_.compare_exchange_weak(now, next)) {
  }
  const std::string host = settings_.aws ? "AWS" : settings_.authority;
  if (now > next) {
    const std::string why = fmt::format("{} {}", response.status, error.service_code);
    notice(next == Proof::header
               ? fmt::format("{} takes no checksum behind the bytes ({}): it goes into a header, and files are read "
                             "twice.",
                             host, why)
               : fmt::format("{} refuses checksums ({}): each request is checked by Content-MD5 instead, and the store "
                             "has no checksum of whole objects.",
                             host, why));
  }
  return true;
}

void Wire::tell_proof() {
  if (!settings_.may_weaken || settings_.proof != Proof::md5) return;
  notice(
      fmt::format("{} takes no CRC64NVME: each request is checked by Content-MD5 instead, and the store has no "
                  "checksum of whole objects.",
                  provider().limits.name));
}

void Wire::notice(const std::string& line) {
  {
    std::lock_guard lock(mutex_);
    if (!settings_.on_notice || !noticed_.insert(line).second) return;
  }
  settings_.on_notice(line);
}

void Wire::hide_customer_key(std::string& text) const {
  if (settings_.customer_key.empty()) return;
  const std::string& key = settings_.customer_key[1].second;
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
    text.replace(at, key.size(), "(the key)");
  }
}

}  // namespace weir::s3
