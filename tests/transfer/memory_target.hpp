// A target in memory whose calls end on threads of its own, after random times, with random failures.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "weir/codec/checksum.hpp"
#include "weir/store/target.hpp"

namespace weir::test {

struct MemoryTargetOptions {
  std::uint64_t seed = 1;
  unsigned fails_of_100 = 0;  ///< calls that fail in a transient way, half of them after doing their work
  std::chrono::microseconds longest{300};
  bool checksums = true;
  bool stalls = false;         ///< parts end only when cancelled
  bool refuses_parts = false;  ///< every part fails in a transient way
};

class MemoryTarget final : public Target {
 public:
  explicit MemoryTarget(MemoryTargetOptions options) : options_(options), random_(options.seed) {
    profile_.name = "memory";
    profile_.min_part_bytes = 64 * kKiB;
    profile_.preferred_part_bytes = 128 * kKiB;
    profile_.max_part_bytes = kMiB;
    profile_.max_parts = 64;
    profile_.max_object_bytes = 64 * kMiB;
    for (std::thread& thread : threads_) thread = std::thread([this] { run(); });
  }
  ~MemoryTarget() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  const Profile& profile() const override { return profile_; }
  std::string url() const override { return "memory://object"; }
  Profile profile_;
  std::optional<UploadIdentity> identity() const override { return UploadIdentity{"memory object", fingerprint}; }
  std::string fingerprint = "plain";
  std::atomic<unsigned> stall_after{UINT32_MAX};  ///< so many parts end, later ones only when cancelled
  std::atomic<bool> refuses_parts{false};         ///< as the option
  std::atomic<bool> cannot_list{false};
  std::atomic<unsigned> parts_put{0};
  std::atomic<unsigned> hidden_looks{0};  ///< so many looks find no object yet
  std::atomic<bool> tells_uploads{false};
  std::atomic<unsigned> loses_begins{0};  ///< so many begin an upload, and nobody hears of it
  std::atomic<int> clock_ahead{0};        ///< of the store's clock, seconds
  std::atomic<Kind> list_fails{Kind::ok};

