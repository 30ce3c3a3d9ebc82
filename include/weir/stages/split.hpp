// split: one stream spread over many sinks, by a key of each line or by size.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "weir/core/guard.hpp"
#include "weir/core/units.hpp"
#include "weir/stages/divider.hpp"
#include "weir/stages/split_branch.hpp"

namespace weir {

struct SplitOptions {
  /// Sinks that are open at once, those that are just being finished included. Where another is needed, the one that
  /// was used longest ago is closed; a line that belongs there later ends the job. 0: as many as the memory holds, 16
  /// at most.
  std::size_t most_open = 0;
  /// The memory that each needs, with the stages before it, where that is known: what does not fit is then refused
  /// before the start. 0: found out with the first, and refused there.
  std::size_t sink_bytes = 0;
  /// The first line is put at the front of each sink. Behind lines(); sizes do not count it.
  bool header = false;
};

/// That a key can be part of a name and stays there: 1 to 255 bytes, no '/' or '\\', no control characters, neither
/// "." nor "..".
inline Status check_split_key(std::string_view key) {
  const auto bad = [](unsigned char c) { return c < 0x20 || c == 0x7F || c == '/' || c == '\\'; };
  const char* why = key.empty()                                ? "it is empty"
                    : key.size() > 255                         ? "it has more than 255 bytes"
                    : std::any_of(key.begin(), key.end(), bad) ? "it has a slash, a backslash or a control character"
                    : key == "." || key == ".."                ? "it is the name of a directory"
                                                               : nullptr;
  if (why == nullptr) return {};
  return Status(Kind::invalid_argument, std::string("the line's key cannot be a name: ") + why)
      .advise("Nothing was written under it. Leave such lines out before, or make keys of one's own.");
}

namespace detail {

/// Each sink is a job of its own, as a tee's branches are. Keys are in the receipt's facts, as "KEY.destination" and so
/// on.
class Split final : public Sink {
 public:
  using Make = std::function<Result<To>(const std::string& key)>;
  Split(std::unique_ptr<Divider> divider, Make make, SplitOptions options)
      : divider_(std::move(divider)), make_(std::move(make)), options_(options) {}
  std::string name() const override { return "split"; }
  Framing needs() const override { return options_.header ? Framing::lines : divider_->needs(); }
  MemoryNeed memory(const Upstream&) const override {
    const std::size_t each = std::max(options_.sink_bytes, kMiB) + SplitBranch::kBytes;
    MemoryNeed need;
    need.min_bytes = kHeldBytes + each * std::max<std::size_t>(options_.most_open, 1);
    need.step_bytes = kMiB;
    need.max_bytes = need.min_bytes + 1024 * kMiB;
    return need;
  }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  /// Fails as soon as one has, also while nothing comes.
  Status ready() override {
    for (auto& [key, place] : places_) {
      const auto& result = place.branch.branch().result();
      if (result && !result->ok()) return named(result->status(), key);
    }
    return spread();
  }
  Status write(Chunk&& chunk) override {
    bytes_.fetch_add(chunk.size(), std::memory_order_relaxed);
    whole_bytes_ = chunk.size();
    rest_ = std::move(chunk);
    const Status status = spread();
    return status.failed() ? status : Status();
  }
  Result<Receipt> close() override {
    WEIR_TRY(spread());
    for (auto& [key, place] : places_) place.closing = true;
    WEIR_TRY(end_closing());
    if (!places_.empty()) return Status::pending();
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = confirmed_bytes();
    receipt.destination = "split:";
    return receipt;
  }
  void abort() override {
    for (auto& [key, place] : places_) place.branch.branch().abort();
  }
  void suspend() override {
    for (auto& [key, place] : places_) place.branch.branch().suspend();
  }
  Status stopped() override {
    const auto stopped = [](auto& place) { return place.second.branch.branch().stopped(); };
    return std::all_of(places_.begin(), places_.end(), stopped) ? Status() : Status::pending();
  }
  void pause(bool on) override {
    const std::lock_guard lock(mutex_);
    paused_ = on;
    for (auto& [key, place] : places_) place.branch.branch().pause(on);
  }
  std::uint64_t confirmed_bytes() const override { return bytes_.load(std::memory_order_relaxed); }
  Facts facts() const override { return facts_; }

