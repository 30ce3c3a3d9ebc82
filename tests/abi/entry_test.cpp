// What stands around every function of the C interface, and what a C program cannot provoke.
#include "abi/entry.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "abi/handles.hpp"

namespace weir::abi {
namespace {

struct Thing final : Object {
  static constexpr const char* kType = "thing";
  const char* type() const noexcept override { return kType; }
};

TEST_CASE("no exception leaves a function of the C interface") {
  weir_error error = WEIR_ERROR_INIT;
  CHECK(run(&error, []() -> Answer { throw std::runtime_error("of the library's"); }) == WEIR_E_INTERNAL);
  CHECK(std::string(error.message).find("of the library's") != std::string::npos);
  CHECK(run(&error, []() -> Answer { throw std::bad_alloc(); }) == WEIR_E_NOMEM);
  CHECK(error.owned == nullptr);  // told without memory
  CHECK(run(&error, []() -> Answer { throw 7; }) == WEIR_E_INTERNAL);
  CHECK(run(nullptr, []() -> Answer { throw 7; }) == WEIR_E_INTERNAL);
  weir_error_clear(&error);
}

TEST_CASE("inside a callback what waits is refused, also with callbacks in callbacks") {
  const auto call = [] { return run_waiting(nullptr, [] { return Answer(); }); };
  CHECK(call() == WEIR_OK);
  {
    const CallbackScope outer;
    {
      const CallbackScope inner;
      CHECK(call() == WEIR_E_STATE);
    }
    CHECK(call() == WEIR_E_STATE);
    weir_status elsewhere = WEIR_E_STATE;
    std::thread([&] { elsewhere = call(); }).join();
    CHECK(elsewhere == WEIR_OK);
  }
  CHECK(call() == WEIR_OK);
}

TEST_CASE("in the child of a fork a call says so, also inside a callback") {
  CHECK(run(nullptr, [] { return Answer(); }) == WEIR_OK);  // the library knows its process
  const CallbackScope inside;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(run_waiting(nullptr, [] { return Answer(); }) == WEIR_E_FORKED ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("what a call is given is released where it is refused inside a callback") {
  int released = 0;
  const auto refused = [&] { ++released; };
  const auto call = [&] { return run_waiting(nullptr, refused, [] { return Answer(); }); };
  CHECK(call() == WEIR_OK);
  CHECK(released == 0);
  const CallbackScope inside;
  CHECK(call() == WEIR_E_STATE);
  CHECK(released == 1);
}

TEST_CASE("a handle is never used again for another object") {
  HandleTable table;
  void* const first = table.add(std::make_shared<Thing>());
  CHECK(table.remove<Thing>(first) != nullptr);
  CHECK(table.remove<Thing>(first) == nullptr);
  void* const second = table.add(std::make_shared<Thing>());
  CHECK(first != second);
  CHECK(table.find(first) == nullptr);
  CHECK(table.find(second) != nullptr);
  CHECK(table.find(nullptr) == nullptr);
}

TEST_CASE("each kind of error has a status and a name of its own") {
  for (int kind = static_cast<int>(Kind::invalid_argument); kind <= static_cast<int>(Kind::internal); ++kind) {
    const weir_status code = code_of(static_cast<Kind>(kind));
    CHECK(code >= WEIR_E_INVALID_ARGUMENT);
    CHECK(weir_status_name(code) == std::string(to_string(static_cast<Kind>(kind))));
  }
}

}  // namespace
}  // namespace weir::abi
