// Both ends of a pipe, closed when it goes.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "platform/fd.hpp"

namespace weir::test {

struct Pipe {
  explicit Pipe(int flags = O_CLOEXEC) {
    int ends[2];
    REQUIRE(::pipe2(ends, flags) == 0);
    reader = platform::Fd(ends[0]);
    writer = platform::Fd(ends[1]);
  }
  platform::Fd reader;
  platform::Fd writer;
};

}  // namespace weir::test
