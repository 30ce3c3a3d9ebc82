#include "server/arriving_source.hpp"

#include <algorithm>
#include <utility>

#include "weir/stages/slices.hpp"

namespace weir::server {
namespace {

/// What has come, read again.
class ArrivalReplay final : public Replay {
 public:
  explicit ArrivalReplay(std::shared_ptr<Arrival> arrival) : arrival_(std::move(arrival)) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into, bool may_block) override {
    if (!may_block) return Status::pending();
    return platform::pread_fully(arrival_->file().get(), into, offset, "upload " + arrival_->id());
  }
  Status check_unchanged() override { return {}; }
  std::optional<SourceIdentity> lasting_identity() const override { return arrival_->identity(); }

 private:
  const std::shared_ptr<Arrival> arrival_;
};

class ArrivingSource final : public Source {
 public:
  ArrivingSource(std::shared_ptr<Arrival> arrival, std::optional<std::uint64_t> bytes)
      : arrival_(std::move(arrival)), bytes_(bytes) {}
  ~ArrivingSource() override { arrival_->on_more(nullptr); }
  ArrivingSource(const ArrivingSource&) = delete;
  ArrivingSource& operator=(const ArrivingSource&) = delete;

  std::string name() const override { return "arriving"; }
  bool blocking() const override { return true; }
  bool waits() const override { return true; }
  Status describe(Upstream& upstream) override {
    upstream.source = "upload " + arrival_->id();
    upstream.exact_bytes = upstream.max_bytes = bytes_;
    upstream.made_from = std::make_shared<ArrivalReplay>(arrival_);
    return {};
  }
  Status open(Context& context) override {
    context_ = &context;
    arrival_->on_more(context.wake);
    return {};
  }
  Result<Chunk> next() override {
    const Arrival::Come come = arrival_->come();
    if (at_ == come.bytes) return come.whole ? Result<Chunk>(Chunk()) : Result<Chunk>(Status::pending());
    WEIR_ASSIGN(auto room, space_.room(*context_));
    room = room.first(static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), come.bytes - at_)));
    WEIR_ASSIGN(const std::size_t count,
                platform::pread_fully(arrival_->file().get(), room, at_, "upload " + arrival_->id()));
    if (count < room.size())
      return Status(Kind::io, "what was written is not there any more").during("read upload " + arrival_->id()).at(at_);
    at_ += count;
    return space_.take(count);
  }

 private:
  const std::shared_ptr<Arrival> arrival_;
  const std::optional<std::uint64_t> bytes_;
  Context* context_ = nullptr;
  SliceSpace space_;
  std::uint64_t at_ = 0;
};

}  // namespace

SourceIdentity Arrival::identity() const {
  SourceIdentity identity;
  identity.name = "upload " + id_;
  identity.mtime_ns = created_unix_ * 1'000'000'000;
  return identity;
}

bool Arrival::advance(std::uint64_t bytes, bool whole) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    if (come_.bytes == bytes && come_.whole == whole) return false;
    come_.bytes = bytes;
    come_.whole = whole;
    wake = wake_;
  }
  if (wake) wake();
  return true;
}

Arrival::Come Arrival::come() const {
  const std::lock_guard lock(mutex_);
  return come_;
}

void Arrival::on_more(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

std::unique_ptr<Source> arriving_source(std::shared_ptr<Arrival> arrival, std::optional<std::uint64_t> bytes) {
  return std::make_unique<ArrivingSource>(std::move(arrival), bytes);
}

}  // namespace weir::server
