// UTF-8 as it comes, cut anywhere (RFC 3629).
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::server {

class Utf8Checker {
 public:
  /// False: what came so far is no beginning of any text. It stays so.
  bool take(std::string_view bytes);
  /// Whether it may end here.
  bool whole() const { return wanted_ == 0; }

 private:
  bool begin(unsigned char byte);

  int wanted_ = 0;                          // bytes of the character; below 0: it was none
  unsigned char low_ = 0x80, high_ = 0xbf;  // of the next of them
};

}  // namespace weir::server
