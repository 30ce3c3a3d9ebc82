// SplitBranch: one of the sinks that a stream is spread over.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "weir/stages/branch.hpp"

namespace weir::detail {

/// What is for it is put together: pieces may be short, and each would hold the whole slab that it was cut from.
class SplitBranch {
 public:
  /// What it holds beside its job: a slab that is filled, and what waits for the job.
  static constexpr std::size_t kBytes = 4 * kSliceBytes;

  explicit SplitBranch(To to) : branch_(std::move(to)) {
    branch_.plan({.most_bytes = 2 * kSliceBytes, .name = "split"});
  }
  Branch& branch() noexcept { return branch_; }

  /// pending: it was not taken.
  Status copy(std::string_view text, const Context& context) {
    if (slab_.free().size() < filled_ + text.size()) {
      WEIR_TRY(flush());
      WEIR_ASSIGN(slab_, context.budget->acquire(std::max(kSliceBytes, text.size()), context.wake));
    }
    std::memcpy(slab_.free().data() + filled_, text.data(), text.size());
    filled_ += text.size();
    return {};
  }
  /// As it is: for one that is most of its memory.
  Status share(Chunk piece) {
    WEIR_TRY(flush());
    if (!branch_.room(piece.size())) return Status::pending();
    branch_.write(std::move(piece));
    return {};
  }
  /// What was put together goes, or is pending.
  Status flush() {
    if (filled_ == 0) return {};
    if (!branch_.room(filled_)) return Status::pending();
    branch_.write(slab_.take(std::exchange(filled_, 0)));
    return {};
  }
  /// Nothing more comes. ok: it is done; pending: not yet.
  Status end() {
    WEIR_TRY(flush());
    branch_.close();
    const auto& result = branch_.result();
    return result ? result->status() : Status::pending();
  }

 private:
  Branch branch_;
  Slab slab_;
  std::size_t filled_ = 0;  // bytes of its free space that are written
};

}  // namespace weir::detail
