// File descriptors as source and sink: standard input and output, pipes, sockets.
//
// The descriptor stays the caller's: open until the job has ended, then the caller's to close; its flags are not
// changed. Both stages block, but for milliseconds only: while nothing comes or goes they hold no thread (one waits for
// all), and notice within 100 ms that the job is to stop. A reader that has gone is Kind::broken_pipe, never a signal.
#pragma once

#include <memory>
#include <string>

#include "weir/core/stage.hpp"

namespace weir {

/// Reads until the end. Gives on what has arrived after at most 5 ms. `name` stands in messages.
std::unique_ptr<Source> from_fd(int fd, std::string name);
/// Writes everything; a regular file is also synced before the receipt.
std::unique_ptr<Sink> to_fd(int fd, std::string name);

inline std::unique_ptr<Source> standard_input() { return from_fd(0, "standard input"); }
inline std::unique_ptr<Sink> standard_output() { return to_fd(1, "standard output"); }

}  // namespace weir
