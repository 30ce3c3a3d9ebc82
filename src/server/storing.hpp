// Uploads on their way into a store: each runs through a pipeline while it arrives, and goes on after a kill as any job
// does. What is sent is what lasts here, so nothing that was sent can turn out to have been something else.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/arriving_source.hpp"
#include "server/uploads.hpp"
#include "weir/core/job.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir::server {

/// Not a folder of this machine.
inline bool is_store(std::string_view place) { return place.find("://") != std::string_view::npos; }

struct StoringOptions {
  std::string to;            ///< "s3://bucket/incoming/", "/srv/files/": the upload's id comes behind it
  std::string through = {};  ///< as `weir cp --through`
  EndpointOptions endpoint = {};
  std::size_t budget_bytes = 16 * kMiB;  ///< of one
  std::size_t at_once = 8;
};

/// On the server's thread.
class Storing final : public UploadWatcher, public std::enable_shared_from_this<Storing> {
 public:
  /// Errors: invalid_argument (a place or stage that cannot be meant). Sends nothing.
  static Result<std::shared_ptr<Storing>> make(StoringOptions options);
  explicit Storing(StoringOptions options) : options_(std::move(options)) {}

  /// Those of an earlier process go on.
  void begin(std::shared_ptr<Uploads> uploads);
  void changed(const Upload& upload) override;
  void removed(const Upload& upload) override;
  /// What is sent stays, to be gone on with by the next process.
  void stop();
  bool quiet() const { return under_way_ == 0; }

  bool is_remote() const { return is_store(options_.to); }
  bool changes_bytes() const { return !options_.through.empty(); }
  const EndpointOptions& endpoint() const { return options_.endpoint; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Phase { waiting, starting, running, resting, settling };
  struct Task {
    Phase phase = Phase::waiting;
    std::shared_ptr<Arrival> arrival = {};  // while it runs
    std::optional<Job> job = {};
    bool ended = false;  // and that was told before it had started
    bool gives_way = false;
    Clock::time_point changed_at = {};
    unsigned failures = 0;  // in a row
  };

  std::string place_of(const std::string& id) const { return options_.to + id; }
  void queue(const std::string& id);
  void start_next();
  void make_room();
  void start(const std::string& id, const std::shared_ptr<Upload>& upload);
  void started(const std::string& id, std::shared_ptr<Arrival> arrival, std::optional<Job> job);
  void moved_on(const std::string& id, const Progress& progress);
  void ended(const std::string& id);
  void decide(const std::string& id, const Result<Receipt>& receipt, bool gave_way);
  void rest(const std::string& id, const Status& why);
  template <class Then>
  void later(std::chrono::milliseconds wait, Then then);

  const StoringOptions options_;
  std::shared_ptr<Uploads> uploads_;
  std::map<std::string, Task> tasks_;
  std::deque<std::string> waiting_;
  std::size_t under_way_ = 0;  // starting or running
  bool looks_again_ = false;
  bool stopping_ = false;
};

}  // namespace weir::server
