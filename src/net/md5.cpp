#include "net/md5.hpp"

#include <openssl/evp.h>

#include <array>

namespace weir::net {

std::string md5_base64(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_md5(), nullptr);
  std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> base64{};
  const int written = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(length));
  return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(written)};
}

}  // namespace weir::net
