// Bodies and waiting that the HTTP tests share.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/http.hpp"

namespace weir::test {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

/// Bytes that differ along the way, so that a shift or a loss shows.
inline std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 12345;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

/// A body that gives `step` bytes at a time and says pending whenever `may_give` says no.
class GatedBody : public net::Body {
 public:
  GatedBody(std::string text, std::size_t step) : text_(std::move(text)), step_(step) {}
  std::uint64_t size() const override { return text_.size(); }
  Status rewind() override {
    const std::lock_guard lock(mutex_);
    at_ = 0;
    ++rewinds_;
    return {};
  }
  Result<std::size_t> read(std::span<std::byte> into) override {
    const std::lock_guard lock(mutex_);
    if (at_ < text_.size() && at_ >= allowed_) return Status::pending();
    const std::size_t count = std::min({into.size(), step_, text_.size() - at_, allowed_ - at_});
    std::memcpy(into.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  void attach(std::function<void()> wake) override {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }
  /// Lets bytes up to `allowed` go. Any thread.
  void allow(std::size_t allowed) {
    std::function<void()> wake;
    {
      const std::lock_guard lock(mutex_);
      allowed_ = allowed;
      wake = wake_;
    }
    if (wake) wake();
  }
  int rewinds() const {
    const std::lock_guard lock(mutex_);
    return rewinds_;
  }

 private:
  mutable std::mutex mutex_;
  const std::string text_;
  const std::size_t step_;
  std::size_t at_ = 0;
  std::size_t allowed_ = 0;
  int rewinds_ = 0;
  std::function<void()> wake_;
};

/// The answer of one send(), to be waited for; counts how often it came.
class Answer {
 public:
  net::Client::Done taker() {
    return [state = state_](Result<net::Response> result) {
      const std::lock_guard lock(state->mutex);
      ++state->times;
      state->result.emplace(std::move(result));
      state->came.notify_all();
    };
  }
  bool comes_within(std::chrono::milliseconds time) {
    std::unique_lock lock(state_->mutex);
    return state_->came.wait_for(lock, time, [&] { return state_->result.has_value(); });
  }
  Result<net::Response> get() {
    std::unique_lock lock(state_->mutex);
    if (!state_->came.wait_for(lock, 30s, [&] { return state_->result.has_value(); })) {
      return Status(Kind::internal, "no answer within 30 s");
    }
    return *state_->result;
  }
  int times() const {
    const std::lock_guard lock(state_->mutex);
    return state_->times;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<Result<net::Response>> result;
    int times = 0;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

inline net::Request request_to(std::string method, std::string url, std::shared_ptr<net::Body> body = nullptr) {
  net::Request request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.body = std::move(body);
  return request;
}

}  // namespace weir::test
