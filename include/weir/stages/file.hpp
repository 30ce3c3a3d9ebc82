// file(): a file as source.
#pragma once

#include <memory>
#include <string>

#include "weir/core/stage.hpp"

namespace weir {

/// Reads `path` front to back. Blocks in reads of the disk.
///
/// A regular file is of known length and can be read again (Replay), and must stay as it was: device, inode, size,
/// mtime and ctime are taken by start(), before anything runs, and compared at the end; a difference, or an end that
/// comes early, is Kind::source_changed. Pipes, devices and files of /proc are streams of unknown length that are read
/// once. A missing, unreadable or wrong kind of file ends the job with that error before anything has happened.
std::unique_ptr<Source> file(std::string path);

}  // namespace weir
