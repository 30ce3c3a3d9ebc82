#include "store/local_origin.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "weir/core/budget.hpp"

namespace weir::store {
namespace {

/// One read, on threads that may block: none is held while the reader says pending.
class LocalRead : public std::enable_shared_from_this<LocalRead> {
 public:
  LocalRead(std::shared_ptr<const LocalRoot> root, ObjectInfo object, std::uint64_t offset, std::uint64_t length,
            Origin::OnData on_data, std::function<void(Status)> done, std::shared_ptr<Executor> executor)
      : root_(std::move(root)),
        object_(std::move(object)),
        offset_(offset),
        left_(length),
        on_data_(std::move(on_data)),
        done_(std::move(done)),
        executor_(std::move(executor)) {}

  void post() {
    executor_->post_blocking([self = shared_from_this()] { self->run(); });
  }
  void cancel() {
    cancelled_ = true;
    resume();
  }
  void resume() {
    {
      std::lock_guard lock(mutex_);
      resumed_ = true;
      if (!std::exchange(waits_, false)) return;
    }
    post();
  }

 private:
  void run() {
    const Status status = deliver();
    if (status.is_pending()) return;
    on_data_ = nullptr;
    std::exchange(done_, nullptr)(status);
  }

  Status open() {
    WEIR_ASSIGN(LocalObject opened, root_->open(object_.key));
    if (opened.info.etag != object_.etag) return replaced();
    file_ = std::move(opened.file);
    buffer_ = std::make_unique<std::byte[]>(kSliceBytes);
    return {};
  }

  Status deliver() {
    if (!file_) {
      if (Status status = open(); !status.ok()) return status.kind() == Kind::not_found ? replaced() : status;
    }
    while (!cancelled_) {
      if (held_.empty() && left_ == 0) return file_->check_unchanged();
      if (held_.empty()) {
        const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kSliceBytes));
        WEIR_ASSIGN(const std::size_t got, file_->read_at(offset_, std::span(buffer_.get(), most), true));
        if (got == 0) return replaced();
        held_ = std::span(buffer_.get(), got);
        offset_ += got;
        left_ -= got;
      }
      Status status = on_data_(held_);
      if (status.ok()) {
        held_ = {};
      } else if (!status.is_pending() || waits()) {
        return status;
      }
    }
    return Status(Kind::cancelled, "the read was told to stop").during("read " + root_->url(object_.key));
  }

  /// False where resume() has come already.
  bool waits() {
    std::lock_guard lock(mutex_);
    if (std::exchange(resumed_, false)) return false;
    waits_ = true;
    return true;
  }

  Status replaced() const {
    return Status(Kind::source_changed, "the file is no longer what it was when it was looked at")
        .during("read " + root_->url(object_.key))
        .advise("Let whoever writes it finish, then run the same command again.");
  }

  const std::shared_ptr<const LocalRoot> root_;
  const ObjectInfo object_;
  std::uint64_t offset_;
  std::uint64_t left_;
  Origin::OnData on_data_;
  std::function<void(Status)> done_;
  const std::shared_ptr<Executor> executor_;
  std::shared_ptr<stages::FileReplay> file_;
  std::unique_ptr<std::byte[]> buffer_;
  std::span<const std::byte> held_;  ///< read, and not yet taken
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  bool resumed_ = false;
  bool waits_ = false;
};

/// Thread-safe.
class LocalOrigin final : public Origin {
 public:
  LocalOrigin(std::shared_ptr<const LocalRoot> root, std::string key, std::shared_ptr<Executor> executor)
      : root_(std::move(root)), key_(std::move(key)), executor_(std::move(executor)) {}

  std::string url() const override { return root_->url(key_); }

  std::function<void()> look(std::function<void(Result<ObjectInfo>)> done) override {
    executor_->post_blocking([root = root_, key = key_, done = std::move(done)] { done(root->look(key)); });
    return [] {};
  }

  Running read(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length, OnData on_data,
               std::function<void(Status)> done) override {
    const auto read =
        std::make_shared<LocalRead>(root_, object, offset, length, std::move(on_data), std::move(done), executor_);
    read->post();
    // Between two runs nothing but these holds a read that waits.
    return {[read] { read->cancel(); }, [read] { read->resume(); }};
  }

 private:
  const std::shared_ptr<const LocalRoot> root_;
  const std::string key_;
  const std::shared_ptr<Executor> executor_;
};

}  // namespace

std::shared_ptr<Origin> local_origin(std::shared_ptr<const LocalRoot> root, std::string key,
                                     std::shared_ptr<Executor> executor) {
  return std::make_shared<LocalOrigin>(std::move(root), std::move(key), std::move(executor));
}

}  // namespace weir::store
