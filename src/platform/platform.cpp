#include "platform/platform.hpp"

#include <string.h>

#include <atomic>
#include <cerrno>
#include <utility>

namespace weir::platform {
namespace {

std::atomic<const Calls*> calls_in_force{nullptr};

Kind kind_of(int error_number) noexcept {
  switch (error_number) {
    case ENOENT:
      return Kind::not_found;
    case EACCES:
    case EPERM:
      return Kind::access_denied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return Kind::no_space;
    case EEXIST:
      return Kind::already_exists;
    case EISDIR:
      return Kind::invalid_argument;
    case EPIPE:
      return Kind::broken_pipe;
    default:
      return Kind::io;
  }
}

}  // namespace

const Calls& platform() noexcept {
  const Calls* calls = calls_in_force.load(std::memory_order_acquire);
  return calls != nullptr ? *calls : real_calls();
}

void set_platform(const Calls* calls) noexcept { calls_in_force.store(calls, std::memory_order_release); }

Status errno_status(int error_number, std::string operation) {
  Error error;
  error.kind = kind_of(error_number);
  error.operation = std::move(operation);
  const char* description = ::strerrordesc_np(error_number);
  error.cause = description != nullptr ? description : fmt::format("error number {}", error_number);
  return Status(std::move(error));
}

std::uint64_t random_below(std::uint64_t bound) {
  // Draws below the largest multiple of `bound` only, so that every value is equally likely.
  const std::uint64_t excess = (UINT64_MAX % bound + 1) % bound;
  std::uint64_t draw = 0;
  do {
    platform().random(&draw, sizeof draw);
  } while (draw > UINT64_MAX - excess);
  return draw % bound;
}

std::string random_name(std::size_t count) {
  constexpr char kLetters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string name(count, '\0');
  for (char& letter : name) letter = kLetters[random_below(sizeof kLetters - 1)];
  return name;
}

}  // namespace weir::platform
