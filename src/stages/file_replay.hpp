// FileReplay: positional reads of an open regular file, and whether it is still what it was.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>

#include "platform/fd.hpp"
#include "platform/platform.hpp"
#include "weir/core/stage.hpp"

namespace weir::stages {

/// What makes a file the same file. Times in nanoseconds.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;

  static FileIdentity of(const struct stat& found) noexcept;
  /// What pins a file that is read: its size, modification time and inode. Kept by a rename.
  std::string etag() const;
  bool operator==(const FileIdentity&) const noexcept = default;
};

/// Thread-safe. Never delivers a byte past the size that the file had at first.
class FileReplay final : public Replay {
 public:
  FileReplay(platform::Fd fd, std::string path, FileIdentity identity)
      : fd_(std::move(fd)),
        path_(std::move(path)),
        identity_(identity),
        in_memory_(platform::platform().lives_in_memory(fd_.get())) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into, bool may_block) override;
  Status check_unchanged() override;
  std::optional<SourceIdentity> lasting_identity() const override;

  const FileIdentity& identity() const noexcept { return identity_; }

 private:
  Result<std::size_t> read_cached(std::uint64_t offset, std::span<std::byte> into);
  Status changed(std::uint64_t offset, std::string cause) const;

  const platform::Fd fd_;
  const std::string path_;
  const FileIdentity identity_;
  const bool in_memory_;
};

/// A regular file that is already open, as file() would be. `path`: for messages.
std::unique_ptr<Source> opened_file(std::shared_ptr<FileReplay> opened, std::string path);

}  // namespace weir::stages
