// MD5 for Content-MD5 (RFC 1864): the one proof of a body that every S3 service reads.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "weir/core/status.hpp"

namespace weir::net {

/// Thread-compatible.
class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;
  void update(std::span<const std::byte> bytes);
  /// Base64; unsupported where the system's OpenSSL forbids MD5. Ends it: call once.
  Result<std::string> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Result<std::string> md5_base64(std::string_view text);

}  // namespace weir::net
