#include "server/stored_body.hpp"

#include <utility>

namespace weir::server {
namespace {

constexpr std::size_t kBudget = 16 * kMiB;

}  // namespace

StoredBody::StoredBody(std::string place, EndpointOptions endpoint, std::shared_ptr<Executor> loop)
    : place_(std::move(place)), endpoint_(std::move(endpoint)), loop_(std::move(loop)) {}

void StoredBody::begin(std::function<void(Status)> ready) {
  ready_ = std::move(ready);
  handle_.notify([weak = weak_from_this(), loop = loop_] {
    loop->post([weak] {
      if (const auto self = weak.lock()) self->look();
    });
  });
  // A source may have to ask its store what it reads.
  Executor::default_pool()->post_blocking([self = shared_from_this()]() mutable {
    JobOptions options;
    options.budget_bytes = kBudget;
    auto job = std::make_shared<Job>(
        start(From(from(self->place_, self->endpoint_)) | To(self->handle_.sink()), std::move(options)));
    const auto loop = self->loop_;
    loop->post([self = std::move(self), job] {
      self->job_ = std::move(*job);
      self->look();
    });
  });
}

void StoredBody::look() {
  if (!ready_) {
    if (wake_) wake_();
    return;
  }
  auto chunk = handle_.try_read();
  if (chunk.status().is_pending()) return;
  const auto ready = std::exchange(ready_, nullptr);
  if (!chunk.ok()) return ready(chunk.status());
  first_ = *std::move(chunk);
  ready(Status());
}

bool StoredBody::next(std::string& into) {
  auto chunk = first_ ? Result<Chunk>(*std::exchange(first_, std::nullopt)) : handle_.try_read();
  if (chunk.status().is_pending()) return true;
  broke_ = !chunk.ok();
  if (broke_ || chunk->empty()) return false;
  into += chunk->text();
  return true;
}

}  // namespace weir::server
