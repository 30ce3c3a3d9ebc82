// Jobs where the system has no memory: each allocation of a job fails in turn. No part of it may end the process, and
// none may leave the job standing.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <string>

#include "weir/core/job.hpp"
#include "weir/stages/buffered.hpp"
#include "weir/stages/generator.hpp"
#include "weir/stages/handles.hpp"
#include "weir/stages/map.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"

namespace {

std::atomic<long> g_until_failure{0};  // allocations that still succeed; 0: all do
std::atomic<long> g_failures_left{0};

bool fails_now() noexcept {
  if (g_failures_left.load(std::memory_order_relaxed) <= 0) return false;
  if (g_until_failure.fetch_sub(1) > 1) return false;
  return g_failures_left.fetch_sub(1) > 0;
}

void fail_from(long first, long count) {
  g_until_failure = first;
  g_failures_left = count;
}

void* allocate(std::size_t size) {
  if (fails_now()) throw std::bad_alloc();
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Not inlined: GCC would see a free() of what new has given.
#define WEIR_OPAQUE __attribute__((noinline))
WEIR_OPAQUE void* operator new(std::size_t size) { return allocate(size); }
WEIR_OPAQUE void* operator new[](std::size_t size) { return allocate(size); }
WEIR_OPAQUE void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return fails_now() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
WEIR_OPAQUE void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return fails_now() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
WEIR_OPAQUE void operator delete(void* memory) noexcept { std::free(memory); }
WEIR_OPAQUE void operator delete[](void* memory) noexcept { std::free(memory); }
WEIR_OPAQUE void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
WEIR_OPAQUE void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct Tally {
  int done = 0;
  int no_memory = 0;
  int not_started = 0;
};

/// One run with `count` failures from the allocation `first` on. Whether there were as many.
bool run_once(long first, long count, bool callbacks, Tally& tally) {
  std::atomic<int> ends{0};
  std::atomic<int> reports{0};
  JobOptions options;
  options.budget_bytes = kMinBudgetBytes;
  if (callbacks) {
    options.on_end = [&] { ++ends; };
    options.on_progress = [&](const Progress&) { ++reports; };
  }
  auto pipeline = memory(std::string(3 * kSliceBytes, 'x')) | map([](Chunk chunk) { return chunk; }) | buffered(2) |
                  map([](Chunk chunk) { return chunk; }) | null();
  fail_from(first, count);
  std::optional<Result<Receipt>> result;
  bool started = false;
  try {
    Job job = start(std::move(pipeline), std::move(options));
    started = true;
    while (!result) {
      try {
        result = job.wait_for(20s);
        if (!result) break;
      } catch (const std::bad_alloc&) {  // for the copy of the answer
      }
    }
  } catch (const std::bad_alloc&) {
  }
  const bool failed = g_failures_left.exchange(0) < count;
  if (!started) return ++tally.not_started, failed;
  REQUIRE(result);
  CHECK((result->ok() || result->error().kind == Kind::no_memory));
  CHECK(ends == (callbacks ? 1 : 0));
  CHECK((reports > 0) == callbacks);
  result->ok() ? ++tally.done : ++tally.no_memory;
  return failed;
}

}  // namespace

TEST_CASE("A job to which any one allocation is refused ends, as an error or not, and nothing else happens") {
  for (const bool callbacks : {false, true}) {
    for (const long count : {1, 3, 20}) {
      CAPTURE(callbacks, count);
      Tally tally;
      long first = 1;
      while (run_once(first, count, callbacks, tally)) REQUIRE(++first < 5000);
      CHECK(tally.no_memory > 5);
      CHECK(tally.done > 0);
    }
  }
}

TEST_CASE("A handle that pushes says that there was no memory, or what it took goes through") {
  for (long first = 1; first < 60; ++first) {
    CAPTURE(first);
    PushHandle in;
    JobOptions options;
    options.budget_bytes = kMinBudgetBytes;
    Job job = start(in.source() | null(), std::move(options));
    std::uint64_t taken = 0;
    fail_from(first, 1);
    for (int i = 0; i < 20; ++i) {
      try {
        if (in.write(Chunk::copy_of("abc")).ok()) taken += 3;
      } catch (const std::bad_alloc&) {
      }
    }
    in.close();
    std::optional<Result<Receipt>> result;
    while (!result) {
      try {
        result = job.wait_for(20s);
        REQUIRE(result);
      } catch (const std::bad_alloc&) {
      }
    }
    g_failures_left = 0;
    if (result->ok()) CHECK((*result)->bytes_read == taken);
  }
}