  Cancel begin(Done<std::string> done) override {
    return later<std::string>(std::move(done), [this]() -> Result<std::string> {
      const std::string id = "upload-" + std::to_string(++last_id_);
      uploads_[id];
      begun_[id] = now();
      if (loses_begins == 0) return id;
      --loses_begins;
      return Status(Kind::network, "connection reset").with(Retry::transient);
    });
  }
  bool tells_open_uploads() const override { return tells_uploads; }
  Cancel open_uploads(Done<OpenHere> done) override {
    return later<OpenHere>(std::move(done), [this]() -> Result<OpenHere> {
      if (list_fails != Kind::ok) return Status(list_fails.load(), "no list for you");
      OpenHere here;
      for (const auto& [id, parts] : uploads_) here.uploads.push_back({"object", id, begun_[id]});
      here.now_unix = now();
      return here;
    });
  }
  /// As somebody else, or a process that was killed, has begun it; `begun_unix` 0: nobody tells when.
  void plant(const std::string& id, std::int64_t begun_unix, bool with_part = false) {
    const std::lock_guard lock(mutex_);
    uploads_[id];
    if (with_part) uploads_[id][1] = "a part";
    begun_[id] = begun_unix == 0 ? 0 : begun_unix + clock_ahead;
  }
  Cancel put_part(const std::string& id, Part part, Done<PartReceipt> done) override {
    const unsigned now = ++parts_at_once_;
    for (unsigned peak = peak_parts_; now > peak && !peak_parts_.compare_exchange_weak(peak, now);) {
    }
    auto counted = [this, done = std::move(done)](Result<PartReceipt> result) {
      --parts_at_once_;
      done(std::move(result));
    };
    auto work = [this, id, part]() -> Result<PartReceipt> {
      if (options_.refuses_parts || refuses_parts)
        return Status(Kind::unavailable, "503 from the store").with(Retry::transient);
      const auto upload = uploads_.find(id);
      if (upload == uploads_.end()) return Status(Kind::not_found, "NoSuchUpload");
      WEIR_ASSIGN(std::string bytes, bytes_of(part));
      const std::uint64_t crc = crc_of(bytes);
      if (part.crc64nvme && *part.crc64nvme != crc) return Status(Kind::corrupt, "BadDigest");
      upload->second[part.number] = std::move(bytes);
      ++parts_put;
      return PartReceipt{part.number, part.offset, part.length,
                         crc,         "e",         options_.checksums ? crc64nvme_base64(crc) : ""};
    };
    return later<PartReceipt>(std::move(counted), std::move(work), options_.stalls || ++parts_begun_ > stall_after);
  }
  Cancel list_parts(const std::string& id, Done<std::vector<PartReceipt>> done) override {
    return later<std::vector<PartReceipt>>(std::move(done), [this, id]() -> Result<std::vector<PartReceipt>> {
      if (cannot_list) return Status(Kind::unsupported, "nobody tells");
      const auto upload = uploads_.find(id);
      if (upload == uploads_.end()) return Status(Kind::not_found, "NoSuchUpload");
      std::vector<PartReceipt> parts;
      for (const auto& [number, bytes] : upload->second) {
        const std::uint64_t crc = crc_of(bytes);
        parts.push_back({number, 0, bytes.size(), {}, "e", {}});
        if (options_.checksums) parts.back().crc64nvme = crc, parts.back().checksum = crc64nvme_base64(crc);
      }
      return parts;
    });
  }
  Cancel commit(const std::string& id, std::vector<PartReceipt> parts, Whole whole, Done<Stored> done) override {
    if (before_commit) before_commit();
    auto work = [this, id, parts = std::move(parts), whole]() -> Result<Stored> {
      const auto upload = uploads_.find(id);
      if (upload == uploads_.end()) return Status(Kind::not_found, "NoSuchUpload");
      std::string bytes;
      for (const PartReceipt& part : parts) {
        const auto found = upload->second.find(part.number);
        const bool is_it = found != upload->second.end() && found->second.size() == part.length;
        if (!is_it) return Status(Kind::invalid_argument, "InvalidPart");
        bytes += found->second;
      }
      if (bytes.size() != whole.length) return Status(Kind::invalid_argument, "wrong size");
      if (whole.crc64nvme && *whole.crc64nvme != crc_of(bytes)) return Status(Kind::corrupt, "BadDigest");
      uploads_.erase(upload);
      object_ = std::move(bytes);
      return stored();
    };
    return later<Stored>(std::move(done), std::move(work));
  }
  Cancel abort(const std::string& id, Done<None> done) override {
    return later<None>(std::move(done), [this, id]() -> Result<None> {
      uploads_.erase(id);
      return None{};
    });
  }
  Cancel put_whole(Part part, Done<Stored> done) override {
    return later<Stored>(std::move(done), [this, part]() -> Result<Stored> {
      WEIR_ASSIGN(object_, bytes_of(part));
      Stored answer = stored();
      answer.sent_crc64nvme = crc_of(*object_);
      return answer;
    });
  }
  Cancel inspect(Done<Stored> done) override {
    ++inspects_;
    return later<Stored>(std::move(done), [this]() -> Result<Stored> {
      if (!object_ || (hidden_looks > 0 && hidden_looks-- > 0)) return Status(Kind::not_found, "NoSuchKey");
      return stored();
    });
  }

  /// What a store has at one moment, as a kill of its user leaves it.
  struct Image {
    std::map<std::string, std::map<std::uint32_t, std::string>> uploads;
    std::optional<std::string> object;
  };
  Image image() const {
    const std::lock_guard lock(mutex_);
    return {uploads_, object_};
  }
  void restore(Image image) {
    const std::lock_guard lock(mutex_);
    uploads_ = std::move(image.uploads);
    object_ = std::move(image.object);
  }
  std::function<void()> before_commit;  ///< called when one is asked for

