// How a job runs: preparing, scheduling of segments, moving data, winding up. See job.hpp for what it promises.
#pragma once

#include "weir/core/job.hpp"

namespace weir::detail {

// --- before the start ---

inline Stage& JobCore::stage(std::size_t index) const {
  if (index == 0) return *pipeline_.source;
  if (index == pipeline_.transforms.size() + 1) return *pipeline_.sink;
  return *pipeline_.transforms[index - 1];
}

/// Copies of a Status share what it says: to tell of this takes no memory.
inline const Status& JobCore::out_of_memory() {
  static const Status kStatus = Status(Kind::no_memory, "the system has no memory left").during("run the pipeline");
  return kStatus;
}

inline const Status& JobCore::cancelled() {
  static const Status kStatus(Kind::cancelled, "the job was cancelled");
  return kStatus;
}

inline const Status& JobCore::suspended() {
  static const Status kStatus(Kind::cancelled, "the job was suspended");
  return kStatus;
}

/// Of the exception that is being handled.
inline Status JobCore::thrown() noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& what) {
    try {
      return Status(Kind::internal, std::string("a stage threw: ") + what.what()).during("run the pipeline");
    } catch (...) {
      return out_of_memory();
    }
  } catch (...) {
    return out_of_memory();  // of the library nothing throws anything else
  }
}

inline void JobCore::start() {
  Status status;
  bool ready = false;
  try {
    if (!stopping_.load(std::memory_order_acquire)) {
      status = prepare();
      ready = status.ok();
    }
  } catch (...) {
    status = thrown();
  }
  if (!ready) {
    if (stopping_.load(std::memory_order_acquire)) status = reason_;  // before anything has happened
    complete(std::move(status));
    return;
  }
  {
    std::lock_guard lock(mutex_);
    prepared_ = true;
    if (paused_.load(std::memory_order_relaxed)) pipeline_.sink->pause(true);
  }
  const bool reports = options_.on_progress != nullptr;  // once it runs, its end may take it away
  live_segments_ = runners_.size();
  keep_alive_ = shared_from_this();
  trace(TraceEvent::What::started);
  started_.store(true, std::memory_order_release);
  wake_all();
  if (reports) report_later();
}

inline void JobCore::start_later() {
  try {
    options_.executor->post_blocking([self = shared_from_this()] { self->start(); });
  } catch (const std::bad_alloc&) {
    start();
  }
}

inline Status JobCore::prepare() {
  if (!options_.budget && options_.budget_bytes < kMinBudgetBytes) {
    Error error;
    error.kind = Kind::budget_too_small;
    error.operation = "start the pipeline";
    error.cause = fmt::format("a budget of {} bytes is below the least of {}", options_.budget_bytes, kMinBudgetBytes);
    error.advice = "Give it a budget of at least 8 MiB.";
    error.needed_bytes = kMinBudgetBytes;
    return Status(std::move(error));
  }
  WEIR_ASSIGN(plan_, make_plan(pipeline_, options_.budget_bytes, options_.executor->concurrency(),
                               options_.budget ? 0 : kMinBudgetBytes, &stopping_));
  budget_ = options_.budget ? options_.budget : Budget::make(options_.budget_bytes);
  for (std::size_t i = 0; i < plan_.upstream.size(); ++i) {
    counters_.push_back(std::make_unique<StageCounters>());
    names_.push_back(stage(i).name());
  }
  connect(plan_);
  return open_stages();
}

