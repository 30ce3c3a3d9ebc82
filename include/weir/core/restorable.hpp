// Transforms of one's own that need not do again, after a kill, what they did before: they say their state and take it
// back. See mark.hpp for the agreement between a pipeline's last transform and its sink.
#pragma once

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weir/core/guard.hpp"
#include "weir/core/mark.hpp"
#include "weir/core/stage.hpp"
#include "weir/core/units.hpp"

namespace weir::detail {

/// `std::string snapshot() const`: all that later output depends on beside later input, asked for between two calls of
/// process(). `Status restore(std::string_view)`, on a new object: to go on from there. And `std::string recipe()
/// const` (Transform::recipe), since a state is of use only to a stage that makes the same of the same.
template <class S>
concept Restorable = requires(const S& asked, S& stage, std::string_view state) {
  { asked.snapshot() } -> std::convertible_to<std::string>;
  { stage.restore(state) } -> std::same_as<Status>;
  { asked.recipe() } -> std::convertible_to<std::string>;
};

// What a transform of one's own may say of itself.

template <class S>
std::string name_of(const S& stage) {
  if constexpr (requires { std::string(stage.name()); }) return stage.name();
  return "transform";
}
template <class S>
bool blocking_of(const S& stage) {
  if constexpr (requires { bool(stage.blocking()); }) return stage.blocking();
  return false;
}
template <class S>
Status open_of(S& stage, Context& context) {
  if constexpr (requires { stage.open(context); }) {
    return guarded_call<Status>("open the host's stage", [&] { return stage.open(context); });
  }
  return {};
}

/// Runs a Restorable. All input is read in every run, to see that it is the same; what was made of it and is stored is
/// left out.
template <Restorable S>
class RestorableTransform final : public Transform {
 public:
  /// Of input, between two snapshots, at least; and so many times as long as the snapshot, so that they stay a
  /// thousandth of what goes through.
  static constexpr std::uint64_t kPieceBytes = 4 * kMiB;
  static constexpr std::uint64_t kTimesAsLong = 1024;

  explicit RestorableTransform(S stage) : stage_(std::move(stage)) {}
  std::string name() const override { return name_of(stage_); }
  bool blocking() const override { return blocking_of(stage_); }
  std::optional<std::string> recipe() const override { return stage_.recipe(); }

  Status open(Context& context) override {
    marks_ = context.marks;
    if (marks_) marks_->attend(context.wake);
    return open_of(stage_, context);
  }

  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    WEIR_TRY(begin());
    Counted counted(*this, out);
    WEIR_TRY(settle(counted));
    while (!rest_.empty()) {
      if (!out.room()) return Status::more();
      const auto left =
          static_cast<std::size_t>(std::min<std::uint64_t>(piece_ends_ - piece_.input_bytes, rest_.size()));
      Chunk piece = rest_.slice(0, left);
      rest_ = rest_.slice(left);
      piece_.input_bytes += left;
      if (hashes_) piece_.input_hash = marks_->hash(piece_.input_hash, piece.bytes());
      if (index_ >= restored_) WEIR_TRY(call(std::move(piece), counted));
      WEIR_TRY(end_piece());
    }
    return {};
  }

  Status finish(Emit& out) override {
    WEIR_TRY(begin());
    Counted counted(*this, out);
    WEIR_TRY(settle(counted));
    if (earlier_) {
      return marks_->differs(Status(Kind::source_changed, "the source is shorter than in an earlier run").at(read_));
    }
    if constexpr (requires(Emit & emit) { stage_.finish(emit); }) {
      return guarded_call<Status>("finish the host's stage", [&] { return stage_.finish(counted); });
    }
    return {};
  }

 private:
  /// Counts and hashes what the stage emits, and lets through what is not stored.
  class Counted final : public Emit {
   public:
    Counted(RestorableTransform& of, Emit& out) : of_(of), out_(out) {}
    void operator()(Chunk&& given) override {
      const Chunk chunk = std::move(given);
      of_.piece_.output_bytes += chunk.size();
      if (of_.hashes_) of_.piece_.output_hash = of_.marks_->hash(of_.piece_.output_hash, chunk.bytes());
      const auto stored = static_cast<std::size_t>(std::min<std::uint64_t>(of_.drops_, chunk.size()));
      of_.drops_ -= stored;
      if (stored < chunk.size()) out_(chunk.slice(stored));
    }
    bool room() const noexcept override { return out_.room(); }

