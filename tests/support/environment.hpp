#pragma once

#include <stdlib.h>

#include <optional>
#include <string>
#include <utility>

namespace weir::test {

/// Sets a variable of the environment for one test; nullptr unsets it.
class Environment {
 public:
  Environment(std::string name, const char* value) : name_(std::move(name)) {
    if (const char* before = ::getenv(name_.c_str())) before_ = before;
    value == nullptr ? ::unsetenv(name_.c_str()) : ::setenv(name_.c_str(), value, 1);
  }
  Environment(std::string name, const std::string& value) : Environment(std::move(name), value.c_str()) {}
  ~Environment() { before_ ? ::setenv(name_.c_str(), before_->c_str(), 1) : ::unsetenv(name_.c_str()); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::string name_;
  std::optional<std::string> before_;
};

}  // namespace weir::test
