// What HTTP alone says of a refusal, where the service's own words do not say more. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http.hpp"
#include "weir/core/status.hpp"

namespace weir::store {

struct Refusal {
  Kind kind;
  Retry retry;
};

Refusal refusal_of_status(int status);
/// RFC 9110 section 15: "Not Found".
const char* phrase_of(int status);
/// One line that a terminal can show: no control bytes, at most 500 bytes.
std::string printable(std::string text);
/// The whole of `text` as a number, at most 86,400,000; 0 where it is none.
std::uint64_t number_of(std::string_view text);

/// A longer wait is not believed: the store, or whoever answers in its place, is better asked once too often.
inline constexpr std::uint64_t kLongestAskedMs = 300'000;
/// Retry-After, in seconds or as a date; 0: it does not say.
std::uint64_t asked_ms(const net::Response& response);

}  // namespace weir::store
