#include "store/range_check.hpp"

#include "net/text.hpp"

namespace weir::store {

net::Headers RangeCheck::headers() const {
  net::Headers headers = {{"if-match", "\"" + etag_ + "\""}};
  if (offset_ > 0 || length_ < size_) {
    headers.emplace_back("range", fmt::format("bytes={}-{}", offset_, offset_ + length_ - 1));
  }
  return headers;
}

Status RangeCheck::replaced() const {
  return Status(Kind::source_changed, "the object is no longer the one that the transfer began with")
      .during(operation_);
}

Status RangeCheck::head(const net::Response& head) {
  if (head.status < 200 || head.status >= 300) return {};
  const std::string etag = net::plain_etag(head.header("etag"));
  if (!etag.empty() && etag != etag_) return replaced();
  const std::string range(head.header("content-range"));
  if (head.status == 206 && range == fmt::format("bytes {}-{}/{}", offset_, offset_ + length_ - 1, size_)) return {};
  const bool whole = offset_ == 0 && length_ == size_;
  if (head.status == 200 && whole && head.header("content-length") == std::to_string(size_)) return {};
  return Status(Kind::protocol,
                fmt::format("the store answered {} with range \"{}\" and length {}, not bytes {} to {} of {}",
                            head.status, range, head.header("content-length"), offset_, offset_ + length_, size_))
      .with(Retry::transient)
      .during(operation_);
}

Status RangeCheck::data(std::span<const std::byte> bytes, const Origin::OnData& on_data) {
  if (bytes.size() > length_ - delivered_) {
    return Status(Kind::protocol, "the store sent more bytes than it announced").during(operation_);
  }
  Status status = on_data(bytes);
  if (status.ok()) delivered_ += bytes.size();
  return status;
}

Status RangeCheck::end(const Status& status) const {
  if (status.kind() == Kind::not_found || status.error().http_status == 412) return replaced();
  if (status.ok() && delivered_ != length_) {
    return Status(Kind::network, "the answer ended early")
        .with(Retry::transient)
        .during(operation_)
        .at(offset_ + delivered_);
  }
  return Status(status).at(offset_ + delivered_);
}

}  // namespace weir::store
