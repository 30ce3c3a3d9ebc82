#include "server/body_digest.hpp"

#include <openssl/evp.h>

namespace weir::server {

void BodyDigest::Free::operator()(evp_md_ctx_st* context) const { ::EVP_MD_CTX_free(context); }

std::optional<BodyDigest> BodyDigest::make(std::string_view algorithm) {
  const EVP_MD* const kind = algorithm == "sha1" || algorithm == "sha"         ? ::EVP_sha1()
                             : algorithm == "md5"                              ? ::EVP_md5()
                             : algorithm == "sha256" || algorithm == "sha-256" ? ::EVP_sha256()
                             : algorithm == "sha512" || algorithm == "sha-512" ? ::EVP_sha512()
                                                                               : nullptr;
  if (kind == nullptr) return {};
  BodyDigest digest(::EVP_MD_CTX_new());
  if (!digest.context_ || ::EVP_DigestInit_ex(digest.context_.get(), kind, nullptr) != 1) return {};
  return digest;
}

void BodyDigest::add(const Chunk& bytes) { (void)::EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }

std::string BodyDigest::value() {
  std::string value(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  (void)::EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(value.data()), &size);
  value.resize(size);
  return value;
}

}  // namespace weir::server
