// What the head of an HTTP answer says of the object at a URL, and by what a later answer is known to be of the same
// one. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.hpp"
#include "store/http_digest.hpp"
#include "weir/core/status.hpp"
#include "weir/store/object.hpp"

namespace weir::http {

/// The validators of RFC 9110 section 8.8, as they came.
struct Pin {
  enum class By : std::uint8_t {
    nothing,
    date,  ///< Last-Modified that is old enough to tell versions apart
    etag,  ///< a strong one
  };
  std::string etag;
  std::string modified;
  By by = By::nothing;

  static Pin of(const net::Response& head);
  /// Whether `object` is what it was found with.
  bool describes(const ObjectInfo& object) const;
  /// If-Match or If-Unmodified-Since.
  net::Headers conditions() const;
  enum class Same : std::uint8_t {
    yes,
    no,
    untold,  ///< the answer has no validator that would do
  };
  /// Whether the answer is of what was pinned. With By::nothing: `no` where anything speaks against it, else `yes`.
  Same same(const net::Response& head) const;
};

struct Looked {
  ObjectInfo info;
  Pin pin;
  enum class Ranges : std::uint8_t { unknown, none, yes } ranges = Ranges::unknown;
  std::vector<ToldDigest> digests;  ///< of the whole
};

/// The answer to HEAD, or to a GET of the whole.
Looked looked_at(const net::Response& head, Carries carries = Carries::nothing);
/// The answer to a GET of bytes=0-0, of status 200 or 206; protocol where it makes no sense.
Result<Looked> looked_at_byte(const net::Response& head);

/// The whole of `text` as a number.
std::optional<std::uint64_t> length_of(std::string_view text);

/// Whether a web page comes in place of something else: of an error, a login, a captive portal.
bool is_page_instead(const net::Response& head, const ObjectInfo& object);

}  // namespace weir::http
