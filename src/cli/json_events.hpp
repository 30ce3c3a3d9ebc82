// What `--json` prints: one object a line, described by docs/cli-events.schema.json. Pure functions.
//
// Within "weir.v1" members are only added. Numbers of bytes are integers; times are seconds; what is unknown is null.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "progress_bar.hpp"
#include "weir/core/stage.hpp"
#include "weir/core/status.hpp"
#include "weir/ledger/ledger.hpp"
#include "weir/store/object.hpp"
#include "weir/transfer/copy_many.hpp"

namespace weir::cli {

/// How a transfer was asked for.
struct TransferNames {
  std::string source;
  std::string destination;
  std::string through;
};

std::string start_event(const TransferNames& names, const Progress& progress);
std::string progress_event(const ProgressView& view);
/// With what the last of them was for.
std::string retry_event(const Progress& progress);
std::string done_event(const Receipt& receipt);
std::string error_event(const Error& error, int exit_code);
std::string summary_event(bool succeeded, const Progress& progress, int exit_code);

/// One of many files or objects is done.
std::string file_event(const CopyItem& item);
std::string many_progress_event(const CopyProgress& progress, bool rate_limited = false);
std::string many_summary_event(const CopyProgress& progress, int exit_code);

std::string object_event(const std::string& url, const ListedObject& entry);
std::string prefix_event(const std::string& url, const std::string& prefix);
std::string head_event(const std::string& url, const ObjectInfo& info);
/// `line`: what the library says beside results and errors.
std::string notice_event(const std::string& line);
std::string presigned_event(const std::string& url, const std::string& method, std::int64_t expires_s,
                            const std::string& presigned);
/// A file and an object that are the same.
struct Verified {
  std::string file, url;
  std::uint64_t size = 0;
  std::string crc64nvme;  ///< base64
  bool by_store = false;  ///< by the store's own checksum; else the object was read
};
std::string verified_event(const Verified& verified);
/// Into a file, of which a part is there.
bool is_download(const JobRecord& job);
/// `command`: the line that goes on with it, empty if it is not known.
std::string job_event(const JobRecord& job, const std::string& command);
/// `dry_run`: it would be. `was_there`: none where the store does not tell.
std::string removed_event(const std::string& url, bool dry_run, std::optional<bool> was_there);

/// Of an unfinished upload. `dry_run`: it would be.
std::string upload_removed_event(const std::string& url, const OpenUpload& upload, bool dry_run);

struct LibraryVersion {
  std::string name;
  std::string version;
};
std::string version_event(const std::vector<std::string>& features, const std::vector<LibraryVersion>& libraries);

/// "2024-05-01T12:03:04Z"; empty for 0.
std::string utc_time(std::int64_t unix_seconds);

}  // namespace weir::cli
