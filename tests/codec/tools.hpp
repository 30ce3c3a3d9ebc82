// Foreign programs: what they write, we must read, and the other way round.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/temp_dir.hpp"

namespace weir::test {

/// Runs `command < input > output`; returns the output. The test fails where the command does, or is not there, unless
/// `failed` takes it.
inline std::string run_tool(const std::string& command, std::string_view input, bool* failed = nullptr) {
  const TempDir scratch;
  const std::string in = scratch.write("in", input);
  const std::string out = scratch.path("out");
  REQUIRE(std::filesystem::file_size(in) == input.size());
  const std::string line = command + " < " + in + " > " + out + (failed != nullptr ? " 2>/dev/null" : "");
  const int code = std::system(line.c_str());
  INFO(line << "\nThe programs that tests need are installed by tests/install-deps.sh.");
  if (failed == nullptr) {
    REQUIRE(code == 0);
  } else {
    *failed = code != 0;
  }
  return read_file(out);
}
inline std::string zstd_tool(const std::string& arguments, std::string_view input, bool* failed = nullptr) {
  return run_tool("zstd -q " + arguments, input, failed);
}

}  // namespace weir::test