 private:
  struct Place {
    explicit Place(To to) : branch(std::move(to)) {}
    SplitBranch branch;
    std::uint64_t used = 0;  // the larger the later
    bool headed = false;
    bool closing = false;
  };
  static constexpr std::size_t kHeldBytes = 2 * kSliceBytes;
  static constexpr std::size_t kMostOpen = 16;        // where nobody says
  static constexpr std::size_t kMostPlaces = 10'000;  // whose keys are remembered, and that are told of

  /// What is at hand goes to its places, as far as these have room.
  Status spread() {
    if (options_.header && !header_ && !rest_.empty()) {
      std::string_view text = rest_.text();
      header_ = cut_line(text);
      consume(header_->size());
    }
    while (!rest_.empty()) {
      if (piece_ == 0) {
        auto size = divider_->next(rest_.text(), context_->upstream.framing, key_);
        if (!size) return size.status().at(offset_);
        piece_ = *size;
      }
      WEIR_ASSIGN(Place* const place, place_of(key_));
      WEIR_TRY(put(*place));
      consume(std::exchange(piece_, 0));
    }
    for (auto& [key, place] : places_) {
      if (Status status = place.branch.flush(); status.failed()) return status;
    }
    return {};
  }
  Status put(Place& place) {
    if (!place.headed && header_) WEIR_TRY(place.branch.copy(*header_, *context_));
    place.headed = true;
    if (2 * piece_ >= whole_bytes_) return place.branch.share(rest_.slice(0, piece_));
    return place.branch.copy(rest_.text().substr(0, piece_), *context_);
  }
  void consume(std::size_t bytes) {
    offset_ += bytes;
    rest_ = rest_.slice(bytes);
  }

  Result<Place*> place_of(const std::string& key) {
    if (const auto it = places_.find(key); it != places_.end() && !it->second.closing) {
      it->second.used = ++clock_;
      return &it->second;
    }
    if (places_.count(key) != 0 || ended_.count(key) != 0) return comes_again(key);
    if (Status status = check_split_key(key); !status.ok())
      return std::move(status).during("split the stream").at(offset_);
    if (!divider_->in_order() && ended_.size() + places_.size() >= kMostPlaces)
      return Status(Kind::limit, fmt::format("the stream goes to more than {} sinks", kMostPlaces)).at(offset_);
    WEIR_TRY(make_room());
    return begin(key);
  }
  /// ok: another may be opened.
  Status make_room() {
    if (divider_->in_order()) {
      for (auto& [key, place] : places_) place.closing = true;
    }
    WEIR_TRY(end_closing());
    if (places_.empty() || places_.size() < limit_) return {};
    const auto is_closing = [](const auto& place) { return place.second.closing; };
    if (std::any_of(places_.begin(), places_.end(), is_closing)) return Status::pending();
    const auto earlier = [](const auto& one, const auto& other) { return one.second.used < other.second.used; };
    std::min_element(places_.begin(), places_.end(), earlier)->second.closing = true;
    WEIR_TRY(end_closing());
    return places_.size() < limit_ ? Status() : Status::pending();
  }
  /// Those that are done are gone.
  Status end_closing() {
    for (auto it = places_.begin(); it != places_.end();) {
      const auto here = it++;
      if (!here->second.closing) continue;
      Status status = here->second.branch.end();
      if (status.failed()) return named(std::move(status), here->first);
      if (status.is_pending()) continue;
      if (ended_count_++ < kMostPlaces) here->second.branch.branch().tell(here->first, facts_);
      if (!divider_->in_order()) ended_.insert(here->first);
      const std::lock_guard lock(mutex_);
      places_.erase(here);
    }
    return {};
  }
  Result<Place*> begin(const std::string& key) {
    auto to = guarded_call<Result<To>>("make a sink", make_, key);
    if (!to) return named(to.status().at(offset_), key);
    const std::lock_guard lock(mutex_);
    Place& place = places_.try_emplace(key, std::move(to).value()).first->second;
    Branch& branch = place.branch.branch();
    if (!branch.planned().ok()) return named(branch.planned(), key);
    WEIR_TRY(share_memory(branch.least_bytes()));
    branch.start(*context_, share_bytes_);
    if (paused_) branch.pause(true);
    place.used = ++clock_;
    return &place;
  }
  /// The first says how many there may be, if nobody else did. All have the same share.
  Status share_memory(std::size_t least_bytes) {
    const std::size_t spare = context_->grant_bytes - kHeldBytes;
    const std::size_t each = least_bytes + SplitBranch::kBytes;
    if (limit_ == 0) {
      limit_ = options_.most_open != 0 ? options_.most_open : std::clamp<std::size_t>(spare / each, 1, kMostOpen);
      share_bytes_ = spare / limit_ - std::min(spare / limit_, SplitBranch::kBytes);
    }
    if (least_bytes <= share_bytes_) return {};
    Error error;
    error.kind = Kind::budget_too_small;
    const std::size_t needed = context_->budget->limit_bytes() + (least_bytes - share_bytes_) * limit_;
    error.needed_bytes = (needed + kMiB - 1) / kMiB * kMiB;
    error.operation = "split the stream";
    error.cause = fmt::format("each sink needs {}, and {} may be open at once", format_size(each), limit_);
    error.advice =
        fmt::format("Give the job a budget of at least {} MiB, or let fewer be open.{}", error.needed_bytes / kMiB,
                    options_.sink_bytes == 0 ? " SplitOptions::sink_bytes keeps other stages from it." : "");
    return Status(std::move(error));
  }
  Status comes_again(const std::string& key) const {
    return Status(Kind::limit,
                  fmt::format("\"{}\" comes again after its sink was closed to open others: {} may be open "
                              "at once",
                              key, limit_))
        .during("split the stream")
        .at(offset_)
        .advise(options_.most_open != 0 ? "Sort the lines by it, or let more be open."
                                        : "Sort the lines by it, or give the job memory for more of them.");
  }
  static Status named(Status status, const std::string& key) {
    return std::move(status).during(fmt::format("feed the sink of \"{}\"", key));
  }

