#include <catch2/catch.hpp>

#include "weir/core/units.hpp"

using namespace weir;

TEST_CASE("sizes are read as they are written") {
  CHECK(*parse_size("4096") == 4096);
  CHECK(*parse_size("8MiB") == 8u << 20);
  CHECK(*parse_size("1.5GiB") == 3u << 29);
  CHECK(*parse_size("10MB") == 10'000'000);
  CHECK(*parse_size("1PiB") == 1ull << 50);
}

TEST_CASE("a size that cannot be meant is refused with what could") {
  CHECK(parse_size("8mb").error().cause == "\"8mb\" is no size: write 8MiB (of 1024) or 8MB (of 1000)");
  for (const char* text : {"", "0", "-1", "99999PiB", "1.2.3KiB", "MiB", "8 MiB", "0.1B", "8MiBx", "1e9", "nan"}) {
    CAPTURE(text);
    CHECK(parse_size(text).error().kind == Kind::invalid_argument);
  }
}

TEST_CASE("sizes and durations are written in three digits and two units") {
  CHECK(format_size(std::uint64_t{61}) == "61 B");
  CHECK(format_size(std::uint64_t{1024}) == "1.00 KiB");
  CHECK(format_size(std::uint64_t{12992276070}) == "12.1 GiB");
  CHECK(format_size(std::uint64_t{1023 * 1024}) == "1.00 MiB");
  CHECK(format_duration(0.32) == "320ms");
  CHECK(format_duration(112) == "1m52s");
  CHECK(format_duration(7500) == "2h05m");
}