  // To look at when nothing runs any more.
  std::optional<std::string> object() const {
    const std::lock_guard lock(mutex_);
    return object_;
  }
  /// Uploads that were begun and answered for, and are still there.
  std::size_t open_uploads() const {
    const std::lock_guard lock(mutex_);
    return uploads_.size() - lost_begins_;
  }
  /// Begun by calls that failed at random all the same.
  unsigned lost_begins() const {
    const std::lock_guard lock(mutex_);
    return lost_begins_;
  }
  /// All that are there.
  std::vector<std::string> upload_ids() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> ids;
    for (const auto& [id, parts] : uploads_) ids.push_back(id);
    return ids;
  }
  void lose_part(std::uint32_t number) {
    const std::lock_guard lock(mutex_);
    for (auto& [id, parts] : uploads_) parts.erase(number);
  }
  void lose_uploads() {
    const std::lock_guard lock(mutex_);
    uploads_.clear();
  }
  unsigned peak_parts() const { return peak_parts_; }
  unsigned inspects() const { return inspects_; }
  /// Waits until no call is under way.
  void settle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return tasks_.empty() && busy_ == 0; });
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Task {
    std::function<void(bool cancelled)> run;
    std::shared_ptr<std::atomic<bool>> cancelled;
  };

  std::int64_t now() const { return std::time(nullptr) + clock_ahead; }
  static std::uint64_t crc_of(const std::string& bytes) { return crc64nvme(0, std::as_bytes(std::span(bytes))); }
  static Result<std::string> bytes_of(const Part& part) {
    std::string bytes;
    for (const Chunk& chunk : part.chunks) bytes += chunk.text();
    if (part.replay && part.length > 0) {
      bytes.resize(part.length);
      WEIR_TRY(part.replay->read_at(part.offset, std::as_writable_bytes(std::span(bytes)), true));
    }
    if (bytes.size() != part.length) return Status(Kind::internal, "a part without all its bytes");
    return bytes;
  }
  Stored stored() const {
    Stored answer{object_->size(), "etag", {}, {}};
    if (options_.checksums) answer.crc64nvme = crc_of(*object_);
    return answer;
  }

  template <class T, class Work>
  Cancel later(Done<T> done, Work work, bool stalls = false) {
    const std::lock_guard lock(mutex_);
    const unsigned luck = static_cast<unsigned>(random_() % 100);
    const bool fails = luck < options_.fails_of_100;
    const bool works = !fails || luck % 2 == 0;
    auto run = [this, done = std::move(done), work = std::move(work), fails, works](bool was_cancelled) {
      Result<T> result = Status(Kind::cancelled, "cancelled");
      if (!was_cancelled) {
        const std::lock_guard inner(mutex_);
        const Status lost = Status(Kind::network, "connection reset").with(Retry::transient);
        result = works ? Result<T>(work()) : Result<T>(lost);
        if (fails && works && std::is_same_v<T, std::string>) ++lost_begins_;
        if (fails) result = lost;
      }
      done(std::move(result));
    };
    const auto delay = stalls ? std::chrono::hours(1)
                              : std::chrono::microseconds(random_() % static_cast<unsigned>(options_.longest.count()));
    auto cancelled = std::make_shared<std::atomic<bool>>(false);
    tasks_.emplace(Clock::now() + delay, Task{std::move(run), cancelled});
    changed_.notify_all();
    return [this, cancelled] {
      cancelled->store(true);
      const std::lock_guard inner(mutex_);
      changed_.notify_all();
    };
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      auto next = tasks_.begin();
      for (auto task = tasks_.begin(); task != tasks_.end(); ++task) {
        if (task->second.cancelled->load()) next = task;
      }
      if (next == tasks_.end()) {
        changed_.wait(lock);
      } else if (const auto when = next->first; when > Clock::now() && !next->second.cancelled->load()) {
        changed_.wait_until(lock, when);
      } else {
        {
          Task task = std::move(next->second);
          tasks_.erase(next);
          ++busy_;
          lock.unlock();
          task.run(task.cancelled->load());
        }
        lock.lock();
        --busy_;
        changed_.notify_all();
      }
    }
  }

  const MemoryTargetOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::mt19937_64 random_;
  std::multimap<Clock::time_point, Task> tasks_;
  std::map<std::string, std::map<std::uint32_t, std::string>> uploads_;
  std::map<std::string, std::int64_t> begun_;  // when, by the store's clock
  std::optional<std::string> object_;
  std::atomic<unsigned> parts_at_once_{0};
  std::atomic<unsigned> peak_parts_{0};
  std::atomic<unsigned> inspects_{0};
  std::atomic<unsigned> parts_begun_{0};
  unsigned last_id_ = 0;
  unsigned lost_begins_ = 0;
  unsigned busy_ = 0;
  bool stopping_ = false;
  std::array<std::thread, 3> threads_;
};

}  // namespace weir::test
