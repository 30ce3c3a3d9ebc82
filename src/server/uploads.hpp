// The uploads of a server: what has come of each, how much of that lasts, and who may add to it. On the server's one
// thread; what waits for the disk is done elsewhere, and flushes are shared.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/served_uploads.hpp"
#include "server/upload_files.hpp"
#include "weir/core/executor.hpp"
#include "weir/core/progress.hpp"

namespace weir::server {

using ledger::ServedUpload;

struct UploadLimits {
  std::uint64_t bytes = 5ull << 40;                            ///< of one upload
  std::chrono::seconds lifetime = std::chrono::hours(24 * 7);  ///< of one that nothing is added to; 0: for ever
  std::size_t unfinished = 100'000;
  std::size_t unfinished_of_one = 10'000;  ///< owner, where they are told apart
};

class Uploads;
class Appending;
class Upload;

/// Told what happens to any upload.
class UploadWatcher {
 public:
  virtual ~UploadWatcher() = default;
  /// It is new, or one of its numbers or its state is another.
  virtual void changed(const Upload& upload) = 0;
  virtual void removed(const Upload& upload) = 0;
};

/// One upload.
class Upload : public std::enable_shared_from_this<Upload> {
 public:
  Upload(std::shared_ptr<Uploads> uploads, ServedUpload record, std::uint64_t received)
      : uploads_(uploads), record_(std::move(record)), received_(received) {}

  /// Null while the server goes down.
  std::shared_ptr<Uploads> uploads() const { return uploads_.lock(); }
  const ServedUpload& record() const { return record_; }
  const std::string& id() const { return record_.id; }
  /// In the file, in order. What record() calls durable is at most that.
  std::uint64_t received() const { return received_; }
  bool whole() const { return record_.length == received_; }
  bool unfinished() const { return record_.state == ServedUpload::State::receiving; }
  /// Whole and safe here, and to be stored elsewhere; what becomes part of another is not.
  bool waits_for_store() const { return record_.state == ServedUpload::State::received && !record_.is_part(); }
  bool stored() const { return record_.state == ServedUpload::State::stored; }

  /// From now on only who comes now adds to it: who did so until now is told by its `fenced`, and adds nothing any
  /// more. `ready` is called once all that had come is in the file.
  std::shared_ptr<Appending> take_over(std::function<void()> fenced, std::function<void(Status)> ready);
  /// `done` once all that has come is in the file and lasts, or why it does not.
  void make_durable(std::function<void(Status)> done);
  /// Once, and not less than what has come. Lasts with the next make_durable().
  void set_length(std::uint64_t bytes) {
    record_.length = bytes;
    unwritten_ = true;
  }
  /// Becomes whole by what `work` writes into its file, from an empty one; `done` once it is stored, or has failed.
  void fill(std::uint64_t bytes, std::function<Status(UploadFiles&, platform::Fd&)> work, std::function<void()> done);
  /// Nothing more is taken, for this reason.
  void fail(std::string why);
  /// Why it is not stored yet, for who looks: until it is, or the next start.
  void wait_because(std::string why);
  /// Of the job that stores it; null: there is none.
  void moves_on(std::shared_ptr<const Progress> progress);
  const std::shared_ptr<const Progress>& progress() const { return progress_; }
  /// Told of every change of the numbers above, until it is destroyed.
  using Watch = std::shared_ptr<std::function<void()>>;
  void watch(const Watch& watch) { watches_.push_back(watch); }

 private:
  friend class Uploads;
  friend class Appending;
  /// Its file, opened when it is first asked for. On a thread that may wait.
  using File = std::function<Result<platform::Fd*>()>;
  using Work = std::function<Status(UploadFiles&, const File&)>;
  struct Task {
    Work work;  // null: nothing but the turn
    std::function<void(Status)> done;
    std::shared_ptr<platform::Fd> file = nullptr;
  };

  void enqueue(Work work, std::function<void(Status)> done);
  void run_next();
  void flush_now_and_then();
  void changed();

  const std::weak_ptr<Uploads> uploads_;
  ServedUpload record_;
  std::uint64_t received_;
  std::shared_ptr<platform::Fd> file_;  // while something is to be done
  std::deque<Task> tasks_;
  bool busy_ = false;
  bool flushing_ = false;   // in the middle of a request
  bool unwritten_ = false;  // record() has what no flush has taken yet
  std::shared_ptr<const Progress> progress_;
  std::weak_ptr<Appending> holder_;
  std::vector<std::weak_ptr<std::function<void()>>> watches_;
};

/// The right to add to an upload.
class Appending : public std::enable_shared_from_this<Appending> {
 public:
  Appending(std::shared_ptr<Upload> upload, std::function<void()> fenced)
      : upload_(std::move(upload)), fenced_(std::move(fenced)) {}
  ~Appending();

