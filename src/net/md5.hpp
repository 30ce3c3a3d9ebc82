// Content-MD5 (RFC 1864): for services that take no other proof of a body.
#pragma once

#include <string>
#include <string_view>

namespace weir::net {

/// Base64. Thread-safe.
std::string md5_base64(std::string_view text);

}  // namespace weir::net
