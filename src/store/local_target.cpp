#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "store/local_kept.hpp"
#include "store/local_root.hpp"
#include "store/local_target.hpp"

namespace weir {
namespace {

using store::LocalDestination;
using store::LocalFile;
using Flag = std::shared_ptr<std::atomic<bool>>;

constexpr std::uint64_t kMaxFileBytes = std::numeric_limits<std::int64_t>::max();

Profile local_profile(bool durable) {
  Profile profile;
  profile.name = "local";
  profile.min_part_bytes = kMiB;  // a choice: smaller ones would only be more
  profile.max_part_bytes = kMaxFileBytes;
  profile.max_parts = std::numeric_limits<std::uint32_t>::max();
  profile.max_object_bytes = kMaxFileBytes;
  profile.max_single_bytes = kMaxFileBytes;
  profile.preferred_part_bytes = kFrameBytes;
  profile.takes_crc = true;
  profile.vouches = false;
  profile.most_at_once = 1;  // writes to one file wait for each other, and burn CPU while they do
  profile.durability = durable ? Durability::whole : Durability::none;
  return profile;
}

class LocalTarget final : public Target, public std::enable_shared_from_this<LocalTarget> {
 public:
  LocalTarget(std::string path, store::LocalWay way, LocalOptions options)
      : path_(std::move(path)), way_(std::move(way)), options_(std::move(options)) {}
  const Profile& profile() const override {
    static const Profile kDurable = local_profile(true);
    static const Profile kVolatile = local_profile(false);
    return options_.durable ? kDurable : kVolatile;
  }
  std::string url() const override { return path_; }
  std::optional<UploadIdentity> identity() const override;
  void expect(const Expected& what) override { expected_ = what; }

  Cancel begin(Done<std::string> done) override {
    return run<std::string>(std::move(done), [](LocalTarget& self, const auto&) { return self.create(); });
  }
  Cancel put_part(const std::string& id, Part part, Done<PartReceipt> done) override {
    return run<PartReceipt>(std::move(done), [id, part = std::move(part)](LocalTarget& self, const auto& cancelled) {
      auto file = self.find(id);
      return file ? (*file)->write(part, cancelled) : file.status();
    });
  }
  Cancel list_parts(const std::string& id, Done<std::vector<PartReceipt>> done) override {
    return run<std::vector<PartReceipt>>(std::move(done),
                                         [id](LocalTarget& self, const auto&) -> Result<std::vector<PartReceipt>> {
                                           WEIR_ASSIGN(const auto file, self.find(id));
                                           return file->parts();
                                         });
  }
  Result<std::shared_ptr<Kept>> kept(const std::string& id, const std::vector<PartReceipt>& parts,
                                     std::uint64_t length) override;
  Cancel sync(const std::string& id, Done<None> done) override {
    return run<None>(std::move(done), [id](LocalTarget& self, const auto&) -> Result<None> {
      WEIR_ASSIGN(const auto file, self.find(id));
      WEIR_TRY(file->sync());
      return None{};
    });
  }
  Cancel commit(const std::string& id, std::vector<PartReceipt> parts, Whole whole, Done<Stored> done) override {
    return run<Stored>(std::move(done), [id, parts = std::move(parts), whole](LocalTarget& self, const auto&) {
      return self.finish(id, parts, whole);
    });
  }
  Cancel abort(const std::string& id, Done<None> done) override {
    return run<None>(std::move(done), [id](LocalTarget& self, const auto&) { return self.remove(id); });
  }
  Cancel put_whole(Part part, Done<Stored> done) override {
    return run<Stored>(std::move(done), [part = std::move(part)](LocalTarget& self, const auto& cancelled) {
      return self.put_at_once(part, cancelled);
    });
  }
  Cancel inspect(Done<Stored> done) override {
    return run<Stored>(std::move(done), [](LocalTarget& self, const auto&) { return self.look(); });
  }

 private:
  /// Does `work(*this, cancelled)` on a thread that may block, and hands its result to `done`.
  template <class T, class Work>
  Cancel run(Done<T> done, Work work) {
    Flag cancelled = std::make_shared<std::atomic<bool>>(false);
    const auto executor = options_.executor ? options_.executor : detail::nearby_executor();
    executor->post_blocking(
        [self = shared_from_this(), cancelled, done = std::move(done), work = std::move(work)]() mutable {
          if (cancelled->load(std::memory_order_relaxed)) {
            done(Status(Kind::cancelled, "the upload was told to stop").during("write " + self->path_));
            return;
          }
          Result<T> result = work(*self, *cancelled);
          done(std::move(result));
        });
    return [cancelled] { cancelled->store(true, std::memory_order_relaxed); };
  }

  Result<std::string> create() {
    WEIR_ASSIGN(auto destination, way_.find(options_));
    WEIR_ASSIGN(auto file, LocalFile::create(std::move(destination)));
    file->is_modified(expected_.modified_unix);
    std::string id = file->id();
    std::lock_guard lock(mutex_);
    uploads_[id] = std::move(file);
    return id;
  }

