#include "store/ranged_answer.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace weir::store {

std::string range_of(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length) {
  if (!object.sized || (offset == 0 && length == object.size)) return {};
  return fmt::format("{}-{}", offset, offset + length - 1);
}

RangedAnswer::RangedAnswer(std::string url, const ObjectInfo& object, std::uint64_t offset, std::uint64_t length,
                           std::shared_ptr<std::atomic<bool>> ranges)
    : url_(std::move(url)),
      size_(object.size),
      sized_(object.sized),
      etag_(object.etag),
      coding_(object.content_encoding),
      range_(range_of(object, offset, length)),
      ranges_(std::move(ranges)),
      left_(object.sized ? length : UINT64_MAX) {}

std::string_view stored_coding(std::string_view header) {
  constexpr std::string_view kFraming = "aws-chunked";
  if (!header.starts_with(kFraming)) return header;
  header.remove_prefix(kFraming.size());
  header.remove_prefix(std::min(header.find_first_not_of(", "), header.size()));
  return header;
}

Status RangedAnswer::check_head(const net::Response& head) {
  if (head.status < 200 || head.status >= 300) return {};
  const std::string_view etag = head.header("etag");
  if (!etag.empty() && !etag_.empty() && etag != etag_ && etag != '"' + etag_ + '"') return replaced();
  if (stored_coding(head.header("content-encoding")) != coding_) {
    return wrong(fmt::format("the bytes come with content encoding \"{}\", and the object was announced with \"{}\"",
                             head.header("content-encoding"), coding_),
                 Retry::never)
        .advise("Something on the way compresses or decompresses them: the object cannot be read as it is stored.");
  }
  if (head.status == 206 && head.header("content-range") == fmt::format("bytes {}/{}", range_, size_)) return {};
  if (head.status == 200) {
    const std::string_view length = head.header("content-length");
    if (!sized_ || length == std::to_string(size_)) {
      if (is_whole()) return {};
      ranges_->store(false);
      return wrong(fmt::format("the answer to bytes {} is the whole object", range_), Retry::transient);
    }
  }
  return wrong(fmt::format("the answer is {} with range \"{}\" and length {}, not {} of {} bytes", head.status,
                           head.header("content-range"), head.header("content-length"),
                           is_whole() ? "the whole" : "bytes " + range_, size_),
               Retry::transient);
}

Status RangedAnswer::hand_on(std::span<const std::byte> data, const Origin::OnData& on_data) {
  if (data.size() > left_) return wrong("more bytes came than were announced", Retry::never);
  Status status = on_data(data);
  if (status.ok()) left_ -= data.size();
  return status;
}

Status RangedAnswer::end(Status status) const {
  if (status.ok() && left_ > 0 && sized_) {
    return Status(Kind::network, "the answer ended early").with(Retry::transient).during("read " + url_);
  }
  return status;
}

Status RangedAnswer::replaced() const {
  return Status(Kind::source_changed, "the object is no longer the one that the transfer began with")
      .during("read " + url_);
}

Status RangedAnswer::wrong(std::string cause, Retry retry) const {
  return Status(Kind::protocol, std::move(cause)).with(retry).during("read " + url_);
}

}  // namespace weir::store
