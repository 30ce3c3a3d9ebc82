// What a user's program sees of weir: the core in headers, and a function of the compiled library.
#include <cstdio>
#include <span>
#include <string_view>

#include "weir/codec/checksum.hpp"
#include "weir/core/status.hpp"

int main() {
  constexpr std::string_view kText = "123456789";
  const auto crc = weir::crc64nvme(0, std::as_bytes(std::span(kText.data(), kText.size())));
  const weir::Result<int> answer = 42;
  std::puts(weir::crc64nvme_base64(crc).c_str());
  return answer.ok() && weir::crc64nvme_base64(crc) == "rosUhgp5mIg=" ? 0 : 1;
}