  Result<std::shared_ptr<LocalFile>> find(const std::string& id) {
    std::lock_guard lock(mutex_);
    const auto found = uploads_.find(id);
    if (found != uploads_.end()) return found->second;
    return Status(Kind::not_found, "there is no such upload").during("write " + path_);
  }

  Result<Stored> finish(const std::string& id, const std::vector<PartReceipt>& parts, const Whole& whole) {
    WEIR_ASSIGN(const auto file, find(id));
    auto stored = file->commit(parts, whole, options_.durable, options_.replace);
    if (stored) forget(id);
    return stored;
  }

  Result<None> remove(const std::string& id) {
    if (auto file = find(id)) {
      WEIR_TRY((*file)->remove());
      forget(id);
      return None{};
    }
    WEIR_ASSIGN(const auto destination, way_.find(anything()));
    WEIR_TRY(LocalFile::discard(destination, id));
    return None{};
  }

  Result<Stored> put_at_once(const Part& part, const std::atomic<bool>& cancelled) {
    WEIR_ASSIGN(auto destination, way_.find(options_));
    WEIR_ASSIGN(const auto file, LocalFile::create(std::move(destination)));
    file->is_modified(expected_.modified_unix);
    WEIR_ASSIGN(const auto receipt, file->write(part, cancelled));
    WEIR_ASSIGN(Stored stored,
                file->commit({receipt}, {receipt.length, receipt.crc64nvme}, options_.durable, options_.replace));
    stored.sent_crc64nvme = receipt.crc64nvme;
    return stored;
  }

  Result<Stored> look() {
    WEIR_ASSIGN(const struct stat found, way_.look());
    if (!S_ISREG(found.st_mode)) return Status(Kind::invalid_argument, "it is not a file").during("examine " + path_);
    Stored stored;
    stored.length = static_cast<std::uint64_t>(found.st_size);
    stored.etag = store::local_etag(found);
    return stored;
  }

  /// What stands under the name does not matter.
  LocalOptions anything() const {
    LocalOptions options = options_;
    options.replace = true;
    return options;
  }

  void forget(const std::string& id) {
    std::lock_guard lock(mutex_);
    uploads_.erase(id);
  }

  const std::string path_;
  const store::LocalWay way_;
  LocalOptions options_;
  Expected expected_;  ///< told before all else
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<LocalFile>> uploads_;  ///< by id, the temporary file's name
};

/// Without a sync, nothing that is recorded would have to be there.
std::optional<UploadIdentity> LocalTarget::identity() const {
  if (!options_.durable) return {};
  const auto to = way_.find(options_);
  if (!to) return {};
  const std::unique_ptr<char, decltype(&std::free)> real(platform::platform().realpath(to->directory.c_str()),
                                                         &std::free);
  if (!real) return {};
  std::string path = real.get();
  path += (path == "/" ? "" : "/") + to->name;
  UploadIdentity identity;
  identity.place = "file " + path;
  identity.readable = true;
  identity.destination = std::move(path);
  return identity;
}

Result<std::shared_ptr<Kept>> LocalTarget::kept(const std::string& id, const std::vector<PartReceipt>& parts,
                                                std::uint64_t length) {
  WEIR_ASSIGN(auto destination, way_.find(options_));
  auto file = LocalFile::adopt(destination, id, parts, length);
  if (!file && file.status().kind() == Kind::io) return file.status();
  if (!file) file = LocalFile::adopt_finished(std::move(destination), parts, length);
  if (!file) return std::shared_ptr<Kept>();
  (*file)->is_modified(expected_.modified_unix);
  std::lock_guard lock(mutex_);
  uploads_[id] = *file;
  return std::shared_ptr<Kept>(std::make_shared<store::LocalKept>(*std::move(file), parts));
}

}  // namespace

std::shared_ptr<Target> local_target(std::string path, LocalOptions options) {
  store::LocalWay way;
  way.find = [path](const LocalOptions& wanted) -> Result<LocalDestination> {
    const std::size_t slash = path.rfind('/');
    if (wanted.make_directories && slash != std::string::npos && slash > 0)
      WEIR_TRY(store::make_directories(path.substr(0, slash)).during("write " + path));
    return LocalDestination::find(path, wanted.replace);
  };
  way.look = [path]() -> Result<struct stat> {
    struct stat found {};
    if (platform::platform().stat(path.c_str(), &found) != 0) return platform::errno_status(errno, "examine " + path);
    return found;
  };
  return store::local_target_by(std::move(way), std::move(path), std::move(options));
}

std::shared_ptr<Target> store::local_target_by(LocalWay way, std::string path, LocalOptions options) {
  return std::make_shared<LocalTarget>(std::move(path), std::move(way), std::move(options));
}

}  // namespace weir
