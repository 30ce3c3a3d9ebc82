#include "server/utf8.hpp"

namespace weir::server {

/// What may follow the first byte of a character, by RFC 3629, 4: not in more bytes than it needs, no surrogates,
/// nothing above U+10FFFF.
bool Utf8Checker::begin(unsigned char byte) {
  low_ = 0x80;
  high_ = 0xbf;
  if (byte < 0x80) return true;
  if (byte >= 0xc2 && byte <= 0xdf) {
    wanted_ = 1;
  } else if (byte >= 0xe0 && byte <= 0xef) {
    wanted_ = 2;
    if (byte == 0xe0) low_ = 0xa0;
    if (byte == 0xed) high_ = 0x9f;
  } else if (byte >= 0xf0 && byte <= 0xf4) {
    wanted_ = 3;
    if (byte == 0xf0) low_ = 0x90;
    if (byte == 0xf4) high_ = 0x8f;
  } else {
    wanted_ = -1;
  }
  return wanted_ >= 0;
}

bool Utf8Checker::take(std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (wanted_ < 0) return false;
    if (wanted_ == 0) {
      if (!begin(byte)) return false;
      continue;
    }
    if (byte < low_ || byte > high_) {
      wanted_ = -1;
      return false;
    }
    low_ = 0x80;
    high_ = 0xbf;
    --wanted_;
  }
  return wanted_ >= 0;
}

}  // namespace weir::server
