// What kind of place an address is, for deciding where another's word may lead us.
#pragma once

#include <cstdint>
#include <string>

namespace weir::net {

enum class Reach : std::uint8_t {
  name,        ///< no address: a host's name
  everywhere,  ///< on the public internet
  inside,      ///< this machine, private networks (RFC 1918, RFC 4193, RFC 6598), what is reserved
  link,        ///< link-local: where clouds hand out their machines' credentials
};

/// Of an IPv4 or IPv6 address as text, in brackets or not; what embeds an IPv4 address is judged by that (RFC 4291
/// section 2.5.5, RFC 6052, RFC 3056). Pure, thread-safe.
Reach reach_of(std::string text);

/// Whether a server at `from` may send us on to `to`: never to link-local addresses, and not from the internet into
/// private networks.
inline bool may_lead(Reach from, Reach to) {
  return to != Reach::link && !(to == Reach::inside && from == Reach::everywhere);
}

}  // namespace weir::net
