#include "server/upload_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace weir::server {
namespace {

using platform::Fd;
using platform::PinnedName;
using platform::platform;

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kIdSize = 22;
constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kUnchecked = S_ISVTX;    // a bit that means nothing else to a file, and that costs no write
constexpr std::size_t kCopied = 1 << 20;  // at once
constexpr const char* kArriving = ".weir";

Status failed(int error_number, std::string_view verb, const std::string& id) {
  return platform::errno_status(error_number, fmt::format("{} upload {}", verb, id));
}

/// A place (O_PATH) cannot be synced itself.
Status sync_folder(const std::shared_ptr<Fd>& folder, const std::string& shown) {
  WEIR_ASSIGN(const Fd opened, platform::open_file(PinnedName{folder, "."}.path(), O_RDONLY | O_DIRECTORY));
  if (platform().fsync(opened.get()) == 0) return {};
  return platform::errno_status(errno, "make durable the names in " + shown);
}

Status unlink_in(const std::shared_ptr<Fd>& folder, const std::string& id) {
  if (platform().unlink(PinnedName{folder, id}.path().c_str()) == 0 || errno == ENOENT) return {};
  return failed(errno, "remove", id);
}

}  // namespace

std::string new_upload_id() {
  std::array<unsigned char, kIdSize> random{};
  platform().random(random.data(), random.size());
  std::string id;
  for (const unsigned char byte : random) id += kAlphabet[byte % kAlphabet.size()];
  return id;
}

bool is_upload_id(std::string_view text) {
  return text.size() == kIdSize &&
         std::all_of(text.begin(), text.end(), [](char c) { return kAlphabet.find(c) != std::string_view::npos; });
}

Result<std::shared_ptr<UploadFiles>> UploadFiles::open(const std::string& folder) {
  if (platform().mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
    return platform::errno_status(errno, "make the folder " + folder);
  const std::unique_ptr<char, decltype(&std::free)> real(platform().realpath(folder.c_str()), &std::free);
  if (!real) return platform::errno_status(errno, "find the folder " + folder);
  const std::string path = real.get();
  WEIR_ASSIGN(auto finished, platform::open_place(path, path));
  const std::string below = path + "/" + kArriving;
  if (platform().mkdir(below.c_str(), 0700) != 0 && errno != EEXIST)
    return platform::errno_status(errno, "make the folder " + below);
  WEIR_TRY(sync_folder(finished, path));
  WEIR_ASSIGN(auto arriving, platform::open_below(finished, kArriving, platform::Missing::fails, below));
  WEIR_ASSIGN(Fd lock,
              platform::open_file(PinnedName{arriving, "lock"}.path(), O_RDWR | O_CREAT | O_NOFOLLOW, kOwnerOnly));
  if (platform().lock_byte(lock.get(), 0, true) != 0) {
    return Status(Kind::unavailable, "another server takes uploads into it")
        .during("use the folder " + path)
        .advise("Stop that one, or give this one a folder of its own.");
  }
  return std::shared_ptr<UploadFiles>(new UploadFiles(path, std::move(finished), std::move(arriving), std::move(lock)));
}

Result<std::shared_ptr<Fd>> UploadFiles::open_upload(const std::string& id, bool fresh) {
  const int flags = O_RDWR | O_NOFOLLOW | (fresh ? O_CREAT | O_EXCL : 0);
  WEIR_ASSIGN(Fd file, platform::open_file(PinnedName{arriving_, id}.path(), flags, kOwnerOnly, "keep"));
  return std::make_shared<Fd>(std::move(file));
}

Result<std::optional<UploadFiles::Arrived>> UploadFiles::arrived(const std::string& id) {
  const auto there = platform::stat_of(PinnedName{arriving_, id}, id);
  if (there.status().kind() == Kind::not_found) return std::optional<Arrived>();
  if (!there.ok()) return there.status();
  return std::optional<Arrived>({static_cast<std::uint64_t>(there->st_size), (there->st_mode & kUnchecked) != 0});
}

Status UploadFiles::keep_no_more(const std::string& id, std::uint64_t bytes) {
  WEIR_ASSIGN(const auto file, open_upload(id, false));
  WEIR_TRY(cut(*file, bytes));
  return mark_unchecked(*file, false);
}

Status UploadFiles::mark_unchecked(Fd& file, bool unchecked) {
  if (platform().fchmod(file.get(), kOwnerOnly | (unchecked ? kUnchecked : 0)) == 0) return {};
  return platform::errno_status(errno, "mark an upload in " + folder_);
}

Status UploadFiles::write(Fd& file, const std::vector<Chunk>& chunks, std::uint64_t offset) {
  for (const Chunk& chunk : chunks) {
    WEIR_TRY(platform::pwrite_fully(file.get(), chunk.bytes(), offset, folder_));
    offset += chunk.size();
  }
  return {};
}

Status UploadFiles::read(Fd& file, std::uint64_t offset, std::uint64_t bytes,
                         const std::function<void(const Chunk&)>& take) {
  std::vector<std::byte> buffer(kCopied);
  while (bytes > 0) {
    const auto into = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kCopied)));
    WEIR_ASSIGN(const std::size_t count, platform::pread_fully(file.get(), into, offset, folder_));
    if (count == 0) return Status(Kind::io, "what was written is not there any more").during("read in " + folder_);
    take(Chunk(buffer.data(), count, nullptr));
    offset += count;
    bytes -= count;
  }
  return {};
}

