// GoingOn: how a source whose producer can go on from an offset works with the sink's spool.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "weir/core/guard.hpp"
#include "weir/core/spool.hpp"
#include "weir/core/stage.hpp"
#include "weir/stages/slices.hpp"

namespace weir::detail {

/// Thread-compatible.
class GoingOn {
 public:
  using GoOnFrom = std::function<Status(std::uint64_t offset)>;

  /// In the source's open(). Errors: invalid_argument (a stream without a name), unsupported (nobody keeps a spool).
  Status open(Context& context, const std::string& stream, GoOnFrom go_on_from) {
    context_ = &context;
    spool_ = context.spool;
    go_on_from_ = std::move(go_on_from);
    if (stream.empty()) {
      return Status(Kind::invalid_argument, "a producer that goes on from an offset has no stream name")
          .during("open the producer")
          .advise("Name the stream: what has the same name is taken for the same bytes.");
    }
    if (!spool_) {
      return Status(Kind::unsupported,
                    "the producer cannot begin again, and what comes behind it needs its bytes from the first on")
          .during("open the producer")
          .advise(
              "Send it straight into upload_to(), without stages between; or leave go_on_from out: it is then a stream "
              "as any other, which begins anew after a kill.");
    }
    spool_->attend(stream, context.wake);
    return {};
  }

  /// The next chunk of the stream; `produce` gives those of the producer.
  template <class Produce>
  Result<Chunk> next(Produce produce) {
    if (!goes_on_) {
      Result<Chunk> kept = next_kept();
      if (!kept.ok() || !kept->empty()) return kept;
    }
    if (ended_) return Chunk();
    if (held_.empty()) {
      WEIR_TRY(hold(produce()));
      if (ended_) return Chunk();
    }
    WEIR_ASSIGN(const std::size_t count, spool_->keep(held_.bytes()));
    Chunk chunk = held_.slice(0, count);
    held_ = held_.slice(count);
    return chunk;
  }

 private:
  /// Empty: the rest is the producer's.
  Result<Chunk> next_kept() {
    WEIR_ASSIGN(const auto room, space_.room(*context_));
    WEIR_ASSIGN(const std::size_t got, spool_->read(room));
    if (got > 0) return space_.take(got);
    if (const std::optional<std::uint64_t> offset = spool_->goes_on_from()) {
      Status status = guarded_call<Status>("ask the producer to go on", go_on_from_, *offset);
      if (status.failed()) {
        spool_->failed();
        return status.during(fmt::format("ask the producer to go on from byte {}", *offset));
      }
      if (!status.ok()) return status;
    } else {
      ended_ = true;
    }
    goes_on_ = true;
    space_ = SliceSpace();
    return Chunk();
  }
  Status hold(Result<Chunk> produced) {
    if (!produced.ok()) {
      if (produced.status().failed()) spool_->failed();
      return produced.status();
    }
    held_ = *std::move(produced);
    ended_ = held_.empty();
    if (ended_) spool_->ended();
    return {};
  }

  Context* context_ = nullptr;
  std::shared_ptr<Spool> spool_;
  GoOnFrom go_on_from_;
  SliceSpace space_;      // for what is read from the spool
  Chunk held_;            // of the producer, and not kept yet
  bool goes_on_ = false;  // the producer does
  bool ended_ = false;
};

}  // namespace weir::detail
