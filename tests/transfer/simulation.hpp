// Drives an UploadMachine against a SimStore in virtual time: one seed, one run, always the same.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "sim_store.hpp"
#include "transfer/upload_machine.hpp"

namespace weir::test {

using transfer::Action;
using transfer::Do;

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed), gentle_(below(3) == 0), store_(random_, draw_faults()) {
    machine_.emplace(draw_options());
    const std::size_t part_bytes = 1 + below(50);
    source_.resize(below(4) == 0 ? below(2 * part_bytes) : below(40 * part_bytes));
    for (char& byte : source_) byte = static_cast<char>(random_());
    if (store_.object && below(2) == 0) store_.object = std::string(source_.size(), '\0');  // older, as long
    older_ = store_.object;
    versions_.insert(source_);
    part_bytes_ = part_bytes;
    feed();
    if (!gentle_) disturb();
    if (records_ && below(2) == 0) {
      for (std::uint64_t crash = 1 + below(3); crash > 0; --crash) {
        events_.emplace(static_cast<std::int64_t>(below(1'500'000)), [this] { kill_and_resume(); });
      }
    }
  }

  /// Empty, or what is wrong.
  std::string run() {
    while (wrong_.empty() && !machine_->outcome()) {
      if (events_.empty()) return "nothing is under way and it has not ended";
      if (++steps_ > 200'000) return "it never ends";
      const auto first = events_.begin();
      now_ = first->first;
      if (now_ > kLongest) return "it takes longer than two hours";
      const auto event = std::move(first->second);
      events_.erase(first);
      machine_->now(std::chrono::microseconds(now_), sent_under_way());
      event();
      if (waits_for_front_) go_on_behind_front();
      perform();
      check_concurrency();
    }
    return wrong_.empty() ? judge() : wrong_;
  }
  std::uint32_t kills() const { return kills_; }
  /// Killed, and its producer went on behind what was stored.
  bool went_on() const { return went_on_; }
  bool source_changed() const { return machine_->outcome()->status().kind() == Kind::source_changed; }
  bool succeeded() const { return machine_->outcome() && machine_->outcome()->ok(); }
  bool in_parts() const { return begun_; }
  bool grew() const { return adapts_ && highest_limit_ > first_limit_; }
  bool shrank() const { return adapts_ && lowest_limit_ < first_limit_; }
  transfer::UploadProgress progress() const { return machine_->progress(); }

 private:
  static constexpr std::int64_t kLongest = 7'200'000'000;  // microseconds

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool maybe(unsigned percent) { return below(100) < percent; }
  /// Of this process: what it waits for dies with it.
  void at(std::int64_t when, std::function<void()> event) {
    events_.emplace(when, [this, process = process_, event = std::move(event)] {
      if (process == process_) event();
    });
  }
  void soon(std::function<void()> event) { at(now_ + 1 + static_cast<std::int64_t>(below(200'000)), std::move(event)); }

  Faults draw_faults() {
    Faults faults;
    const auto draw = [&](unsigned most) { return maybe(50) ? 0 : static_cast<unsigned>(below(most)); };
    if (gentle_) {  // nothing that it may not survive
      faults.transient = draw(60);
      faults.lost_reply = draw(40);
      faults.throttled = draw(60);
      return faults;
    }
    faults.transient = draw(400);
    faults.lost_reply = draw(300);
    faults.throttled = draw(300);
    faults.expired = draw(50);
    faults.permanent = draw(20);
    faults.flipped = draw(100);
    faults.upload_removed = draw(20);
    faults.abort_stuck = 100;
    return faults;
  }
  transfer::MachineOptions draw_options() {
    transfer::MachineOptions options;
    in_flight_ = 1 + static_cast<std::uint32_t>(below(8));
    adapts_ = in_flight_ > 1 && below(2) == 0;
    const auto start = 1 + static_cast<std::uint32_t>(below(in_flight_));
    options.concurrency = adapts_ ? transfer::ConcurrencyOptions::adaptive(start, in_flight_)
                                  : transfer::ConcurrencyOptions::fixed(in_flight_);
    options.can_resend_all = replayable_ = below(2) == 0;
    options.max_single_bytes = below(2) == 0 ? UINT64_MAX : 20;
    options = draw_rest(std::move(options));
    // A stream's parts are compared as they come.
    options.records = records_ = (replayable_ || verify_) && below(3) != 0;
    producer_ = records_ && !replayable_ && below(3) == 0;
    options.begins_again = !producer_;
    same_source_ = replayable_ || producer_ || below(2) == 0;
    return options;
  }
  transfer::MachineOptions draw_rest(transfer::MachineOptions options) {
    options.verify = verify_ = gentle_ || below(8) != 0;
    options.url = "sim://object";
    options.random = [this](std::uint64_t bound) { return random_() % bound; };
    if (gentle_) options.retry.max_attempts = 30;
    return options;
  }

  /// The source: parts come at once or over time, known to be the last or not.
  void feed(std::size_t from = 0, std::uint32_t parts_before = 0) {
    const std::size_t part_bytes = part_bytes_;
    const bool known_length = below(2) == 0;
    const bool crc_known = below(3) != 0 || (records_ && !replayable_);
    const std::int64_t pace = below(2) == 0 ? 0 : 50'000;
    std::int64_t when = now_;
    std::uint32_t number = parts_before;
    first_byte_ = from;
    for (std::size_t offset = from; offset < source_.size(); offset += part_bytes) {
      const std::string bytes = source_.substr(offset, part_bytes);
      transfer::ReadyPart part{++number, offset, bytes.size(), {}, false};
      part.last = (known_length || bytes.size() < part_bytes) && offset + bytes.size() == source_.size();
      if (crc_known && verify_) part.crc64nvme = crc_of(bytes);
      at(when += pace, [this, part] { machine_->part_ready(part); });
    }
    at(when + pace, [this] {
      came_to_end_ = true;
      machine_->end_of_input();
    });
  }
  /// A producer that cannot begin again: what the store has is not made again, and its bytes are nowhere.
  void go_on_behind_front() {
    const auto front = machine_->stored_front();
    if (!front) return;
    waits_for_front_ = false;
    went_on_ = went_on_ || !front->empty();
    std::size_t offset = 0;
    std::uint32_t number = 0;
    for (const PartReceipt& part : *front) {
      const std::string bytes = source_.substr(offset, part.length);
      if (part.offset != offset || part.crc64nvme != crc_of(bytes)) wrong_ = "what is taken for the front is not it";
      const bool last = came_to_end_ && offset + part.length == source_.size();
      if (part.length != part_bytes_ && !last) break;
      offset += part.length;
      machine_->part_ready({++number, part.offset, part.length, part.crc64nvme, last});
    }
    feed(offset, number);
  }
  void disturb() {
    const auto some_time = [&] { return static_cast<std::int64_t>(below(5'000'000)); };
    if (maybe(15)) {
      at(some_time(), [this] {
        cancelled_by_user_ = true;
        machine_->cancel();
      });
    }
    if (maybe(5)) at(some_time(), [this] { machine_->fail(Status(Kind::source_changed, "changed")); });
    if (maybe(20)) {
      const std::int64_t start = some_time();
      at(start, [this] { machine_->pause(paused_ = true); });
      at(start + some_time(), [this] { machine_->pause(paused_ = false); });
    }
  }

  void perform() {
    for (const Action& action : machine_->take_actions()) {
      switch (action.what) {
        case Do::wait:
          at(now_ + std::max<std::int64_t>(1, action.delay.count() / 1000),
             [this, action] { machine_->timer_fired(action.request); });
          break;
        case Do::cancel_calls:
          for (const auto& [request, what] : under_way_) {
            if (what != Do::begin) cancelled_.insert(request);
          }
          break;
        case Do::release_part:
        case Do::note_written:
          break;
        case Do::finished:
          // What waits to be written is, before others may go on with it.
          if (records_) write_notes();
          if (!machine_->upload_open() && !(producer_ && machine_->may_go_on())) ledger_ = {};
          break;
        case Do::note_part:
          if (const auto& receipt = machine_->receipt(action.part)) {
            note({{}, *receipt, 0});
          }
          break;
        case Do::note_upload:
          note({machine_->upload_id(), {}, action.request});
          break;
        default:
          call(action);
      }
    }
  }

  void call(const Action& action) {
    if (paused_ && action.what != Do::inspect && action.what != Do::abort) wrong_ = "new work while paused";
    if (!under_way_.emplace(action.request, action.what).second) wrong_ = "two attempts of a request at once";
    if (action.what == Do::begin) begun_ = true;
    if (action.what == Do::check_part) return check(action);
    std::size_t parts = 0;
    for (const auto& [request, what] : under_way_) parts += what == Do::put_part ? 1 : 0;
    if (parts > in_flight_) wrong_ = "more parts under way than allowed";
    // After a shrinking those that are under way may end, but none is begun.
    const bool first_attempt = action.what == Do::put_part && action.attempt == 1;
    if (first_attempt && parts > limit_before_ && parts > machine_->progress().concurrency) {
      wrong_ = "a part is begun beyond the concurrency";
    }
    if (action.what == Do::abort && under_way_.size() > 1) wrong_ = "an abort while other calls are under way";
    const std::string id = machine_->upload_id();
    if (action.what == Do::put_part && records_ && ledger_.upload_id != id && !ledger_broke_) {
      wrong_ = "a part is sent before its upload is written down";
    }
    const Part part = part_of(action);
    if (part.length > 0 && part.offset < first_byte_) wrong_ = "a part is sent whose bytes nobody has";
    const bool kept = producer_ && !ledger_broke_ && ledger_.upload_id == id && !cancelled_by_user_;
    if (action.what == Do::abort && kept && store_.uploads.count(id) != 0) {
      wrong_ = "what a producer has sent is removed, and nobody asked for that";
    }
    lengths_[action.request] = action.what == Do::put_part ? part.length : 0;
    // A cancelled call may or may not have reached the store, and so may one of a process that was killed.
    const std::string bytes = source_.substr(part.offset, part.length);
    const auto when = now_ + 1 + static_cast<std::int64_t>(below(200'000));
    events_.emplace(when, [this, action, id, part, bytes, process = process_, receipts = receipts_for(action),
                           whole = machine_->whole()] {
      if (process != process_) return late(action, id, part, bytes, receipts, whole);
      under_way_.erase(action.request);
      const bool cancelled = cancelled_.erase(action.request) != 0;
      if (cancelled && maybe(50)) return answer(action, id, part, true, false);
      answer(action, id, part, cancelled, true);
    });
  }
  std::vector<PartReceipt> receipts_for(const Action& action) const {
    return action.what == Do::commit ? machine_->receipts() : std::vector<PartReceipt>();
  }
  void check(const Action& action) {
    const transfer::ReadyPart& part = machine_->part(action.part);
    lengths_[action.request] = 0;
    soon([this, action, bytes = source_.substr(part.offset, part.length)] {
      under_way_.erase(action.request);
      cancelled_.erase(action.request);
      machine_->check_done(action.request, crc_of(bytes));
    });
  }

  // --- the ledger, and what a kill leaves ---

  struct Note {
    std::string upload_id;  // or
    std::optional<PartReceipt> part;
    std::uint64_t request = 0;
  };
  struct Ledger {
    std::string upload_id;
    std::map<std::uint32_t, PartReceipt> parts;
  };
  void note(Note note) {
    if (notes_.empty()) soon([this] { write_notes(); });
    notes_.push_back(std::move(note));
  }
  /// All that waits, in order and together; then whoever waits for it is told.
  void write_notes() {
    const bool broken = !gentle_ && maybe(3);
    ledger_broke_ = ledger_broke_ || broken;
    for (const Note& note : std::exchange(notes_, {})) {
      if (!broken && note.part) ledger_.parts[note.part->number] = *note.part;
      if (!broken && !note.part) ledger_ = {note.upload_id, {}};
      if (note.request == 0) continue;
      under_way_.erase(note.request);
      machine_->note_done(note.request, broken ? Status(Kind::no_space, "the disk is full") : Status());
    }
  }

  /// kill -9, and the same call again.
  void kill_and_resume() {
    if (machine_->outcome()) return;
    if (maybe(50)) {
      // It was written, and nobody heard of it any more.
      for (const Note& note : notes_) {
        if (note.part) ledger_.parts[note.part->number] = *note.part;
        if (!note.part) ledger_ = {note.upload_id, {}};
      }
    }
    notes_.clear();
    if (machine_->upload_open() && machine_->upload_id() != ledger_.upload_id) lost_.insert(machine_->upload_id());
    bool commits = false;
    for (const auto& [request, what] : under_way_) commits = commits || what == Do::commit;
    ++process_;
    ++kills_;
    under_way_.clear(), cancelled_.clear(), lengths_.clear();
    paused_ = false;
    limit_before_ = UINT32_MAX;
    adapts_ = false;
    if (!gentle_ && !producer_ && !source_.empty() && maybe(15)) {
      source_[below(source_.size())] ^= 1;
      versions_.insert(source_);
    }
    transfer::MachineOptions options;
    options.concurrency = transfer::ConcurrencyOptions::fixed(in_flight_ = 1 + static_cast<std::uint32_t>(below(8)));
    options.can_resend_all = replayable_;
    options.begins_again = !producer_;
    options.records = true;
    options.same_source = same_source_;
    if (!ledger_.upload_id.empty()) {
      options.earlier.emplace().id = ledger_.upload_id;
      std::uint64_t bytes = 0;
      for (const auto& [number, part] : ledger_.parts) {
        options.earlier->parts.push_back(part);
        bytes += part.length;
      }
      options.earlier->all = producer_ && came_to_end_ && bytes == source_.size();
    }
    const bool can_tell = replayable_ || !store_.cannot_list;
    const bool kept_whole = gentle_ && !commits && can_tell && store_.uploads.count(ledger_.upload_id) != 0;
    if (!store_.cannot_list && !ledger_.parts.empty() && maybe(20))
      store_.lose_part(ledger_.upload_id, ledger_.parts.begin()->first);
    sure_ = kept_whole ? still_there() : 0;
    const bool verify = verify_;
    options = draw_rest(std::move(options));
    options.verify = verify_ = verify;
    const bool asks = producer_ && options.earlier;
    machine_.emplace(std::move(options));
    waits_for_front_ = asks;
    asks ? machine_->ask() : feed();
  }

  std::uint32_t still_there() const {
    const auto& parts = store_.uploads.at(ledger_.upload_id);
    std::uint32_t count = 0;
    for (const auto& [number, part] : ledger_.parts) count += parts.count(number) != 0 ? 1 : 0;
    return count;
  }

  /// What a killed process had sent may still arrive.
  void late(const Action& action, const std::string& id, const Part& part, const std::string& bytes,
            const std::vector<PartReceipt>& receipts, const Whole& whole) {
    if (maybe(50)) return;
    switch (action.what) {
      case Do::begin:
        if (const auto begun = store_.begin(); begun.ok()) lost_.insert(*begun);
        break;
      case Do::put_part:
        (void)store_.put_part(id, part, bytes);
        break;
      case Do::put_whole:
        (void)store_.put_whole(bytes);
        break;
      case Do::commit:
        (void)store_.commit(id, receipts, whole);
        break;
      case Do::abort:
        (void)store_.abort(id);
        break;
      default:
        break;
    }
  }

  /// Parts that are on their way are halfway there, as far as anybody knows.
  std::uint64_t sent_under_way() const {
    std::uint64_t bytes = 0;
    for (const auto& [request, length] : lengths_) bytes += under_way_.count(request) != 0 ? length / 2 : 0;
    return bytes;
  }
  void check_concurrency() {
    const std::uint32_t limit = machine_->progress().concurrency;
    if (first_limit_ == 0) first_limit_ = lowest_limit_ = limit;
    highest_limit_ = std::max(highest_limit_, limit);
    lowest_limit_ = std::min(lowest_limit_, limit);
    limit_before_ = limit;
    if (limit < 1 || limit > in_flight_) wrong_ = "a concurrency out of bounds";
    if (!adapts_ && limit != in_flight_) wrong_ = "a fixed concurrency that changes";
  }
  Part part_of(const Action& action) const {
    Part part;
    if (action.what != Do::put_part && (action.what != Do::put_whole || action.part == 0)) return part;
    const transfer::ReadyPart& ready = machine_->part(action.part);
    part.number = ready.number;
    part.offset = ready.offset;
    part.length = ready.length;
    return part;
  }

  template <class T, class Work>
  Result<T> reach(bool cancelled, bool reaches, Work work) {
    const Status gone(Kind::cancelled, "cancelled");
    if (!reaches) return gone;
    Result<T> result = work();
    return cancelled ? Result<T>(gone) : result;
  }
  void answer(const Action& action, const std::string& id, const Part& part, bool cancelled, bool reaches) {
    const std::string bytes = source_.substr(part.offset, part.length);
    const std::uint64_t request = action.request;
    switch (action.what) {
      case Do::begin:
        return machine_->begin_done(request, reach<std::string>(cancelled, reaches, [&] { return store_.begin(); }));
      case Do::put_part:
        return machine_->part_done(
            request, reach<PartReceipt>(cancelled, reaches, [&] { return store_.put_part(id, part, bytes); }));
      case Do::put_whole:
        return machine_->whole_done(request,
                                    reach<Stored>(cancelled, reaches, [&] { return store_.put_whole(bytes); }));
      case Do::commit: {
        const auto commit = [&] { return store_.commit(id, machine_->receipts(), machine_->whole()); };
        return machine_->commit_done(request, reach<Stored>(cancelled, reaches, commit));
      }
      case Do::list_parts:
        return machine_->list_done(
            request, reach<std::vector<PartReceipt>>(cancelled, reaches, [&] { return store_.list_parts(id); }));
      case Do::abort:
        return machine_->abort_done(request, store_.abort(id).status());
      default:
        return machine_->inspect_done(request, reach<Stored>(cancelled, reaches, [&] { return store_.inspect(); }));
    }
  }

  std::string judge() {
    std::size_t open = 0;
    for (const auto& [id, parts] : store_.uploads) {
      const bool known = machine_->upload_open() && ledger_.upload_id == id;  // somebody can go on with it
      open += store_.nameless.count(id) == 0 && lost_.count(id) == 0 && !known ? 1 : 0;
    }
    if (store_.object != older_ && !store_.damaged && versions_.count(*store_.object) == 0)
      return "a mixture is stored";
    const auto& outcome = *machine_->outcome();
    if (outcome.ok()) return judge_success(*outcome, open);
    const std::string message = outcome.status().message();
    const bool says_so = message.find("all the same") != std::string::npos;
    // A completion that a killed process asked for may end the upload under a stream that cannot be sent again.
    const bool may_fail = kills_ != 0 && !replayable_;
    if (gentle_ && !may_fail) return "it fails although nothing fatal happened: " + message;
    if (!same_source_ && outcome.status().kind() == Kind::source_changed && !source_.empty() &&
        !message.starts_with("changed")) {
      return "a stream that nobody promised to be the same is held to it: " + message;
    }
    if (open != 0 && message.find("could not be removed") == std::string::npos) return "an upload is left: " + message;
    const bool by_another = kills_ != 0 && store_.object && (store_.damaged || versions_.count(*store_.object) != 0);
    if (store_.object != older_ && !says_so && !by_another)
      return "an object is there, and the error does not say so: " + message;
    if (outcome.status().kind() == Kind::internal) return "an internal error: " + message;
    return {};
  }
  std::string judge_success(const transfer::UploadProof& proof, std::size_t open) const {
    const transfer::UploadProgress progress = machine_->progress();
    if (!store_.object) return "it succeeds and nothing is stored";
    // Without checksums anywhere a flipped byte cannot be seen; the proof must not claim otherwise.
    const bool provable = verify_ && (store_.has_checksums || store_.checks_parts);
    if (*store_.object != source_ && (provable || proof.verified)) return "it succeeds and other bytes are stored";
    if (store_.object->size() != source_.size() || proof.bytes != source_.size()) return "lengths differ";
    if (store_.writes == 0) return "it succeeds with the object that was there before";
    if (proof.verified && !store_.has_checksums) return "it claims a checksum that the store does not have";
    if (!proof.verified && gentle_ && store_.has_checksums) return "it does not compare the store's checksum";
    if (open != 0) return "it succeeds and an upload is left";
    if (progress.parts_resumed < sure_ && progress.restarts == 0) {
      return fmt::format("{} parts were safe, and {} were not sent again", sure_, progress.parts_resumed);
    }
    if (progress.bytes_acked != source_.size() || progress.parts_in_flight != 0)
      return "the progress is wrong at the end";
    return {};
  }

  std::mt19937_64 random_;
  const bool gentle_;
  std::uint32_t in_flight_ = 0;
  bool adapts_ = false;
  std::uint32_t first_limit_ = 0, highest_limit_ = 0, lowest_limit_ = 0, limit_before_ = UINT32_MAX;
  bool replayable_ = false;
  bool same_source_ = true;
  bool producer_ = false;         // it cannot begin again
  bool came_to_end_ = false;      // and has, which is written down
  bool waits_for_front_ = false;  // of what the store has
  bool went_on_ = false;
  bool cancelled_by_user_ = false;
  std::uint64_t first_byte_ = 0;  // that there is in this process
  bool verify_ = true;
  bool paused_ = false;
  bool begun_ = false;
  SimStore store_;
  std::optional<transfer::UploadMachine> machine_;
  std::string source_;
  std::optional<std::string> older_;
  std::int64_t now_ = 0;  // microseconds
  std::size_t steps_ = 0;
  std::multimap<std::int64_t, std::function<void()>> events_;
  std::map<std::uint64_t, Do> under_way_;
  std::map<std::uint64_t, std::uint64_t> lengths_;  // of the parts of requests
  std::set<std::uint64_t> cancelled_;
  std::string wrong_;
  std::size_t part_bytes_ = 0;
  bool records_ = false;
  unsigned process_ = 0;  // those killed before it
  std::uint32_t kills_ = 0;
  std::uint32_t sure_ = 0;  // parts that must not be sent again
  Ledger ledger_;           // what survives
  std::vector<Note> notes_;
  bool ledger_broke_ = false;
  std::set<std::string> lost_;      // uploads that a kill kept from being written down
  std::set<std::string> versions_;  // of the source
};

}  // namespace weir::test
