#include "transfer/kept_reader.hpp"

#include <utility>

namespace weir::transfer {

KeptReader::KeptReader(std::shared_ptr<Kept> kept, const Context& context)
    : kept_(std::move(kept)),
      budget_(context.budget),
      executor_(context.executor ? context.executor : Executor::default_pool()),
      wake_(context.wake) {}

Result<Chunk> KeptReader::next() {
  Result<Chunk> result = Status::pending();
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return Chunk();
    if (reading_) return Status::pending();
    if (ready_) {
      result = *std::exchange(ready_, std::nullopt);
      if (!result.ok()) return result;
      ended_ = result->empty();
      if (ended_) return result;
    }
    reading_ = true;
  }
  auto slab = budget_->acquire(kSliceBytes, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    std::unique_lock lock(self->mutex_);
    const std::function<void()> wake = self->wake_;
    lock.unlock();
    if (wake) wake();
  });
  if (slab.ok()) {
    read(*std::move(slab));
  } else {
    const std::lock_guard lock(mutex_);
    reading_ = false;
    if (!slab.status().is_pending()) return slab.status();
  }
  return result;
}

void KeptReader::read(Slab slab) {
  const auto into = std::make_shared<Slab>(std::move(slab));
  executor_->post_blocking([self = shared_from_this(), into] {
    const Result<std::size_t> got = self->kept_->read(into->free());
    Result<Chunk> chunk = got.ok() ? Result<Chunk>(*got > 0 ? into->take(*got) : Chunk()) : Result<Chunk>(got.status());
    *into = Slab();
    std::unique_lock lock(self->mutex_);
    self->ready_ = std::move(chunk);
    self->reading_ = false;
    const std::function<void()> wake = self->wake_;
    lock.unlock();
    if (wake) wake();
  });
}

void KeptReader::stop() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
}

}  // namespace weir::transfer
