#include "store/flight.hpp"

#include <condition_variable>
#include <optional>
#include <thread>
#include <utility>

#include "weir/core/executor.hpp"

namespace weir::store {

void Flight::cancel() {
  std::shared_ptr<net::Call> running;
  std::function<void()> waiting;
  {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    running = call_;
    waiting = std::exchange(waiting_, nullptr);
  }
  if (running) running->cancel();
  if (waiting) {
    Executor::default_pool()->post(
        [self = shared_from_this()] { self->end(Status(Kind::cancelled, "the transfer was cancelled")); });
  }
}

void Flight::wait(std::chrono::nanoseconds delay, std::function<void()> work) {
  {
    std::unique_lock lock(mutex_);
    if (cancelled_) {
      lock.unlock();
      return end(Status(Kind::cancelled, "the transfer was cancelled"));
    }
    waiting_ = std::move(work);
  }
  Executor::default_pool()->post_after(delay, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self) Executor::default_pool()->post_blocking([self] { self->go_on(); });
  });
}

void Flight::go_on() {
  std::function<void()> work;
  {
    std::lock_guard lock(mutex_);
    work = std::exchange(waiting_, nullptr);
  }
  if (work) work();
}

void Flight::resume() {
  std::shared_ptr<net::Call> running;
  {
    std::lock_guard lock(mutex_);
    resumed_early_ = call_ == nullptr;
    running = call_;
  }
  if (running) running->wake();
}

bool Flight::is_cancelled() {
  std::lock_guard lock(mutex_);
  return cancelled_;
}

/// What was asked for while the loop had the call, but we did not, is asked for again.
void Flight::set_call(std::shared_ptr<net::Call> running) {
  std::unique_lock lock(mutex_);
  if (ended_) return;
  call_ = running;
  const bool cancels = cancelled_;
  const bool resumes = resumed_early_;
  lock.unlock();
  if (cancels) running->cancel();
  if (resumes) running->wake();
}

void Flight::end(Result<net::Response> answer) {
  std::shared_ptr<net::Call> over;  // calls and flights hold each other; let go outside the lock
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
    over = std::move(call_);
  }
  std::exchange(done_, nullptr)(std::move(answer));
}

void Flight::send(net::Client& http, net::Request request,
                  std::function<Result<net::Response>(Result<net::Response>)> judge) {
  send_then(http, std::move(request),
            [self = shared_from_this(), judge = std::move(judge)](Result<net::Response> answer) {
              self->end(judge(std::move(answer)));
            });
}

void Flight::send_then(net::Client& http, net::Request request, std::function<void(Result<net::Response>)> then) {
  set_call(http.send(std::move(request), std::move(then)));
}

Running take_off(Flight::Launch launch, Flight::Done done) {
  auto flight = std::make_shared<Flight>(std::move(done));
  detail::nearby_executor()->post_blocking([flight, launch = std::move(launch)] {
    if (flight->is_cancelled()) return flight->end(Status(Kind::cancelled, "the transfer was cancelled"));
    launch(flight);
  });
  const std::weak_ptr<Flight> weak = flight;
  return {[weak] {
            if (const auto running = weak.lock()) running->cancel();
          },
          [weak] {
            if (const auto running = weak.lock()) running->resume();
          }};
}

Result<net::Response> call(int attempts, const std::function<void(const std::shared_ptr<Flight>&, int)>& launch,
                           Cancellation* stop) {
  for (int attempt = 1;; ++attempt) {
    struct Waiter {
      std::mutex mutex;
      std::condition_variable ready;
      std::optional<Result<net::Response>> answer;
    };
    auto waiter = std::make_shared<Waiter>();
    const auto flight = std::make_shared<Flight>([waiter](Result<net::Response> answer) {
      std::lock_guard lock(waiter->mutex);
      waiter->answer = std::move(answer);
      waiter->ready.notify_one();
    });
    if (stop != nullptr) WEIR_TRY(stop->status());
    const Cancellation::Watch watch(stop, [flight] { flight->cancel(); });
    launch(flight, attempt);
    std::unique_lock lock(waiter->mutex);
    waiter->ready.wait(lock, [&] { return waiter->answer.has_value(); });
    const Status status = waiter->answer->status();
    if (!status.retryable() || attempt >= attempts) return *std::move(waiter->answer);
    const auto delay = backoff(status.error(), attempt);
    lock.unlock();
    if (stop != nullptr) {
      stop->sleep(delay);
    } else {
      std::this_thread::sleep_for(delay);
    }
  }
}

}  // namespace weir::store
