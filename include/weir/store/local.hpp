// local_target(): a file as the place where an upload ends. local_store(): a directory as a Store.
#pragma once

#include <memory>
#include <string>

#include "weir/core/executor.hpp"
#include "weir/store/store.hpp"
#include "weir/store/target.hpp"

namespace weir {

struct LocalOptions {
  /// Data and directory are synced before commit() succeeds, so that the file survives power loss. False: it survives
  /// the end of the process only.
  bool durable = true;
  /// False: a file that is already there is left alone, and the upload fails with Kind::already_exists.
  bool replace = true;
  /// The directories of a file that are missing are made, when its upload begins. (local_store() always does so.)
  bool make_directories = false;
  /// Runs the file operations, by post_blocking. Null: Executor::default_pool().
  std::shared_ptr<Executor> executor = {};
};

/// Writes to a temporary file beside `path` (".NAME.RANDOM.weir-part", mode 0600) and renames it at commit, so that
/// under `path` there is always either the old file, no file, or the new one whole. Until commit nothing is visible;
/// abort(), or the end of the target where nothing was synced, removes the temporary file.
///
/// The modification time is that of the object it is read from, where that is known. The mode is that of the file
/// replaced, or what the umask leaves of 0666. A symbolic link is followed: the file it names is replaced, not the
/// link. Directories, devices and pipes are refused.
///
/// An upload's id is the temporary file's name: another target of the same path goes on with it by kept(), once sync()
/// has succeeded; until then it is removed with its target. Without `durable` there is no going on. A failed sync
/// condemns it: the kernel may have dropped the data and would report the next sync as good. commit() reports the
/// CRC64NVME of what was written to the file; inspect() reads the length alone. Thread-safe.
std::shared_ptr<Target> local_target(std::string path, LocalOptions options = {});

/// The files below a directory as objects: their keys are their paths in it, "a/b.txt". Directories come with their
/// files and are no objects; what is missing, the root too, is made by the first write. `root` may be a symbolic link;
/// below it none is followed: one on the way to a file is an error, one in a file's place is listed as left out and
/// replaced by a write, so nothing outside is read or written. A key that could lead outside (absolute, "..", empty
/// segments) or that no file can have is refused by check_key(). Names that are not UTF-8 are kept as they are.
///
/// Listed in the order of the keys' bytes, one directory in memory for each level. What is read is pinned by size,
/// modification time and inode, which are the ETag. `replace` of the options is ObjectOptions::no_clobber here;
/// metadata, headers and tags are refused. Thread-safe.
std::shared_ptr<Store> local_store(std::string root, LocalOptions options = {});

}  // namespace weir