  Upload& upload() { return *upload_; }
  bool is_fenced() const { return fenced_ == nullptr; }
  /// Before the first write(): nothing of it counts before keep(), and without that all of it goes.
  void hold() { holds_ = true; }
  /// Behind what was written before. `room` is called when waiting() has become less.
  void write(Chunk bytes, std::function<void()> room);
  /// Bytes that are not in the file yet.
  std::uint64_t waiting() const { return waiting_; }
  /// Bytes written, in the file or not.
  std::uint64_t written() const { return written_; }
  /// Of what is held and in the file, after finish().
  void keep();
  /// The same, read again.
  void digest_of_held(const std::string& algorithm, std::function<void(Result<std::string>)> done);
  /// Once all is in the file: ok, or why not all is. What is held goes, what counts is made durable.
  void finish(std::function<void(Status)> done);

 private:
  friend class Upload;
  friend class Uploads;
  void write_next();
  void drop_chunks();
  void no_longer_waits(std::uint64_t bytes);

  const std::shared_ptr<Upload> upload_;
  std::function<void()> fenced_;  // null: somebody else has the right
  bool holds_ = false;
  bool writing_ = false;
  std::vector<Chunk> chunks_;  // to be written next
  std::uint64_t waiting_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t in_file_ = 0;
  Status failure_;
  std::function<void()> room_;
  std::function<void(Status)> finished_;
};

struct NewUpload {
  std::optional<std::uint64_t> length;
  std::string metadata = {};
  std::string concat = {};
  std::string owner = {};
};

class Uploads : public std::enable_shared_from_this<Uploads> {
 public:
  struct Setup {
    std::shared_ptr<UploadFiles> files;
    std::unique_ptr<ledger::ServedUploads> known;
    std::shared_ptr<Executor> loop;  ///< the server's thread
    std::shared_ptr<Executor> pool;  ///< whose threads may wait
    UploadLimits limits;
    std::string boot;        ///< tells this run of the machine from others
    bool stays_here = true;  ///< the folder is where uploads end; else settle() says where
  };
  /// Finds what an earlier process left. Waits for the disk.
  static Result<std::shared_ptr<Uploads>> open(Setup setup);
  explicit Uploads(Setup setup) : setup_(std::move(setup)) {}

  void watched_by(std::weak_ptr<UploadWatcher> watcher) { watchers_.push_back(std::move(watcher)); }
  const UploadLimits& limits() const { return setup_.limits; }
  UploadFiles& files() { return *setup_.files; }
  Executor& pool() { return *setup_.pool; }
  Executor& loop() { return *setup_.loop; }
  std::shared_ptr<Executor> loop_executor() const { return setup_.loop; }
  std::shared_ptr<Upload> find(const std::string& id) const;
  /// Whether it was here, and was removed or has expired, not long ago.
  bool was_here(const std::string& id) const;
  std::size_t unfinished() const { return unfinished_; }
  const std::unordered_map<std::string, std::shared_ptr<Upload>>& all() const { return uploads_; }

  /// Told once it lasts. unavailable: there are too many.
  void create(NewUpload what, std::function<void(Result<std::shared_ptr<Upload>>)> done);
  /// With all that has come of it, whoever adds to it. `done` once that lasts.
  void remove(const std::shared_ptr<Upload>& upload, std::function<void(Status)> done);
  /// What has become of one that was received, or of its beginning: it is `stored` at `result`, and its file here goes,
  /// or `failed` by that reason.
  void settle(const std::shared_ptr<Upload>& upload, ServedUpload::State state, std::string result);
  /// Of all uploads: bytes that are in no file yet.
  std::uint64_t waiting() const { return waiting_; }
  /// Nothing is on its way to the disk.
  bool quiet() const { return work_ == 0; }
  /// Removes what nobody has added to for the limits' lifetime.
  void expire();

 private:
  friend class Upload;
  friend class Appending;
  struct Flush {
    std::shared_ptr<Upload> upload;
    std::vector<std::function<void(Status)>> done;
  };

  Status find_earlier();
  Status recover(ServedUpload record, std::optional<UploadFiles::Arrived> there, std::vector<ServedUpload>& rewritten);
  void flush(const std::shared_ptr<Upload>& upload, std::function<void(Status)> done);
  void flush_next();
  void add(const std::shared_ptr<Upload>& upload);
  void finished(const Upload& upload);
  void forget(const std::shared_ptr<Upload>& upload, std::function<void(Status)> done);
  void tell_changed(const Upload& upload);
  std::int64_t expiry() const;

  Setup setup_;
  std::vector<std::weak_ptr<UploadWatcher>> watchers_;
  std::unordered_map<std::string, std::shared_ptr<Upload>> uploads_;
  std::deque<std::string> gone_;  // the last that were removed
  std::size_t unfinished_ = 0;
  std::map<std::string, std::size_t> of_owner_;
  std::map<std::string, Flush> to_flush_;
  bool flushing_ = false;
  std::uint64_t waiting_ = 0;
  std::size_t work_ = 0;  // handed to the pool and not answered yet, or waiting for its turn
};

}  // namespace weir::server
