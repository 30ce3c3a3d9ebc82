#include "weir/codec/checksum.hpp"

#include <openssl/evp.h>

#include "codec/crc.hpp"

namespace weir {
namespace codec {

const std::array<CrcPath, kCrcPathCount> kCrcPaths = {{
    {"portable", []() noexcept { return true; }, Crc64Nvme::update_portable, Crc32c::update_portable},
#if defined(__x86_64__)
    {"pclmulqdq", clmul_usable, crc64nvme_clmul, crc32c_clmul},
    {"vpclmulqdq", vpclmul_usable, crc64nvme_vpclmul, crc32c_vpclmul},
#endif
}};

namespace {
const CrcPath& fastest() noexcept {
  static const CrcPath& chosen = []() -> const CrcPath& {
    for (std::size_t i = kCrcPathCount; i-- > 1;) {
      if (kCrcPaths[i].usable()) return kCrcPaths[i];
    }
    return kCrcPaths[0];
  }();
  return chosen;
}
}  // namespace
}  // namespace codec

std::uint64_t crc64nvme(std::uint64_t crc, std::span<const std::byte> bytes) noexcept {
  return ~codec::fastest().crc64nvme(~crc, bytes.data(), bytes.size());
}
std::uint64_t crc64nvme_combine(std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length_b) noexcept {
  return codec::Crc64Nvme::combine(crc_a, crc_b, length_b);
}
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes) noexcept {
  return ~codec::fastest().crc32c(~crc, bytes.data(), bytes.size());
}
std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t length_b) noexcept {
  return codec::Crc32c::combine(crc_a, crc_b, length_b);
}

std::string crc64nvme_base64(std::uint64_t crc) {
  unsigned char big_endian[8];
  for (int i = 0; i < 8; ++i) big_endian[i] = static_cast<unsigned char>(crc >> (56 - 8 * i));
  unsigned char text[13];  // 12 characters and the terminating zero that OpenSSL writes
  const int length = EVP_EncodeBlock(text, big_endian, sizeof big_endian);
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(length)};
}

}  // namespace weir
