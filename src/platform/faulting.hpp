// ScopedFaults: the table of system calls with faults in it, for tests.
//
//   ScopedFaults faults;
//   faults.fail(Call::fdatasync, 1, EIO);      // the first fdatasync fails, later ones work
//   for (n = 1;; ++n) { ScopedFaults faults; faults.fail_any(n, EIO); run(); if (faults.fired() == 0) break; }
//
// Counts every call. A close that "fails" has closed, as on Linux. Clock and random draws are never touched.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "platform/platform.hpp"

namespace weir::platform {

enum class Call : std::uint8_t {
  open,
  close,
  read,
  write,
  pread,
  pread_nowait,
  pwrite,
  fstat,
  stat,
  fdatasync,
  fsync,
  rename,
  unlink,
  mkdir,
  rename_noreplace,
  fchmod,
  poll,
  send_nowait,
  realpath,
  read_directory,
  lock_byte,
  ftruncate,
};
inline constexpr std::size_t kCallCount = static_cast<std::size_t>(Call::ftruncate) + 1;

/// The call's name: "fdatasync".
const char* to_string(Call call) noexcept;

/// In force from construction to destruction; one at a time. Thread-safe: the calls may come from any thread.
class ScopedFaults {
 public:
  enum class Mode : std::uint8_t {
    once,
    persistent,  ///< the n-th call and all later ones
  };

  ScopedFaults();
  ~ScopedFaults();
  ScopedFaults(const ScopedFaults&) = delete;
  ScopedFaults& operator=(const ScopedFaults&) = delete;

  /// The `nth` call (from 1) of `call` fails with `error_number` and does nothing.
  void fail(Call call, std::uint64_t nth, int error_number, Mode mode = Mode::once);
  /// The `nth` of all calls together fails.
  void fail_any(std::uint64_t nth, int error_number, Mode mode = Mode::once);
  /// From now on each read and write moves a random part of what it is asked to, at least one byte.
  void short_counts(std::uint64_t seed);
  /// From now on one in `one_in` of the calls that may be interrupted fails with EINTR, never twice in a row.
  void interrupt(std::uint64_t seed, std::uint64_t one_in);
  /// Runs `action` just before the `nth` call of `call`: a place to change a file behind the reader's back.
  void before(Call call, std::uint64_t nth, std::function<void()> action);

  std::uint64_t count(Call call) const;
  std::uint64_t total() const;
  /// How many calls were made to fail (EINTR not counted).
  std::uint64_t fired() const;
  /// Descriptors opened and not yet closed since the start.
  std::int64_t open_descriptors() const;

  /// For the table: what is to become of this call. 0, or the errno to fail with; may lower `*bytes`.
  int decide(Call call, std::size_t* bytes);
  void opened_or_closed(int change);

 private:
  struct Fault {
    std::optional<Call> call;  ///< none: any
    std::uint64_t nth = 0;
    int error_number = 0;
    Mode mode = Mode::once;
  };
  struct Action {
    Call call{};
    std::uint64_t nth = 0;
    std::function<void()> run;
  };
  std::uint64_t draw(std::uint64_t bound);

  mutable std::mutex mutex_;
  std::array<std::uint64_t, kCallCount> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t fired_ = 0;
  std::int64_t open_ = 0;
  std::uint64_t state_ = 0;
  bool short_counts_ = false;
  std::uint64_t interrupt_one_in_ = 0;
  bool interrupted_last_ = false;
  std::vector<Fault> faults_;
  std::vector<Action> actions_;
};

}  // namespace weir::platform
