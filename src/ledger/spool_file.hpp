// SpoolFile: the last bytes of a stream, in a ring on the disk that survives the death of its process.
//
// A stream's byte N stands at N modulo the ring. The ring is cut into slots, and each has a header that says which
// bytes it holds, with their checksum; the header is written behind the bytes. What fits no header that fits its own
// checksum is not believed, so a kill between two writes, or writes that a loss of power has taken, make the stream end
// earlier. Nothing is synced.
//
//   0       "WEIRSPL1", the limit, bytes of a slot, checksum of these
//   4096    headers of 64 bytes: begin, end, checksum of the bytes, 1 if the stream ends there, checksum of these
//   ...     slots, from the next multiple of 4096 on
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/fd.hpp"
#include "weir/core/budget.hpp"
#include "weir/store/target.hpp"

namespace weir::ledger {

/// How far the parts reach that follow each other from the first on.
std::uint64_t front_bytes(const std::vector<PartReceipt>& parts) noexcept;

/// First go_to(), then read() to the end, then append(). Thread-compatible.
class SpoolFile {
 public:
  static constexpr std::uint64_t kSlotBytes = kSliceBytes;

  /// Bytes that a file of at most `limit_bytes` always has room for, whatever their offset; 0 where that is too little.
  static std::uint64_t room_of(std::uint64_t limit_bytes) noexcept;
  /// The least limit with so much room, in whole MiB.
  static std::uint64_t limit_for(std::uint64_t room_bytes) noexcept;
  /// Opens the file, made with mode 0600 where it is missing, which never grows beyond `limit_bytes`. Errors:
  /// access_denied (a link, another's, or one that others can write), invalid_argument (it was made with another
  /// limit), unsupported (a newer version made it), and those of the disk.
  static Result<std::unique_ptr<SpoolFile>> open(const std::string& path, std::uint64_t limit_bytes);
  /// Where the bytes from `front` on end that can be believed. None: there is no such file. Changes nothing.
  static Result<std::optional<std::uint64_t>> look(const std::string& path, std::uint64_t front);

  const std::string& path() const noexcept { return path_; }
  /// The stream's length, where that was written down.
  std::optional<std::uint64_t> stream_end() const noexcept { return stream_end_; }

  /// The next byte to be read is that at `offset`.
  void go_to(std::uint64_t offset) noexcept;
  /// Fills the front of `into` with the next bytes; 0: there are no more that can be believed.
  Result<std::size_t> read(std::span<std::byte> into);
  /// Of the stream: what is read, or appended, next.
  std::uint64_t position() const noexcept { return position_; }

  /// How many bytes may be appended, where those before `confirmed` are needed no more.
  std::uint64_t room(std::uint64_t confirmed) const noexcept;
  /// Where the stream goes on behind what was read; no more than there is room for. After a failure what was there is
  /// still good, and nothing more may be appended.
  Status append(std::span<const std::byte> bytes);
  /// The stream ends here.
  Status end();

 private:
  struct Header {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t crc = 0;
    std::uint64_t last = 0;
  };
  SpoolFile(platform::Fd fd, std::string path, std::uint64_t limit_bytes);

  static Result<std::optional<std::uint64_t>> limit_in(int fd, const std::string& path);
  Status make_anew();
  Status load_headers();
  Result<bool> load(std::uint64_t slot);
  Status begin_appending();
  Status write_header(std::uint64_t slot, const Header& header);
  std::uint64_t place_of_header(std::uint64_t slot) const noexcept;
  std::uint64_t place_of(std::uint64_t offset) const noexcept;

  const platform::Fd fd_;
  const std::string path_;
  const std::uint64_t limit_bytes_;
  const std::uint64_t slots_;
  std::vector<Header> headers_;  // by slot modulo slots_; all zero where there is none, or not what was written
  std::vector<bool> used_;       // likewise: there is a header
  std::optional<std::uint64_t> stream_end_;
  std::uint64_t position_ = 0;
  bool appends_ = false;
  Header current_;  // of the slot that position_ is in
  std::unique_ptr<std::byte[]> buffer_;
  std::uint64_t buffer_begin_ = 0;
  std::uint64_t buffer_end_ = 0;
};

}  // namespace weir::ledger
