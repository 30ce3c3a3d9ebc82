// DownloadDriver: performs what a DownloadMachine decides, on a real origin and a real clock, and keeps the bytes that
// came until they are asked for.
//
// One mutex guards the machine and the lanes; the origin, wakers and releases of memory are called without it. One
// thread at a time performs actions, in their order; others only add to the queue. Calls under way keep the driver
// alive, so its owner may let go of it at any time.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "transfer/download_machine.hpp"
#include "weir/core/executor.hpp"
#include "weir/core/stage.hpp"
#include "weir/net/flow.hpp"
#include "weir/store/origin.hpp"

namespace weir::transfer {

/// Thread-safe.
class DownloadDriver : public std::enable_shared_from_this<DownloadDriver> {
 public:
  /// Memory comes from the context's budget in slabs of kSliceBytes, as many as its grant has room for.
  DownloadDriver(std::shared_ptr<Origin> origin, ObjectInfo object, DownloadMachineOptions options,
                 const Context& context, std::shared_ptr<RateLimiter> limiter = nullptr);
  /// May run inside the origin's last answer, on a thread of the origin's own: lets the origin go elsewhere.
  ~DownloadDriver();
  DownloadDriver(const DownloadDriver&) = delete;
  DownloadDriver& operator=(const DownloadDriver&) = delete;

  /// As that of the machine. Before the first next().
  void has_front(std::uint64_t bytes, std::uint64_t crc64nvme);
  /// The next chunk, empty at the end; pending until the context is woken.
  Result<Chunk> next();
  /// Ends the calls under way and gives their memory back; no wake comes after it.
  void stop();

  DownloadCounts counts() const;
  /// Bytes that came, those that were thrown away included.
  std::uint64_t received_bytes() const { return flow_.total(); }
  /// The bytes were compared with the store's checksum and are those.
  bool verified() const;

 private:
  /// One range's bytes, and its call.
  struct Lane {
    // The call's own, without the driver's lock, so that bytes are copied and hashed without it. `own` comes before it,
    // and is for the one who drops the lane.
    std::mutex own;
    Slab slab;
    std::uint64_t crc = 0;          // of the range so far
    std::uint64_t skip = 0;         // bytes that are still to be skipped
    std::uint64_t skipped = 0;      // bytes that were
    std::uint64_t skipped_crc = 0;  // of those that the download had before
    std::size_t granted = 0;        // bytes that may come, by the rate
    Time due{0};                    // and when
    std::size_t again = 0;          // bytes that were taken already and come once more after a pause
    // Under the lock.
    std::uint64_t request = 0;  // of the call under way, or 0
    bool held_back = false;     // its on_data said pending, for want of memory or room
    bool paced = false;         // or because it is not its turn yet
    bool turn_came = false;     // before the call was known here
    std::deque<Chunk> chunks;
    Origin::Running call;
  };
  using Lock = std::unique_lock<std::mutex>;
  using Input = std::function<void(DownloadMachine&)>;

  void drive(const Input& input);
  void perform(const FetchAction& action, Lock& lock);
  void read(const FetchAction& action, Lock& lock);
  void drop(std::uint64_t range, Lock& lock);
  void later(const FetchAction& action);
  void read_done(const std::shared_ptr<Lane>& lane, std::uint64_t request, Status status);
  Status take(const std::shared_ptr<Lane>& lane, std::uint64_t request, std::span<const std::byte> data);
  Status take_wanted(Lane& lane, std::uint64_t request, std::span<const std::byte> data, std::size_t& done);
  Status skip(Lane& lane, std::uint64_t request, std::span<const std::byte> data);
  Status need_slab(Lane& lane);
  Status wait_turn(const std::shared_ptr<Lane>& lane, std::uint64_t request, std::size_t bytes);
  void turn(const std::shared_ptr<Lane>& lane, std::uint64_t request);
  void keep(Lane& lane, std::uint64_t request, Chunk chunk);
  void wake_for(const Lane& lane);
  void go_on();

  std::shared_ptr<Origin> origin_;
  const ObjectInfo object_;
  const std::shared_ptr<Budget> budget_;
  const std::shared_ptr<Executor> executor_;
  const std::size_t most_slabs_;
  const bool hashed_;
  const std::uint64_t begin_;

  Flow flow_;  // of all calls together

  mutable std::mutex mutex_;
  DownloadMachine machine_;
  std::function<void()> wake_;
  bool started_ = false;
  bool performing_ = false;
  std::deque<FetchAction> actions_;
  std::map<std::uint64_t, std::shared_ptr<Lane>> lanes_;  // by number of their range
  std::size_t waiting_chunks_ = 0;                        // in all lanes
};

}  // namespace weir::transfer