/// Segments, and the rings between them.
inline void JobCore::connect(const Plan& plan) {
  const std::size_t sink = plan.upstream.size() - 1;
  const std::weak_ptr<JobCore> self = weak_from_this();
  const auto waker = [&](std::size_t segment) {
    return [self, segment] {
      if (const auto core = self.lock()) core->wake(segment);
    };
  };
  for (std::size_t s = 0; s < plan.segments.size(); ++s) {
    auto runner = std::make_unique<Runner>();
    runner->inlet.sampling = runner->outlet.sampling = &runner->sampling;
    runner->stages = plan.segments[s];
    const std::size_t first = runner->stages.first;
    const std::size_t last = runner->stages.last;
    if (s > 0) {
      runner->inlet.ring = rings_.back().get();
      runner->inlet.wake_producer = waker(s - 1);
      for (std::size_t i = first; i <= last; ++i) runner->inlet.at_once = runner->inlet.at_once || stage(i).waits();
    } else if (first == 0) {
      runner->inlet.source = pipeline_.source.get();
      runner->inlet.paused = &paused_;
      runner->inlet.counters = counters_[0].get();
    }
    for (std::size_t i = std::max<std::size_t>(first, 1); i <= last && i < sink; ++i) {
      runner->feed =
          &runner->nodes.emplace_back(*pipeline_.transforms[i - 1], *runner->feed, *counters_[i], runner->sampling);
    }
    if (last == sink) {
      runner->outlet.sink = pipeline_.sink.get();
      runner->outlet.counters = counters_[sink].get();
    } else {
      rings_.push_back(std::make_unique<ChunkRing>(plan.segments[s + 1].ring_depth));
      runner->outlet.ring = rings_.back().get();
      runner->outlet.wake_consumer = waker(s + 1);
      bool at_once = last + 1 < sink && pipeline_.transforms[last]->watches();
      for (std::size_t i = first; i <= last; ++i) at_once = at_once || stage(i).waits();
      runner->outlet.at_once = at_once;
    }
    for (std::size_t i = first; i <= last; ++i) {
      auto context = std::make_unique<Context>();
      context->wake = waker(s);
      contexts_.push_back(std::move(context));
    }
    runners_.push_back(std::move(runner));
  }
}

inline Status JobCore::open_stages() {
  const std::size_t first = plan_.upstream.size() - contexts_.size();  // 0, or the sink alone
  for (std::size_t i = 0; i < contexts_.size(); ++i) {
    const std::size_t index = first + i;
    Context& context = *contexts_[i];
    context.name = names_[index];
    context.budget = budget_;
    context.executor = options_.executor;
    context.stopping = [self = weak_from_this()] {
      const auto core = self.lock();
      return !core || core->stopping_.load(std::memory_order_relaxed);
    };
    context.clock = clock_;
    context.upstream = plan_.upstream[index];
    context.grant_bytes = plan_.grant_bytes[index];
    context.slab_bytes = plan_.slab_bytes[index];
    const bool before_sink = index + 2 == plan_.upstream.size();
    if (before_sink && index > 0) context.marks = pipeline_.sink->marks();
    if (before_sink && index == 0) context.spool = pipeline_.sink->spool();
    if (Status status = stage(index).open(context); !status.ok()) return std::move(status).in_stage(names_[index]);
  }
  return {};
}

// --- scheduling ---

