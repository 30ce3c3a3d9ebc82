// User and system time so far.
#pragma once

#include <sys/resource.h>

namespace weir::test {

/// Of RUSAGE_SELF, or of RUSAGE_CHILDREN that have ended.
inline double cpu_seconds(int who = RUSAGE_SELF) {
  rusage used{};
  ::getrusage(who, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace weir::test
