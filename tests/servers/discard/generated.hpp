// Objects that are made up when they are asked for: "gen-SIZE" in any bucket. Their bytes repeat one block.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "discard/connection.hpp"

namespace discard {

/// The size of the generated object of this name, "/bucket/gen-SIZE"; nothing for another name.
std::optional<std::uint64_t> generated_size(const std::string& name);

/// The answer to GET or HEAD of it: whole, or one range (RFC 9110 section 14.2), with ETag and CRC64NVME.
Reply generated(const Request& request, std::uint64_t size);

}  // namespace discard
