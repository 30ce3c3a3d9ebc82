// An environment of its own for tests of keys: no variable of AWS but those a test sets, files in a scratch folder.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "support/environment.hpp"

namespace weir::test {

/// HOME is a scratch folder, and nothing speaks of AWS; there is no metadata service.
class Home {
 public:
  Home() {
    char name[] = "/tmp/weir-credentials-XXXXXX";
    folder_ = ::mkdtemp(name);
    std::filesystem::create_directories(folder_ / ".aws/sso/cache");
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string text = *entry;
      if (text.starts_with("AWS_")) unset_.push_back(text.substr(0, text.find('=')));
    }
    for (const std::string& variable : unset_) set_.emplace_back(std::make_unique<Environment>(variable, nullptr));
    set("HOME", folder_.string());
    set("AWS_EC2_METADATA_DISABLED", "true");
  }
  ~Home() {
    while (!set_.empty()) set_.pop_back();
    std::filesystem::remove_all(folder_);
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  void set(const std::string& name, const std::string& value) {
    set_.emplace_back(std::make_unique<Environment>(name, value));
  }
  void config(const std::string& text) { write(".aws/config", text); }
  void credentials(const std::string& text) { write(".aws/credentials", text); }
  std::string write(const std::string& path, const std::string& text) {
    std::ofstream(folder_ / path) << text;
    return (folder_ / path).string();
  }
  std::string read(const std::string& path) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / path).rdbuf();
    return text.str();
  }
  std::filesystem::path folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::string> unset_;
  std::vector<std::unique_ptr<Environment>> set_;
};

}  // namespace weir::test
