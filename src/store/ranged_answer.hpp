// RangedAnswer: holds the answer to one ranged GET to what was asked for. What all origins on HTTP have in common.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "net/http.hpp"
#include "weir/store/object.hpp"
#include "weir/store/origin.hpp"

namespace weir::store {

/// "offset-last" of the bytes to ask for, or empty where the whole object is to be read.
std::string range_of(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length);

/// Used by one attempt, on the loop thread.
class RangedAnswer {
 public:
  /// `ranges` is cleared where the server turns out to ignore ranges.
  RangedAnswer(std::string url, const ObjectInfo& object, std::uint64_t offset, std::uint64_t length,
               std::shared_ptr<std::atomic<bool>> ranges);

  /// RFC 9110 sections 14.4 and 15.3.7: what comes must be the range that was asked for, of the same whole, and as the
  /// object is stored (section 8.4): a server that compresses on the fly counts other bytes.
  Status check_head(const net::Response& head);
  /// Hands bytes on, no more than were asked for.
  Status hand_on(std::span<const std::byte> data, const Origin::OnData& on_data);
  /// What became of it, from the status of the request.
  Status end(Status status) const;

  /// source_changed.
  Status replaced() const;

 private:
  bool is_whole() const { return range_.empty(); }
  Status wrong(std::string cause, Retry retry) const;

  const std::string url_;
  const std::uint64_t size_;
  const bool sized_;
  const std::string etag_;
  const std::string coding_;
  const std::string range_;
  const std::shared_ptr<std::atomic<bool>> ranges_;
  std::uint64_t left_;
};

/// An object's Content-Encoding without "aws-chunked": some S3 services keep the framing in which the bytes came as if
/// it were the object's own.
std::string_view stored_coding(std::string_view header);

}  // namespace weir::store
