// One transfer, from its names to the exit code.
#pragma once

#include <string>

#include "json_events.hpp"
#include "options.hpp"
#include "weir/core/pipeline.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir::cli {

/// The options as the library takes them.
EndpointOptions endpoint_options(const Options& options);

/// Where the bytes of `source` go if `destination` is what was typed: a directory or a prefix gets the source's name.
/// Errors: invalid_argument where the source has no name, or where both are the same file or object.
Result<std::string> resolve_destination(const std::string& source, const std::string& destination);

bool is_directory(const std::string& path);

/// Whether the file `path`, or with `many` files below it, could be made, as far as looking tells. Errors: not_found
/// where the directory is missing, access_denied, invalid_argument.
Status check_file_place(const std::string& path, bool many);
/// Whether what is copied to `destination` would be taken, as far as looking tells: the directory is there and may be
/// written in, the bucket is there, the store has what is asked for, conditions hold. Changes nothing.
Status check_destination(const std::string& destination, bool many, const EndpointOptions& endpoint);

/// That nothing is at `destination`, an object of a store, where --no-clobber asks for that: before bytes are sent that
/// the store would refuse at the end. Who may not look is left to the store.
Status check_absent(const std::string& destination, const EndpointOptions& endpoint);

/// A 404 of the object `url`, with what a look beside it tells: no bucket, or a folder of that name.
Status explain_missing(Status status, const std::string& url, const EndpointOptions& endpoint);

/// Whether what was typed names a directory for files that need not be there yet: "new/".
bool is_new_directory(const std::string& destination);

/// The pipeline of one transfer; takes out of `endpoint` what is not this one's. Sends and opens nothing.
Result<Pipeline> compose(const std::string& source, const std::string& destination, const Options& options,
                         EndpointOptions& endpoint);

/// cp --dry-run of one: looks at both ends, and says what would be done.
int dry_run(const std::string& source, const std::string& destination, const Options& options);

/// Copies, reports, and says what the process ends with.
int transfer(const std::string& source, const std::string& destination, const Options& options, bool final_line);

/// As transfer(), of a pipeline whose ends are no places: a tee.
int run_pipeline(Pipeline pipeline, const TransferNames& names, const EndpointOptions& endpoint,
                 const Options& options);

}  // namespace weir::cli
