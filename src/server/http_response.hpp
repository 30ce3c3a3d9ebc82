// Heads of responses. One place writes them all, and nothing that a client or a store has said can end a line of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::server {

/// "Not Found"; of a status that has no name here, that of its class.
std::string_view reason_of(int status);

class ResponseHead {
 public:
  explicit ResponseHead(int status) : status_(status) {}

  int status() const { return status_; }
  /// A name that is no token, or a value with anything but visible ASCII, blanks and tabs, is a mistake of ours or
  /// bytes of somebody else's: false, and the field is left out.
  bool add(std::string_view name, std::string_view value);
  bool add(std::string_view name, std::uint64_t value) { return add(name, std::to_string(value)); }
  bool has(std::string_view name) const;
  /// With the empty line behind it.
  std::string text() const;

 private:
  int status_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Of Content-Disposition: `kind`, "attachment" or "inline", and a name, which may be any bytes (RFC 6266, with RFC
/// 8187 where it is not plain; what would be a path or a control character is no part of it).
std::string content_disposition(std::string_view kind, std::string_view filename);

}  // namespace weir::server
