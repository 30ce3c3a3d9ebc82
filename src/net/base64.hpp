// Base64 (RFC 4648, 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

std::string base64(std::string_view bytes);
/// Padded or not; nothing for what is none.
std::optional<std::string> from_base64(std::string_view text);
/// As the standard has it: padded.
std::optional<std::string> from_padded_base64(std::string_view text);

}  // namespace weir::net
