#include "weir/stages/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "platform/fd.hpp"
#include "stages/file_replay.hpp"
#include "stages/stream_reader.hpp"
#include "weir/core/units.hpp"
#include "weir/stages/slices.hpp"

namespace weir {
namespace {

using platform::platform;
using stages::FileIdentity;
using stages::FileReplay;
using stages::StreamReader;

class FileSource final : public Source {
 public:
  explicit FileSource(std::string path) : path_(std::move(path)) {}
  FileSource(std::string path, ByteRange range, std::string etag)
      : path_(std::move(path)), range_(range), etag_(std::move(etag)) {}
  FileSource(std::string path, std::shared_ptr<FileReplay> opened)
      : path_(std::move(path)), described_(true), replay_(std::move(opened)) {}
  std::string name() const override { return "file"; }
  bool blocking() const override { return true; }
  bool waits() const override { return false; }
  Status describe(Upstream& upstream) override;
  Status open(Context& context) override;
  Result<Chunk> next() override { return replay_ ? next_slice() : stream_->next(*context_); }

 private:
  Status open_regular();
  Status check_wanted() const;
  Status open_stream();
  Result<Chunk> next_slice();

  const std::string path_;
  const ByteRange range_;
  const std::string etag_;  ///< that the file must have; empty: any
  bool described_ = false;
  std::shared_ptr<FileReplay> replay_;  ///< a regular file
  platform::Fd stream_fd_;              ///< anything else
  std::optional<StreamReader> stream_;
  const Context* context_ = nullptr;
  SliceSpace space_;
  std::uint64_t position_ = 0;
  std::uint64_t end_ = 0;
};

Status FileSource::describe(Upstream& upstream) {
  if (!described_) {
    struct stat found {};
    if (platform().stat(path_.c_str(), &found) != 0) return platform::errno_status(errno, "read " + path_);
    if (S_ISDIR(found.st_mode))
      return platform::errno_status(EISDIR, "read " + path_)
          .advise(
              "Name a file, or copy all that lies below it (weir cp -r). What `tar -c DIRECTORY` writes can be read "
              "from a pipe.");
    // Pipes and devices are not touched before the start: opening one can release whoever waits at the other end.
    if (S_ISREG(found.st_mode)) WEIR_TRY(open_regular());
    WEIR_TRY(check_wanted().during("read " + path_));
    described_ = true;
  }
  upstream.source = path_;
  if (replay_) {
    const std::uint64_t size = replay_->identity().size_bytes;
    position_ = range_.offset;
    end_ = range_.offset + std::min(range_.length.value_or(size), size - range_.offset);
    upstream.exact_bytes = upstream.max_bytes = end_ - position_;
    if (range_.is_all()) upstream.replay = replay_;
  }
  return {};
}

/// Of a part, or of a certain file.
Status FileSource::check_wanted() const {
  if (range_.is_all() && etag_.empty()) return {};
  if (!replay_) return Status(Kind::unsupported, "it is read from front to back alone, and not in part");
  const FileIdentity& found = replay_->identity();
  if (!etag_.empty() && found.etag() != etag_)
    return Status(Kind::source_changed, "the file is another one by now, or was written to");
  if (range_.offset <= found.size_bytes) return {};
  return Status(Kind::invalid_argument, fmt::format("byte {} is behind its end: it has {}", range_.offset,
                                                    format_exact_size(found.size_bytes)));
}

Status FileSource::open_regular() {
  // O_NONBLOCK: should a pipe have taken the file's place since stat(), this does not hang.
  WEIR_ASSIGN(auto fd, platform::open_file(path_, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, "read"));
  WEIR_ASSIGN(const auto found, platform::stat_of(fd.get(), path_));
  bool stream = !S_ISREG(found.st_mode);
  if (!stream && found.st_size == 0) {
    // Files of /proc say that they are empty and are not.
    std::byte first{};
    WEIR_ASSIGN(const std::size_t got, platform::pread_fully(fd.get(), {&first, 1}, 0, path_));
    stream = got > 0;
  }
  if (stream) {
    stream_fd_ = std::move(fd);
    return {};
  }
  platform().advise_sequential(fd.get());
  replay_ = std::make_shared<FileReplay>(std::move(fd), path_, FileIdentity::of(found));
  return {};
}

Status FileSource::open(Context& context) {
  context_ = &context;
  Upstream upstream;
  WEIR_TRY(describe(upstream));
  return replay_ ? Status() : open_stream();
}

Status FileSource::open_stream() {
  if (!stream_fd_) {
    // O_NONBLOCK: the reader waits for the other end to be opened with poll(), and can be told to stop.
    WEIR_ASSIGN(stream_fd_, platform::open_file(path_, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, "read"));
  }
  stream_.emplace(stream_fd_.get(), path_);
  return {};
}

Result<Chunk> FileSource::next_slice() {
  const std::uint64_t left = end_ - position_;
  if (left == 0) {
    space_ = SliceSpace();
    WEIR_TRY(replay_->check_unchanged());
    return Chunk();
  }
  WEIR_ASSIGN(auto room, space_.room(*context_, left));
  room = room.first(static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), left)));
  WEIR_ASSIGN(const std::size_t got, replay_->read_at(position_, room, true));
  position_ += got;
  return space_.take(got);
}

}  // namespace

std::unique_ptr<Source> stages::opened_file(std::shared_ptr<FileReplay> opened, std::string path) {
  return std::make_unique<FileSource>(std::move(path), std::move(opened));
}

std::unique_ptr<Source> file(std::string path) { return std::make_unique<FileSource>(std::move(path)); }

std::unique_ptr<Source> file(std::string path, ByteRange range, std::string etag) {
  return std::make_unique<FileSource>(std::move(path), range, std::move(etag));
}

}  // namespace weir
