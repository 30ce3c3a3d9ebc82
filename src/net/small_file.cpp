#include "net/small_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "net/text.hpp"
#include "platform/platform.hpp"

namespace weir::net {
namespace {

constexpr std::size_t kMaxFileBytes = 1024 * 1024;
constexpr std::size_t kReadBytes = 8 * 1024;  // such files are small, and some are read anew for each attempt

Status write_all(int fd, std::string_view text, const std::string& operation) {
  const auto& calls = platform::platform();
  while (!text.empty()) {
    const ssize_t count = calls.write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return platform::errno_status(count < 0 ? errno : ENOSPC, operation);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<std::optional<std::string>> read_small_file(const std::string& path, const std::string& what) {
  const auto& calls = platform::platform();
  const std::string operation = fmt::format("read the {} {}", what, path);
  const int fd = calls.open(path.c_str(), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return platform::errno_status(errno, operation);
  }
  std::string text;
  std::size_t size = 0;
  Status failed;
  while (size < kMaxFileBytes) {
    text.resize(size + std::min(kReadBytes, kMaxFileBytes - size));
    const ssize_t count = calls.read(fd, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) failed = platform::errno_status(errno, operation);
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
  }
  calls.close(fd);
  if (!failed.ok()) return failed;
  if (size == kMaxFileBytes) return Status(Kind::limit, fmt::format("the {} {} has more than 1 MiB", what, path));
  text.resize(size);
  return std::optional<std::string>(std::move(text));
}

Status replace_private_file(const std::string& path, const std::string& text, const std::string& what) {
  const auto& calls = platform::platform();
  const std::string operation = fmt::format("write the {} {}", what, path);
  const std::string fresh = fmt::format("{}.{}.tmp", path, platform::random_name(8));
  const int fd = calls.open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return platform::errno_status(errno, operation);
  Status status = write_all(fd, text, operation);
  if (calls.close(fd) != 0 && status.ok()) status = platform::errno_status(errno, operation);
  if (status.ok() && calls.rename(fresh.c_str(), path.c_str()) != 0) status = platform::errno_status(errno, operation);
  if (!status.ok()) calls.unlink(fresh.c_str());
  return status;
}

std::string home_folder() {
  std::string home = environment({"HOME"});
  while (home.size() > 1 && home.ends_with('/')) home.pop_back();
  return home;
}

std::string expand_home(const std::string& path) {
  const std::string home = home_folder();
  return path.starts_with("~/") && !home.empty() ? home + path.substr(1) : path;
}

}  // namespace weir::net