   private:
    RestorableTransform& of_;
    Emit& out_;
  };

  /// pending until it is known what is stored.
  Status begin() {
    if (begun_) return {};
    std::uint64_t skip = 0;
    if (marks_) {
      WEIR_ASSIGN(skip, marks_->skip_bytes());
    }
    hashes_ = skip > 0 || (marks_ && marks_->wanted());
    WEIR_TRY(choose_state(skip));
    begun_ = true;
    return begin_piece();
  }
  /// The last state that all before `skip` is whole with, of those that can be had.
  Status choose_state(std::uint64_t skip) {
    std::uint64_t ends = 0;  // of what lies before `described_`
    while (ends < skip) {
      const std::optional<Mark> mark = marks_->earlier(described_);
      if (!mark) return mark_lost();
      ends += mark->output_bytes;
      ++described_;
    }
    drops_ = skip;
    for (std::uint64_t index = described_, behind = ends; index > 0; --index) {
      const auto state = behind <= skip ? marks_->state(index - 1) : std::nullopt;
      if (state) {
        restored_ = index;
        drops_ = skip - behind;
        Status restored = guarded_call<Status>("restore the host's stage", [&] { return stage_.restore(*state); });
        return restored.ok() ? restored : marks_->differs(std::move(restored));
      }
      const std::optional<Mark> mark = marks_->earlier(index - 1);
      if (!mark) return mark_lost();
      behind -= mark->output_bytes;
    }
    return {};
  }

  Status begin_piece() {
    piece_ = Mark();
    piece_ends_ = kPieceBytes;
    earlier_.reset();
    if (index_ >= described_) return {};
    earlier_ = marks_->earlier(index_);
    if (!earlier_) return mark_lost();
    piece_ends_ = earlier_->input_bytes;
    return {};
  }

  Status call(Chunk piece, Emit& counted) {
    const bool goes_on = piece.empty();
    if (goes_on && !busy_) return {};
    Status status = guarded_call<Status>("process a chunk", [&] { return stage_.process(std::move(piece), counted); });
    busy_ = !status.ok();
    return status;
  }
  /// The stage has not ended yet with what it was given last.
  Status settle(Emit& counted) {
    if (!busy_) return {};
    WEIR_TRY(call(Chunk(), counted));
    return end_piece();
  }

  Status end_piece() {
    if (piece_.input_bytes < piece_ends_) return {};
    if (earlier_) {
      WEIR_TRY(compare());
    } else if (hashes_) {
      std::string state;
      WEIR_TRY(guarded_call<Status>("take a snapshot of the host's stage", [&] {
        state = stage_.snapshot();
        return Status();
      }));
      if (state.size() * kTimesAsLong > piece_.input_bytes) {
        piece_ends_ += kPieceBytes;
        return {};
      }
      marks_->made(index_, piece_, std::move(state));
    } else {
      piece_ends_ += kPieceBytes;
      return {};
    }
    read_ += piece_.input_bytes;
    ++index_;
    return begin_piece();
  }
  Status compare() const {
    if (piece_.input_hash != earlier_->input_hash) {
      return marks_->differs(other_input().at(read_));
    }
    const bool recognised = index_ < restored_;
    if (recognised || (piece_.output_hash == earlier_->output_hash && piece_.output_bytes == earlier_->output_bytes)) {
      return {};
    }
    return marks_->differs(other_output("the host's stage").at(read_));
  }

  S stage_;
  std::shared_ptr<Marks> marks_;
  Chunk rest_;  // of the chunk given to process(), not yet given to the stage
  bool begun_ = false;
  bool busy_ = false;            // the stage has more to say of what it was given
  bool hashes_ = false;          // somebody wants marks, or has them
  std::uint64_t described_ = 0;  // pieces of the earlier run that lie before the end of what is stored, or around it
  std::uint64_t restored_ = 0;   // of those: the stage begins behind so many
  std::uint64_t drops_ = 0;      // bytes of output that are stored, of what the stage makes from there
  std::uint64_t index_ = 0;      // of the piece that is being read
  std::uint64_t read_ = 0;       // bytes of input before it
  std::uint64_t piece_ends_ = 0;
  Mark piece_;
  std::optional<Mark> earlier_;
};

}  // namespace weir::detail
