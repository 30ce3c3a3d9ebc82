// Whether the answer to a ranged GET is the range that was asked for (RFC 9110 sections 14.4 and 15.3.7). For origins.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/http.hpp"
#include "weir/core/status.hpp"
#include "weir/store/origin.hpp"

namespace weir::store {

/// One read of [offset, offset + length) of an object. Head and data come on the loop's thread, the end after them.
class RangeCheck {
 public:
  RangeCheck(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length, std::string operation)
      : etag_(object.etag), size_(object.size), offset_(offset), length_(length), operation_(std::move(operation)) {}

  /// If-Match, and Range where it is not the whole.
  net::Headers headers() const;
  Status head(const net::Response& head);
  Status data(std::span<const std::byte> bytes, const Origin::OnData& on_data);
  /// What the end of the request means.
  Status end(const Status& status) const;

 private:
  Status replaced() const;

  const std::string etag_;
  const std::uint64_t size_;
  const std::uint64_t offset_;
  const std::uint64_t length_;
  const std::string operation_;
  std::uint64_t delivered_ = 0;
};

}  // namespace weir::store
