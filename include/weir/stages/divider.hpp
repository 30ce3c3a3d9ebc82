// Divider: says of a stream which piece goes where, for split.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/core/guard.hpp"
#include "weir/core/stage.hpp"
#include "weir/stages/line_chain.hpp"
#include "weir/stages/slice.hpp"

namespace weir::detail {

class Divider {
 public:
  virtual ~Divider() = default;
  virtual Framing needs() const = 0;
  /// No key comes again once there was another.
  virtual bool in_order() const = 0;
  /// How many bytes at the front of `rest` (not empty; whole lines where `framing` says so) go to one place, and its
  /// key. They are not asked about again.
  virtual Result<std::size_t> next(std::string_view rest, Framing framing, std::string& key) = 0;
};

/// `KeyOf`: a line without its end → text, or a Result of it. Called once for each line, but for one that it fails on.
template <class KeyOf>
class DivideByKey final : public Divider {
 public:
  explicit DivideByKey(KeyOf key_of) : key_of_(std::move(key_of)) {}
  Framing needs() const override { return Framing::lines; }
  bool in_order() const override { return false; }
  Result<std::size_t> next(std::string_view rest, Framing, std::string& key) override {
    std::size_t size = cut_line(rest).size();
    if (!std::exchange(ahead_, false)) WEIR_TRY(find({rest.data() - size, size}, next_key_));
    std::swap(key, next_key_);
    while (!rest.empty()) {
      const std::string_view line = cut_line(rest);
      if (!find(line, next_key_).ok()) break;  // it is told when this line is the first
      ahead_ = next_key_ != key;
      if (ahead_) break;
      size += line.size();
    }
    return size;
  }

 private:
  Status find(std::string_view line, std::string& key) {
    return guarded_call<Status>("find the key of a line", [&]() -> Status {
      auto made = key_of_(without_end(line));
      if constexpr (std::is_same_v<typename Unwrapped<decltype(made)>::Type, decltype(made)>) {
        key.assign(std::string_view(made));
      } else {
        if (!made) return made.status().during("find the key of a line");
        key.assign(std::string_view(*made));
      }
      return {};
    });
  }

  KeyOf key_of_;
  std::string next_key_;
  bool ahead_ = false;  // next_key_ is that of the line after the piece that was told last
};

/// Keys are "1", "2", and so on: so many bytes each, or whole lines of not more. A longer line has one to itself.
class DivideBySize final : public Divider {
 public:
  explicit DivideBySize(std::uint64_t bytes) : bytes_(bytes), left_(bytes) {}
  Framing needs() const override { return Framing::bytes; }
  bool in_order() const override { return true; }
  Result<std::size_t> next(std::string_view rest, Framing framing, std::string& key) override {
    if (bytes_ == 0) return Status(Kind::invalid_argument, "pieces of 0 bytes would never end");
    std::size_t size = 0;
    while (!rest.empty()) {
      const std::string_view left = rest;
      const std::size_t item = framing == Framing::lines ? cut_line(rest).size() : 1;
      if (left_ < item && left_ != bytes_) {
        if (size > 0) break;
        ++number_;
        left_ = bytes_;
      }
      const std::size_t taken =
          framing == Framing::lines ? item : static_cast<std::size_t>(std::min<std::uint64_t>(left_, left.size()));
      left_ -= std::min<std::uint64_t>(left_, taken);
      size += taken;
      rest = left.substr(taken);
    }
    key = std::to_string(number_);
    return size;
  }

 private:
  const std::uint64_t bytes_;
  std::uint64_t left_;  // of the piece under way
  std::uint64_t number_ = 1;
};

}  // namespace weir::detail
