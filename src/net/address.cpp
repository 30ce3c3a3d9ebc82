#include "net/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace weir::net {
namespace {

struct Block4 {
  std::uint32_t address;
  int bits;
};

// IANA's special-purpose registry, as far as these do not lead to the internet.
constexpr Block4 kInside[] = {
    {0x00000000, 8},   // this network
    {0x0A000000, 8},   // private
    {0x64400000, 10},  // shared: carrier-grade NAT
    {0x7F000000, 8},   // loopback
    {0xAC100000, 12},  // private
    {0xC0000000, 24},  // protocol assignments
    {0xC0A80000, 16},  // private
    {0xC6120000, 15},  // benchmarking
    {0xE0000000, 3},   // multicast and reserved
};
constexpr Block4 kLink = {0xA9FE0000, 16};

bool within(std::uint32_t address, const Block4& block) { return (address ^ block.address) >> (32 - block.bits) == 0; }

Reach reach_of_4(std::uint32_t address) {
  if (within(address, kLink)) return Reach::link;
  const bool inside =
      std::any_of(std::begin(kInside), std::end(kInside), [&](const Block4& block) { return within(address, block); });
  return inside ? Reach::inside : Reach::everywhere;
}

using Bytes16 = std::array<unsigned char, 16>;

std::uint32_t embedded(const Bytes16& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         bytes[at + 3];
}

Reach reach_of_6(const Bytes16& bytes) {
  constexpr Bytes16 kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr Bytes16 kNat64 = {0, 0x64, 0xff, 0x9b};
  const auto begins = [&](const Bytes16& prefix, std::ptrdiff_t count) {
    return std::equal(prefix.begin(), prefix.begin() + count, bytes.begin());
  };
  if (begins(kMapped, 12) || begins(kNat64, 12)) return reach_of_4(embedded(bytes, 12));
  if (begins(Bytes16{}, 12)) return bytes[12] == 0 ? Reach::inside : reach_of_4(embedded(bytes, 12));  // ::, ::1
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return reach_of_4(embedded(bytes, 2));                     // 6to4
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) return Reach::link;
  return (bytes[0] & 0xe0) == 0x20 ? Reach::everywhere : Reach::inside;  // 2000::/3 is all that is given out
}

}  // namespace

Reach reach_of(std::string text) {
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  text = text.substr(0, text.find('%'));  // a zone
  in_addr four{};
  if (inet_pton(AF_INET, text.c_str(), &four) == 1) return reach_of_4(ntohl(four.s_addr));
  Bytes16 six{};
  if (inet_pton(AF_INET6, text.c_str(), six.data()) == 1) return reach_of_6(six);
  return Reach::name;
}

}  // namespace weir::net
