// Drives a DownloadMachine against an object that is read in every faulty way, in virtual time: one seed, one run,
// always the same.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "sim_store.hpp"
#include "transfer/download_machine.hpp"

namespace weir::test {

using transfer::Fetch;
using transfer::FetchAction;

class DownloadSimulation {
 public:
  explicit DownloadSimulation(std::uint64_t seed) : random_(seed), gentle_(below(3) == 0) {
    object_ = bytes_of(below(4) == 0 ? below(60) : below(3000));
    first_ = object_;
    draw_faults();
    machine_ = std::make_unique<transfer::DownloadMachine>(draw_options());
    at(0, [this] { machine_->start(); });
    at(1, [this] { consume(); });
    if (gentle_) return;
    const auto some_time = [&] { return static_cast<std::int64_t>(below(20'000'000)); };
    if (maybe(10)) at(some_time(), [this] { machine_->fail(Status(Kind::cancelled, "cancelled")); });
    if (maybe(20)) at(some_time(), [this] { replace(); });
    if (maybe(20)) at(some_time(), [this] { origin_ranges_ = false; });
  }

  /// Empty, or what is wrong.
  std::string run() {
    while (wrong_.empty() && !machine_->outcome()) {
      if (events_.empty()) return "nothing is under way and it has not ended";
      if (++steps_ > 200'000) return "it never ends";
      const auto first = events_.begin();
      now_ = first->first;
      if (now_ > kLongest) return "it takes longer than six hours";
      const auto event = std::move(first->second);
      events_.erase(first);
      machine_->now(std::chrono::microseconds(now_));
      if (adapts_ && chance(2)) machine_->short_of_memory();
      event();
      perform();
      check_lanes();
      if (wrong_.empty()) check_memory();
    }
    return wrong_.empty() ? judge() : wrong_;
  }
  bool succeeded() const { return machine_->outcome() && machine_->outcome()->ok(); }
  bool in_lanes() const { return most_under_way_ > 1; }
  bool fell_back() const { return fell_back_; }
  bool grew() const { return adapts_ && highest_limit_ > first_limit_; }
  bool shrank() const { return adapts_ && lowest_limit_ < first_limit_; }
  bool source_changed() const { return machine_->outcome()->kind() == Kind::source_changed; }
  bool corrupt() const { return machine_->outcome()->kind() == Kind::corrupt; }
  std::uint32_t retries() const { return machine_->counts().retries.total(); }

 private:
  static constexpr std::int64_t kLongest = 21'600'000'000;  // microseconds
  struct Call {
    FetchAction action;
    std::string body;        // as it was when the answer began
    std::uint64_t sent = 0;  // of it
    std::uint64_t cut = 0;   // where it breaks off
    std::uint64_t skipped = 0;
    std::uint64_t skipped_crc = 0;
    Status end;
  };
  struct Tries {
    std::uint32_t count = 0;
    std::uint64_t bytes = 0;  // that came since they were counted anew
  };
  struct Buffer {
    std::string bytes;  // of the range so far
    std::uint64_t taken = 0;
    std::uint64_t crc = 0;
  };

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool maybe(unsigned percent) { return below(100) < percent; }
  bool chance(unsigned thousandths) { return below(1000) < thousandths; }
  std::string bytes_of(std::size_t count) {
    std::string bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }
  void at(std::int64_t when, std::function<void()> event) { events_.emplace(when, std::move(event)); }
  /// Heavy-tailed: a median of 20 ms, and one in a thousand waits for half a minute.
  std::int64_t latency() {
    const double draw = static_cast<double>(1 + below(100'000)) / 100'001;
    return static_cast<std::int64_t>(std::min(15'000 / std::pow(draw, 1.1), 30e6));
  }

  void draw_faults() {
    const auto draw = [&](unsigned most) { return maybe(50) ? 0 : static_cast<unsigned>(below(most)); };
    transient_ = draw(gentle_ ? 60 : 300);
    throttled_ = draw(gentle_ ? 60 : 200);
    cut_ = draw(gentle_ ? 100 : 500);
    if (gentle_) return;
    expired_ = draw(50);
    permanent_ = draw(20);
    flipped_ = draw(50);
    wrong_range_ = draw(50);
  }
  transfer::DownloadMachineOptions draw_options() {
    transfer::DownloadMachineOptions options;
    origin_ranges_ = !maybe(15);
    pinned_ = origin_ranges_ || maybe(50);
    options.ranges = origin_ranges_;
    options.sized = origin_ranges_ || maybe(50);
    options.object_size = options.sized ? object_.size() : 0;
    begin_ = maybe(20) ? below(object_.size() + 1) : 0;
    options.begin = begin_;
    options.end = options.sized ? object_.size() : UINT64_MAX;
    if (maybe(20) && options.sized) options.end = begin_ + below(object_.size() - begin_ + 1);
    end_ = std::min<std::uint64_t>(options.end, object_.size());
    options.slab_bytes = slab_ = 1 + below(16);
    lanes_ = origin_ranges_ ? 1 + static_cast<std::uint32_t>(below(6)) : 1;
    adapts_ = lanes_ > 1 && maybe(50);
    const auto start = 1 + static_cast<std::uint32_t>(below(lanes_));
    options.lanes =
        adapts_ ? transfer::ConcurrencyOptions::adaptive(start, lanes_) : transfer::ConcurrencyOptions::fixed(lanes_);
    options.range_bytes = slab_ * (1 + below(8));
    const std::uint64_t slabs = options.range_bytes / slab_;
    options.least_range_bytes = slab_ * (1 + below(slabs));
    options.window_slabs = window_ = slabs * lanes_ + below(2 * slabs);
    const bool whole = begin_ == 0 && options.sized && end_ == object_.size();
    if (whole && maybe(60)) options.crc64nvme = crc_of(object_);
    options.hashed = hashed_ = options.crc64nvme || !options.ranges;
    options.progress_bytes = progress_bytes_ = 1 + below(20);
    options.url = "sim://object";
    options.random = [this](std::uint64_t bound) { return random_() % bound; };
    if (gentle_) options.retry.max_attempts = 30;
    attempts_ = options.retry.max_attempts;
    has_crc_ = options.crc64nvme.has_value();
    return options;
  }
  void replace() {
    object_ = maybe(50) ? bytes_of(object_.size()) : object_ + "!";
    replaced_ = true;
  }

  void perform() {
    for (const FetchAction& action : machine_->take_actions()) {
      switch (action.what) {
        case Fetch::wait:
          at(now_ + std::max<std::int64_t>(1, action.delay.count() / 1000),
             [this, action] { machine_->timer_fired(action.request); });
          break;
        case Fetch::drop:
          calls_.erase(action.range);
          buffers_.erase(action.range);
          break;
        case Fetch::read:
          call(action);
          break;
        case Fetch::finished:
          if (!calls_.empty()) wrong_ = "it has ended and calls are under way";
      }
    }
  }
  void check_lanes() {
    const std::uint32_t limit = machine_->counts().lanes;
    if (first_limit_ == 0) first_limit_ = lowest_limit_ = limit;
    highest_limit_ = std::max(highest_limit_, limit);
    lowest_limit_ = std::min(lowest_limit_, limit);
    if (limit < 1 || limit > lanes_) wrong_ = "a concurrency out of bounds";
    if (!adapts_ && limit != lanes_) wrong_ = "a fixed concurrency that changes";
  }
  void call(const FetchAction& action) {
    if (calls_.count(action.range) != 0) wrong_ = "two calls of one range at once";
    if (!origin_ranges_ && known_without_ranges_ && action.offset != 0) wrong_ = "a range of an origin without ranges";
    calls_[action.range].action = action;
    if (++tries_[action.range].count > attempts_) wrong_ = "more attempts without progress than allowed";
    most_under_way_ = std::max(most_under_way_, calls_.size());
    if (calls_.size() > lanes_) wrong_ = "more calls under way than allowed";
    at(now_ + latency(), [this, action] { answer(action); });
  }
  Call* find(const FetchAction& action) {
    const auto found = calls_.find(action.range);
    return found != calls_.end() && found->second.action.request == action.request ? &found->second : nullptr;
  }
  void done(const FetchAction& action, Status status) {
    if (find(action) == nullptr) return;
    calls_.erase(action.range);
    Tries& tries = tries_[action.range];
    if (tries.bytes >= progress_bytes_ || machine_->wanted(action.request) == 0) tries = {};
    known_without_ranges_ = known_without_ranges_ || !origin_ranges_;
    fell_back_ = fell_back_ || (known_without_ranges_ && lanes_ > 1);
    machine_->read_done(action.request, std::move(status), origin_ranges_);
  }

  Status refusal() {
    const auto error = [](Kind kind, Retry retry, std::string cause) {
      return Status(kind, std::move(cause)).with(retry);
    };
    if (chance(permanent_)) return error(Kind::access_denied, Retry::never, "AccessDenied");
    if (chance(transient_)) return error(Kind::unavailable, Retry::transient, "InternalError");
    if (chance(expired_)) return error(Kind::access_denied, Retry::credentials, "ExpiredToken");
    if (chance(wrong_range_)) return error(Kind::protocol, Retry::transient, "another range");
    if (chance(throttled_)) {
      Error slow;
      slow.kind = Kind::unavailable;
      slow.retry = Retry::throttled;
      slow.cause = "SlowDown";
      slow.retry_after_ms = below(3) == 0 ? below(5000) : 0;
      return Status(std::move(slow));
    }
    return {};
  }
  void answer(const FetchAction& action) {
    Call* const call = find(action);
    if (call == nullptr) return;
    if (Status refused = refusal(); !refused.ok()) return done(action, refused);
    if (pinned_ && replaced_) return done(action, Status(Kind::source_changed, "412"));
    if (!origin_ranges_ && (action.offset != 0 || action.length < object_.size()) && action.skip == 0 &&
        action.length != 0 && lanes_ > 1) {
      return done(action, Status(Kind::protocol, "the whole object").with(Retry::transient));
    }
    call->body = action.length == 0 ? object_.substr(action.offset) : object_.substr(action.offset, action.length);
    if (!call->body.empty() && chance(flipped_)) {
      call->body[below(call->body.size())] ^= 1;
      damaged_ = true;
    }
    call->cut = call->body.size();
    if (chance(cut_) && !call->body.empty()) {
      call->cut = below(call->body.size());
      // An origin of unknown length still marks its end, and notices that it is missing.
      call->end = Status(Kind::network, "connection reset").with(Retry::transient);
    }
    flow(action);
  }
  void flow(const FetchAction& action) {
    Call* const call = find(action);
    if (call == nullptr) return;
    std::uint64_t count = std::min<std::uint64_t>(1 + below(40), call->cut - call->sent);
    if (const std::uint64_t skip = std::min(count, action.skip - call->skipped); skip > 0) {
      const std::uint64_t from = std::min(skip, begin_ > call->sent ? begin_ - call->sent : 0);
      const std::string known = call->body.substr(call->sent + from, skip - from);
      call->skipped_crc = crc64nvme(call->skipped_crc, std::as_bytes(std::span(known)));
      call->skipped += skip;
      call->sent += skip;
      if (call->skipped == action.skip) {
        if (Status same = machine_->skipped(action.request, call->skipped_crc); !same.ok()) return done(action, same);
      }
      count = 0;
    }
    count = std::min(count, machine_->wanted(action.request));
    if (lanes_ == 1 || known_without_ranges_) count = std::min(count, room_of(action.range));
    if (count > 0) {
      Buffer& buffer = buffers_[action.range];
      const std::string piece = call->body.substr(call->sent, count);
      buffer.bytes += piece;
      buffer.crc = crc64nvme(buffer.crc, std::as_bytes(std::span(piece)));
      call->sent += count;
      tries_[action.range].bytes += count;
      machine_->received(action.request, count, hashed_ ? buffer.crc : 0);
    }
    if (call->skipped == action.skip && machine_->wanted(action.request) == 0) {
      return done(action, maybe(50) ? Status() : Status(Kind::cancelled, "every byte has come"));
    }
    if (call->sent == call->cut) return done(action, call->end);
    at(now_ + 1 + static_cast<std::int64_t>(below(20'000)), [this, action] { flow(action); });
  }

  // The memory of a range: whole slabs, from the first byte that is not taken to the last that came.
  std::uint64_t slabs_of(const Buffer& buffer) const {
    return (buffer.bytes.size() + slab_ - 1) / slab_ - buffer.taken / slab_;
  }
  std::uint64_t slabs() const {
    std::uint64_t sum = 0;
    for (const auto& [range, buffer] : buffers_) sum += slabs_of(buffer);
    return sum;
  }
  /// A driver holds back what has no room.
  std::uint64_t room_of(std::uint64_t range) {
    const Buffer& buffer = buffers_[range];
    const std::uint64_t begun = (slab_ - buffer.bytes.size() % slab_) % slab_;
    const std::uint64_t used = slabs();
    return begun + (used < window_ ? (window_ - used) * slab_ : 0);
  }
  void check_memory() {
    if (slabs() > window_) wrong_ = fmt::format("{} slabs are held, the window has {}", slabs(), window_);
  }

  /// Takes in order what is there, now and then; sometimes it stands still.
  void consume() {
    const auto head = buffers_.find(machine_->head());
    if (head != buffers_.end() && head->second.taken < head->second.bytes.size()) {
      Buffer& buffer = head->second;
      const std::uint64_t count = std::min<std::uint64_t>(1 + below(2 * slab_), buffer.bytes.size() - buffer.taken);
      out_ += buffer.bytes.substr(buffer.taken, count);
      buffer.taken += count;
      machine_->delivered(count);
    }
    const bool still = chance(5);
    at(now_ + 1 + static_cast<std::int64_t>(below(still ? 5'000'000 : 5'000)), [this] { consume(); });
  }

  std::string judge() {
    const Status& outcome = *machine_->outcome();
    const std::uint64_t made = machine_->counts().retries.total();
    const std::uint64_t most = RetryTokens::kCapacity / RetryTokens::kThrottledCost +
                               attempts_ * (lanes_ + 2 + first_.size() / progress_bytes_ + first_.size() / slab_);
    if (made > most) return fmt::format("{} retries", made);
    if (!outcome.ok()) {
      if (gentle_) return "it fails although nothing fatal happened: " + outcome.message();
      if (outcome.kind() == Kind::internal) return "an internal error: " + outcome.message();
      // Without anything to pin it by, another object shows by its checksum alone.
      const bool other = replaced_ && !pinned_;
      if (outcome.kind() == Kind::corrupt && !damaged_ && !other) return "it claims damage that there was not";
      if (outcome.kind() == Kind::source_changed && !replaced_ && !damaged_) return "it claims a change";
      return {};
    }
    if (machine_->verified() != has_crc_) return "it does not say what it compared";
    if (damaged_ && !has_crc_) return {};  // nobody could see that
    const std::string wanted = first_.substr(begin_, end_ - begin_);
    if (out_ == wanted) return {};
    // Without anything to pin it by, it may be the newer object; but whole.
    if (!pinned_ && replaced_ && begin_ < object_.size() && out_ == object_.substr(begin_, out_.size())) return {};
    return "it succeeds with other bytes";
  }

  std::mt19937_64 random_;
  const bool gentle_;
  unsigned transient_ = 0, throttled_ = 0, cut_ = 0, expired_ = 0, permanent_ = 0, flipped_ = 0, wrong_range_ = 0;
  std::string object_, first_, out_;
  bool origin_ranges_ = true, pinned_ = true, replaced_ = false, damaged_ = false, hashed_ = false, has_crc_ = false;
  bool adapts_ = false;
  std::uint32_t first_limit_ = 0, highest_limit_ = 0, lowest_limit_ = 0;
  bool known_without_ranges_ = false, fell_back_ = false;
  std::uint64_t begin_ = 0, end_ = 0, slab_ = 1, window_ = 1, progress_bytes_ = 1;
  std::uint32_t lanes_ = 1, attempts_ = 0;
  std::size_t most_under_way_ = 0;
  std::unique_ptr<transfer::DownloadMachine> machine_;
  std::int64_t now_ = 0;  // microseconds
  std::size_t steps_ = 0;
  std::multimap<std::int64_t, std::function<void()>> events_;
  std::map<std::uint64_t, Call> calls_;      // by range
  std::map<std::uint64_t, Buffer> buffers_;  // by range
  std::map<std::uint64_t, Tries> tries_;     // by range
  std::string wrong_;
};

}  // namespace weir::test
