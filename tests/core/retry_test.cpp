#include <catch2/catch.hpp>

#include "weir/core/retry.hpp"

using namespace std::chrono_literals;
using weir::Error;
using weir::Retry;
using weir::RetryPolicy;
using weir::RetryTokens;

namespace {

Error failed(Retry retry, std::uint64_t retry_after_ms = 0) {
  Error error;
  error.kind = weir::Kind::unavailable;
  error.retry = retry;
  error.retry_after_ms = retry_after_ms;
  return error;
}
std::uint64_t most(std::uint64_t bound) { return bound - 1; }
std::uint64_t least(std::uint64_t) { return 0; }

}  // namespace

TEST_CASE("waiting doubles from 50 ms, or from 1 s when throttled, up to 20 s, and jitter takes any part of it") {
  const RetryPolicy policy;
  CHECK(policy.delay(failed(Retry::transient), 1, most) == 50ms);
  CHECK(policy.delay(failed(Retry::transient), 2, most) == 100ms);
  CHECK(policy.delay(failed(Retry::credentials), 3, most) == 200ms);
  CHECK(policy.delay(failed(Retry::throttled), 1, most) == 1s);
  CHECK(policy.delay(failed(Retry::throttled), 5, most) == 16s);
  CHECK(policy.delay(failed(Retry::throttled), 6, most) == 20s);
  CHECK(policy.delay(failed(Retry::transient), 4'000'000'000u, most) == 20s);
  CHECK(policy.delay(failed(Retry::throttled), 6, least) == 0s);
}

TEST_CASE("a Retry-After is waited out whatever the jitter, but no longer than five minutes") {
  const RetryPolicy policy;
  CHECK(policy.delay(failed(Retry::throttled, 7000), 1, least) == 7s);
  CHECK(policy.delay(failed(Retry::throttled, 7000), 1, most) == 8s);
  CHECK(policy.delay(failed(Retry::transient, 86'400'000), 1, least) == 300s);
  CHECK(policy.delay(failed(Retry::transient, UINT64_MAX), 1, least) == 300s);
}

TEST_CASE("500 tokens pay for 35 transient or 100 throttled retries, and what succeeds gives back what it took") {
  for (const auto& [retry, retries] : {std::pair(Retry::transient, 35), std::pair(Retry::throttled, 100)}) {
    RetryTokens tokens;
    int made = 0;
    while (tokens.take(RetryTokens::cost_of(retry))) ++made;
    CHECK(made == retries);
    const std::uint32_t left = tokens.left();
    tokens.succeeded(28);
    CHECK(tokens.left() == left + 29);
  }
  RetryTokens full;
  full.succeeded(14);
  CHECK(full.left() == RetryTokens::kCapacity);
}
