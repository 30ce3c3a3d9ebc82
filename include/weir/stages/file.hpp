// file(): a file as source.
#pragma once

#include <memory>
#include <string>

#include "weir/core/byte_range.hpp"
#include "weir/core/stage.hpp"

namespace weir {

/// Reads `path` front to back. Blocks in reads of the disk.
///
/// A regular file is of known length and can be read again (Replay), and must stay as it was: device, inode, size,
/// mtime and ctime are taken by start(), before anything runs, and compared at the end; a difference, or an end that
/// comes early, is Kind::source_changed. Pipes, devices and files of /proc are streams of unknown length that are read
/// once. A missing, unreadable or wrong kind of file ends the job with that error before anything has happened.
std::unique_ptr<Source> file(std::string path);

/// A part of a regular file. `etag`: as local_store() tells it of a file (ObjectInfo::etag); the file must be the one
/// with it, otherwise Kind::source_changed. Empty: whatever is there. unsupported for what is read from front to back
/// alone; invalid_argument for a part that begins behind the end.
std::unique_ptr<Source> file(std::string path, ByteRange range, std::string etag = {});

}  // namespace weir
