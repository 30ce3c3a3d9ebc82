// A request body that is a range of a source: read into curl's buffer where the system has it at hand, read ahead on a
// blocking thread where it has not; with its checksum taken while the bytes are warm.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/http.hpp"
#include "weir/core/executor.hpp"
#include "weir/core/stage.hpp"
#include "weir/store/target.hpp"

namespace weir::store {

/// Called on the loop thread only, as every Body; crc64nvme() after the request has ended.
class RangeBody : public net::Body {
 public:
  enum class Form : std::uint8_t {
    plain,     ///< the bytes
    checksum,  ///< the bytes, with their checksum taken on the way
    trailer,   ///< as checksum, sent as aws-chunked with the checksum behind the bytes
  };
  RangeBody(std::shared_ptr<Replay> replay, std::uint64_t offset, std::uint64_t length, Form form,
            std::shared_ptr<Executor> executor);

  std::uint64_t size() const override;
  Status rewind() override;
  /// source_changed, never to be retried, where the source is shorter than the range.
  Result<std::size_t> read(std::span<std::byte> into) override;
  void attach(std::function<void()> wake) override;

  /// Of the bytes read so far; none with Form::plain.
  std::optional<std::uint64_t> crc64nvme() const { return form_ == Form::plain ? std::nullopt : std::optional(crc_); }
  Form form() const { return form_; }

 private:
  struct Ahead;

  Result<std::size_t> read_range(std::span<std::byte> into);
  Result<std::size_t> take_ahead(std::span<std::byte> into);
  void read_ahead();
  Status too_short() const;

  const std::shared_ptr<Replay> replay_;
  const std::uint64_t offset_;
  const std::uint64_t length_;
  const Form form_;
  const std::shared_ptr<Executor> executor_;
  std::function<void()> wake_;
  std::shared_ptr<Ahead> ahead_;  ///< the read under way on another thread, or its bytes
  std::uint64_t position_ = 0;    ///< in the range
  std::uint64_t crc_ = 0;
  std::string frame_;           ///< chunk head or trailer that waits to be sent
  std::size_t frame_sent_ = 0;  ///< of frame_
  bool trailer_made_ = false;
};

/// A part's bytes as a body, counted and limited by the part's flow. `range` is set where they are read, and hashed if
/// that is wanted, on the way. internal where there are more or fewer chunks than the part says.
Result<std::shared_ptr<net::Body>> body_of(const Part& part, std::shared_ptr<RangeBody>& range);
/// The same of a part whose bytes are in memory, before its flow.
Result<std::shared_ptr<net::Body>> body_of_chunks(const Part& part);

struct RangeSums {
  std::uint64_t crc64nvme = 0;
  std::string md5;  ///< base64; empty if not asked for
};
/// The checksums of a range, read on the calling thread, which may block. Stops with cancelled soon after `cancelled`.
Result<RangeSums> sums_of_range(Replay& replay, std::uint64_t offset, std::uint64_t length, bool with_md5,
                                const std::atomic<bool>& cancelled);

}  // namespace weir::store