  const std::unique_ptr<Divider> divider_;
  const Make make_;
  const SplitOptions options_;
  Context* context_ = nullptr;
  Chunk rest_;                   // was taken, and has not gone anywhere yet
  std::size_t whole_bytes_ = 0;  // of the chunk that it is the rest of
  std::size_t piece_ = 0;        // at its front that goes to key_; 0: not known yet
  std::string key_;
  std::uint64_t offset_ = 0;  // of rest_, in the stream
  std::optional<std::string> header_;
  std::size_t limit_ = 0;  // places open at once; 0: not known yet
  std::size_t share_bytes_ = 0;
  std::uint64_t clock_ = 0;
  std::set<std::string> ended_;  // where they could come again
  std::size_t ended_count_ = 0;
  Facts facts_;
  std::atomic<std::uint64_t> bytes_{0};
  std::mutex mutex_;  // guards what follows, against pause(): only one thread changes places_
  std::map<std::string, Place> places_;
  bool paused_ = false;
};

}  // namespace detail

/// Lines go to the sink of their key: `key_of` gives the key of a line, without its end, as text or a Result of it;
/// `to` makes the sink of a key, once, when its first line comes. Keys are checked (check_split_key), so they may stand
/// in names. What fails, fails the job; what was finished by then stays. No lines, no sinks; at most 10,000 keys. One
/// thread at a time calls both functions.
template <class KeyOf>
std::unique_ptr<Sink> split_by(KeyOf key_of, std::function<To(std::string_view key)> to, SplitOptions options = {}) {
  return std::make_unique<detail::Split>(
      std::make_unique<detail::DivideByKey<KeyOf>>(std::move(key_of)),
      [to = std::move(to)](const std::string& key) -> Result<To> { return to(key); }, options);
}

/// A new sink every `bytes`, and behind lines() at a line's end: as many whole lines as fit, a longer one by itself.
/// `to` is given 1, 2, and so on; the receipt's facts tell of the first 10,000.
inline std::unique_ptr<Sink> split_every(std::uint64_t bytes, std::function<To(std::size_t number)> to,
                                         SplitOptions options = {}) {
  return std::make_unique<detail::Split>(
      std::make_unique<detail::DivideBySize>(bytes),
      [to = std::move(to), number = std::size_t{0}](const std::string&) mutable -> Result<To> { return to(++number); },
      options);
}

}  // namespace weir