inline void JobCore::wake(std::size_t segment) {
  if (!started_.load(std::memory_order_acquire)) return;  // start() wakes them all
  using State = Runner::State;
  Runner& runner = *runners_[segment];
  // Also where nothing changes this is a read-modify-write: the run that starts next then sees what led to this
  // wake-up.
  State state = runner.state.load(std::memory_order_relaxed);
  const auto next = [](State now) { return now == State::idle || now == State::queued ? State::queued : State::rerun; };
  while (!runner.state.compare_exchange_weak(state, next(state), std::memory_order_acq_rel)) {
  }
  if (state != State::idle) return;
  // A turn that nobody takes would leave the job standing for ever.
  while (!post(segment)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

/// False: there is no memory for a task.
inline bool JobCore::post(std::size_t segment) noexcept {
  try {
    auto task = [self = shared_from_this(), segment] { self->run(segment); };
    if (runners_[segment]->stages.blocking) {
      options_.executor->post_blocking(std::move(task));
    } else {
      options_.executor->post(std::move(task));
    }
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

inline void JobCore::wake_all() {
  if (!started_.load(std::memory_order_acquire)) return;  // there may be none yet; start() wakes them
  for (std::size_t s = 0; s < runners_.size(); ++s) wake(s);
}

inline void JobCore::run(std::size_t segment) {
  using State = Runner::State;
  Runner& runner = *runners_[segment];
  runner.state.exchange(State::running, std::memory_order_acq_rel);
  if (runner.ended) return;
  if (runner.waiting_since != 0) {
    StageCounters& counters = *counters_[runner.waits_for_output ? runner.stages.last : runner.stages.first];
    StageCounters::add(runner.waits_for_output ? counters.blocked_ns : counters.starved_ns,
                       now_ns() - std::exchange(runner.waiting_since, 0));
  }
  const std::uint64_t begin_ns = options_.on_trace ? now_ns() : 0;
  Step outcome = Step::again;
  try {
    outcome = step(runner);
  } catch (...) {
    outcome = threw(runner);
  }
  if (options_.on_trace) trace_turn(runner, outcome, begin_ns);
  if (outcome == Step::done) {
    runner.ended = true;
    segment_ended(segment);
    return;
  }
  // A wake-up that came while it ran counts as one after it.
  State state = State::running;
  const bool rerun = !runner.state.compare_exchange_strong(state, State::idle, std::memory_order_acq_rel);
  if (rerun) runner.state.store(State::idle, std::memory_order_release);
  if (rerun || outcome == Step::again) wake(segment);
}

/// The job stops; a segment whose winding up throws twice is left as it is.
inline Step JobCore::threw(Runner& runner) noexcept {
  if (stopping_.load(std::memory_order_acquire) && std::exchange(runner.wind_up_threw, true)) return Step::done;
  stop(thrown());
  return Step::again;
}

// --- moving data ---

inline Step JobCore::step(Runner& runner) {
  if (runner.unwanted.load(std::memory_order_acquire)) {
    runner.held = Chunk();
    runner.nodes.clear();
    return Step::done;
  }
  if (!stopping_.load(std::memory_order_acquire)) {
    const Step outcome = move_data(runner);
    runner.inlet.flush();
    runner.outlet.flush();
    if (outcome == Step::done || !stopping_.load(std::memory_order_acquire)) return outcome;
  }
  return wind_up(runner);
}

inline Step JobCore::move_data(Runner& runner) {
  const std::uint64_t begun_ns = now_ns();
  for (unsigned moved = 1;; ++moved) {
    if (stopping_.load(std::memory_order_relaxed)) return Step::again;
    if (runner.held.empty()) {
      runner.sampling.begin();
      if (!runner.input_ended) {
        if (Status status = runner.feed->next(runner.held); !status.ok()) {
          if (status.is_pending()) return wait_for_input(runner);
          return stop(std::move(status)), Step::again;
        }
        runner.input_ended = runner.held.empty();
      }
      if (runner.input_ended) return finish_output(runner);
    }
    if (Status status = runner.outlet.put(runner.held); !status.ok()) {
      if (status.is_pending()) return note_wait(runner, true), Step::waiting;
      return stop(std::move(status).in_stage(names_[runner.stages.last])), Step::again;
    }
    runner.held = Chunk();
    runner.sampling.end();
    if (moved % kChunksPerRun == 0 && now_ns() - begun_ns > kShortRunNs) return Step::again;
  }
}

/// A sink may fail for good while no input comes: it is asked, so that nobody waits for a chunk to find out.
inline Step JobCore::wait_for_input(Runner& runner) {
  if (runner.outlet.sink != nullptr) {
    if (Status status = runner.outlet.sink->ready(); status.failed()) {
      return stop(std::move(status).in_stage(names_.back())), Step::again;
    }
  }
  return note_wait(runner, false), Step::waiting;
}

inline Step JobCore::finish_output(Runner& runner) {
  for (const TransformNode& node : runner.nodes) {
    if (node.cut_short()) cut_short_ = true;
  }
  if (runner.outlet.ring != nullptr) {
    runner.outlet.ring->end();
    runner.outlet.flush();
    return Step::done;
  }
  Result<Receipt> receipt = pipeline_.sink->close();
  if (!receipt.ok()) {
    Status status = receipt.status();
    if (status.is_pending()) return note_wait(runner, true), Step::waiting;
    return stop(std::move(status).in_stage(names_.back())), Step::again;
  }
  if (Status status = seal(*receipt); !status.ok()) return stop(std::move(status)), Step::again;
  std::lock_guard lock(mutex_);
  receipt_ = std::move(*receipt);
  if (plan_.flows) receipt_->retries += pipeline_.source->retries();
  return Step::done;
}

/// The counts of both ends must be the same, or the receipt is no proof.
inline Status JobCore::seal(Receipt& receipt) {
  const std::uint64_t into_sink =
      plan_.flows ? counters_.back()->bytes_in.load() + receipt.bytes_skipped : receipt.bytes_acked;
  receipt.bytes_read = plan_.flows ? counters_.front()->bytes_out.load() : receipt.bytes_acked;
  if (receipt.bytes_acked != into_sink || receipt.bytes_stored != receipt.bytes_acked) {
    return Status(Kind::corrupt, fmt::format("{} bytes were sent, {} acknowledged, and the store holds {}", into_sink,
                                             receipt.bytes_acked, receipt.bytes_stored))
        .during("prove " + receipt.destination);
  }
  const bool unchanged =
      std::all_of(pipeline_.transforms.begin(), pipeline_.transforms.end(), [](const auto& t) { return t->tap(); });
  if (unchanged) WEIR_TRY(check_same_bytes(pipeline_.source->facts(), receipt));
  // Where nothing makes other bytes of them, what was skipped was not read in this run.
  const std::uint64_t read = receipt.bytes_read + (unchanged ? receipt.bytes_skipped : 0);
  if (unchanged && read != receipt.bytes_acked) {
    return Status(Kind::corrupt, fmt::format("{} bytes were read and {} acknowledged", read, receipt.bytes_acked))
        .during("prove " + receipt.destination);
  }
  if (const auto& expected = plan_.upstream[1].exact_bytes; expected && read != *expected && !cut_short_) {
    return Status(Kind::source_changed,
                  fmt::format("{} has {} bytes, but {} were announced", plan_.upstream[1].source, read, *expected));
  }
  return {};
}

/// From one store into another, or into a file: what the one vouches for is what the other took.
inline Status JobCore::check_same_bytes(const Facts& source, Receipt& receipt) {
  const auto vouched = [](const auto& fact) {
    return fact.first.starts_with("source_") && fact.first.ends_with("_verified");
  };
  if (receipt.in_file && !receipt.checksum.empty())
    receipt.checksum_verified = std::any_of(source.begin(), source.end(), vouched);
  constexpr std::string_view kPrefix = "crc64nvme:";
  const auto came = source.find("source_crc64nvme_verified");
  if (came == source.end() || !receipt.checksum.starts_with(kPrefix)) return {};
  if (std::string_view(receipt.checksum).substr(kPrefix.size()) == came->second) return {};
  return Status(Kind::corrupt, fmt::format("the bytes came with the checksum crc64nvme:{} and went with {}",
                                           came->second, receipt.checksum))
      .during("prove " + receipt.destination)
      .advise("What is stored there is not what the source is: do not use it.");
}

inline void JobCore::note_wait(Runner& runner, bool for_output) {
  runner.waits_for_output = for_output;
  runner.waiting_since = now_ns();
}

inline void JobCore::trace(TraceEvent::What what) const {
  if (!options_.on_trace) return;
  TraceEvent event;
  event.what = what;
  event.begin_ns = event.end_ns = now_ns();
  options_.on_trace(event);
}

inline void JobCore::trace_turn(const Runner& runner, Step outcome, std::uint64_t begin_ns) const {
  using Then = TraceEvent::Then;
  TraceEvent event;
  event.what = TraceEvent::What::ran;
  event.then = outcome == Step::done     ? Then::done
               : outcome == Step::again  ? Then::others_turn
               : runner.waits_for_output ? Then::waits_for_output
                                         : Then::waits_for_input;
  event.first_stage = names_[runner.stages.first];
  event.last_stage = names_[runner.stages.last];
  event.begin_ns = begin_ns;
  event.end_ns = now_ns();
  options_.on_trace(event);
}

// --- ending ---

inline void JobCore::pause(bool on) {
  {
    std::lock_guard lock(mutex_);
    if (!sink_alive_) return;
    paused_.store(on, std::memory_order_release);
    clock_->stand(on);
    if (prepared_) pipeline_.sink->pause(on);
  }
  if (!on) wake_all();
}

inline void JobCore::stop(Status reason, bool keep) {
  {
    std::lock_guard lock(mutex_);
    if (!sink_alive_ || receipt_ || stopping_.load(std::memory_order_relaxed)) return;
    keep_.store(keep || may_pass(reason.kind()), std::memory_order_relaxed);
    reason_ = std::move(reason);
    stopping_.store(true, std::memory_order_release);
  }
  trace(TraceEvent::What::stopping);
  wake_all();
}

/// After stop(): drops what the segment holds; the sink's segment removes what it began.
inline Step JobCore::wind_up(Runner& runner) {
  runner.held = Chunk();
  runner.nodes.clear();
  if (runner.outlet.sink == nullptr) return Step::done;
  if (!std::exchange(runner.aborted, true)) keep_.load() ? pipeline_.sink->suspend() : pipeline_.sink->abort();
  const Status left = pipeline_.sink->stopped();
  if (left.is_pending()) return Step::waiting;
  if (left.failed()) {
    std::lock_guard lock(mutex_);
    reason_.add_advice(left.error().advice);
    reason_.keep(left.error().kept_bytes);
  }
  return Step::done;
}

inline void JobCore::segment_ended(std::size_t segment) {
  // What comes before it has ended by itself, or is not wanted any more.
  if (segment > 0 && !runners_[segment - 1]->ended.load(std::memory_order_acquire)) {
    runners_[segment - 1]->unwanted.store(true, std::memory_order_release);
    wake(segment - 1);
  }
  if (live_segments_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  try {
    complete(outcome());
  } catch (...) {
    complete(thrown());
  }
}

inline Result<Receipt> JobCore::outcome() {
  Facts facts;
  for (std::size_t i = 0; i < plan_.upstream.size(); ++i) facts.merge(stage(i).facts());
  std::lock_guard lock(mutex_);
  if (!receipt_) return reason_;
  Receipt receipt = std::move(*receipt_);
  receipt.facts = std::move(facts);
  receipt.duration_ns = now_ns() - start_ns_;
  return receipt;
}

inline void JobCore::complete(Result<Receipt> result) noexcept {
  Progress last;
  try {
    last = progress();
  } catch (...) {
    last = Progress();  // no memory for its names
  }
  Pipeline gone;
  {
    std::lock_guard lock(mutex_);
    last.state = result.ok() ? JobState::done : JobState::failed;
    last_ = std::move(last);
    sink_alive_ = false;
    outcome_ = std::move(result);
    gone = std::move(pipeline_);
  }
  // The stages go before anyone hears of the end: their files are closed and their memory is back by then.
  for (auto& runner : runners_) runner->held = Chunk(), runner->nodes.clear();
  rings_.clear();
  gone.sink.reset();
  gone.transforms.clear();
  gone.source.reset();
  for (auto& context : contexts_) context->marks.reset(), context->spool.reset();
  if (budget_ && !options_.budget) budget_->trim(0);
  if (!options_.on_progress && !options_.on_end) return tell_end();
  try {
    // What may be a host's runs where such things run: not in the turn of a segment, and not inside start().
    options_.executor->post_blocking([self = shared_from_this()] { self->tell_end(); });
  } catch (const std::bad_alloc&) {
    tell_end();  // rather on this thread than never
  }
}

/// What the callbacks hold goes with them, before anyone who waits has the answer.
inline void JobCore::tell_end() {
  if (options_.on_progress) {
    std::lock_guard reporting(report_mutex_);
    const auto on_progress = std::exchange(options_.on_progress, nullptr);
    on_progress(last_);
  }
  trace(TraceEvent::What::ended);
  auto on_end = std::exchange(options_.on_end, nullptr);
  std::unique_lock lock(mutex_);
  result_ = std::move(outcome_);
  if (on_end) {
    telling_ = std::this_thread::get_id();
    ended_.notify_all();  // who waits for some time alone waits for the rest of this, however long
    lock.unlock();
    on_end();
    on_end = nullptr;
    lock.lock();
    telling_ = {};
  }
  told_ = true;
  ended_.notify_all();
  keep_alive_.reset();  // the caller holds another reference
  const auto listeners = std::move(listeners_);
  lock.unlock();
  for (const auto& listener : listeners) listener();
}

inline void JobCore::when_ended(std::function<void()> listener) {
  {
    std::lock_guard lock(mutex_);
    if (!told_) return listeners_.push_back(std::move(listener));
  }
  listener();
}

inline std::optional<Result<Receipt>> JobCore::wait(std::optional<std::chrono::nanoseconds> timeout) {
  std::unique_lock lock(mutex_);
  const auto known = [&] { return result_.has_value(); };
  if (timeout) {
    // To wait for no time is a system call all the same.
    if (timeout->count() > 0) ended_.wait_for(lock, *timeout, known);
    if (!known()) return {};
  }
  ended_.wait(lock, [&] { return known() && (told_ || telling_ == std::this_thread::get_id()); });
  return result_;
}

}  // namespace weir::detail
