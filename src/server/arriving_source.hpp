// An upload as the source of a pipeline while it still arrives: its file, as far as that is written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "platform/fd.hpp"
#include "weir/core/stage.hpp"

namespace weir::server {

/// Between the server's thread, which tells what has come, and the job, which reads it. Thread-safe.
class Arrival {
 public:
  Arrival(std::string id, std::int64_t created_unix, std::shared_ptr<platform::Fd> file)
      : id_(std::move(id)), created_unix_(created_unix), file_(std::move(file)) {}

  const std::string& id() const { return id_; }
  const platform::Fd& file() const { return *file_; }
  /// The same upload is the same bytes, in any process.
  SourceIdentity identity() const;

  // For the server's thread.
  /// So many bytes are in the file; `whole`: no more will come. False: that was known.
  bool advance(std::uint64_t bytes, bool whole);

  // For the source.
  struct Come {
    std::uint64_t bytes = 0;
    bool whole = false;
  };
  Come come() const;
  /// `wake` is called from now on when there is more.
  void on_more(std::function<void()> wake);

 private:
  const std::string id_;
  const std::int64_t created_unix_;
  const std::shared_ptr<platform::Fd> file_;
  mutable std::mutex mutex_;  // guards what follows
  Come come_;
  std::function<void()> wake_;
};

/// `bytes`: the length of the whole, if it is known.
std::unique_ptr<Source> arriving_source(std::shared_ptr<Arrival> arrival, std::optional<std::uint64_t> bytes);

}  // namespace weir::server
