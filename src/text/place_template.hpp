// Places with a hole in their name, which a key goes into: "zstd | s3://bucket/{key}.csv.zst".
#pragma once

#include <string>
#include <string_view>

#include "weir/core/pipeline.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir {

/// Whatever the key, what is made lies below what stands before the last '/' in front of the hole. Thread-compatible.
class PlaceTemplate {
 public:
  /// `hole` is what the key replaces, wherever it stands. Errors: invalid_argument.
  static Result<PlaceTemplate> read(std::string_view text, std::string_view hole, EndpointOptions options);
  /// `key` was checked (check_split_key). In URLs it is written as RFC 3986 has it.
  Result<To> make(std::string_view key) const;

 private:
  std::string stages_;
  std::string place_;
  std::string hole_;
  EndpointOptions options_;
};

}  // namespace weir
