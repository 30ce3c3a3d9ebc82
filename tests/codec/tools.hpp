// Foreign programs: what they write, we must read, and the other way round.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

namespace weir::test {

/// A directory of its own, gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string form = (std::filesystem::temp_directory_path() / "weir-tools-XXXXXX").string();
    REQUIRE(::mkdtemp(form.data()) != nullptr);
    path_ = form;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path_); }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.flush().good());
}
inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Runs `command < input > output`; returns the output. The test fails where the command does, or is not there, unless
/// `failed` takes it.
inline std::string run_tool(const std::string& command, std::string_view input, bool* failed = nullptr) {
  const Scratch scratch;
  write_file(scratch / "in", input);
  const std::string line =
      command + " < " + (scratch / "in") + " > " + (scratch / "out") + (failed != nullptr ? " 2>/dev/null" : "");
  const int code = std::system(line.c_str());
  INFO(line << "\nThe programs that tests need are installed by tests/install-deps.sh.");
  if (failed == nullptr) {
    REQUIRE(code == 0);
  } else {
    *failed = code != 0;
  }
  return read_file(scratch / "out");
}
inline std::string zstd_tool(const std::string& arguments, std::string_view input, bool* failed = nullptr) {
  return run_tool("zstd -q " + arguments, input, failed);
}

}  // namespace weir::test