Result<std::uint64_t> UploadFiles::copy(Fd& from, Fd& into, std::uint64_t offset) {
  std::vector<std::byte> buffer(kCopied);
  for (std::uint64_t at = 0;;) {
    WEIR_ASSIGN(const std::size_t count, platform::pread_fully(from.get(), buffer, at, folder_));
    if (count == 0) return at;
    WEIR_TRY(platform::pwrite_fully(into.get(), std::span(buffer).first(count), offset + at, folder_));
    at += count;
  }
}

Status UploadFiles::cut(Fd& file, std::uint64_t bytes) {
  WEIR_ASSIGN(const auto there, platform::stat_of(file.get(), folder_));
  if (static_cast<std::uint64_t>(there.st_size) == bytes) return {};
  if (platform().ftruncate(file.get(), static_cast<off_t>(bytes)) == 0) return {};
  return platform::errno_status(errno, "cut off what is not to be kept in " + folder_);
}

Status UploadFiles::sync(Fd& file) {
  if (platform().fdatasync(file.get()) == 0) return {};
  return platform::errno_status(errno, "make durable what is in " + folder_);
}

Status UploadFiles::sync_names() { return sync_folder(arriving_, folder_); }

Result<std::string> UploadFiles::publish(const std::string& id) {
  const PinnedName from{arriving_, id}, to{finished_, id};
  if (platform().rename_noreplace(from.path().c_str(), to.path().c_str()) != 0) {
    const int error_number = errno;
    struct stat there {};
    if (error_number != ENOENT || platform().stat(to.path().c_str(), &there) != 0)
      return failed(error_number, "finish", id);
  }
  WEIR_TRY(sync_folder(finished_, folder_));
  return finished_path(id);
}

Result<std::shared_ptr<Fd>> UploadFiles::open_finished(const std::string& id) {
  WEIR_ASSIGN(Fd file, platform::open_file(PinnedName{finished_, id}.path(), O_RDONLY | O_NOFOLLOW, 0, "read"));
  return std::make_shared<Fd>(std::move(file));
}

std::optional<std::uint64_t> UploadFiles::finished_size(const std::string& id) {
  const auto there = platform::stat_of(PinnedName{finished_, id}, id);
  return there.ok() ? std::optional(static_cast<std::uint64_t>(there->st_size)) : std::nullopt;
}

Status UploadFiles::remove(const std::string& id) {
  WEIR_TRY(remove_unfinished(id));
  return unlink_in(finished_, id);
}

Status UploadFiles::remove_unfinished(const std::string& id) { return unlink_in(arriving_, id); }

Result<std::vector<std::string>> UploadFiles::unfinished() {
  WEIR_ASSIGN(const auto entries, platform::read_directory(*arriving_, folder_));
  std::vector<std::string> ids;
  for (const platform::DirectoryEntry& entry : entries) {
    if (is_upload_id(entry.name)) ids.push_back(entry.name);
  }
  return ids;
}

}  // namespace weir::server
