// What happens to uploads, told as it happens: server-sent events (HTML Living Standard, 9.2). An event is what an
// upload is now, so a slow reader misses steps and never the outcome: of each upload at most one event waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "server/exchange.hpp"
#include "server/uploads.hpp"

namespace weir::server {

struct EventLimits {
  std::size_t readers = 10'000;
  std::chrono::milliseconds every{100};  ///< to one reader, at most
  std::chrono::milliseconds heartbeat{15'000};
  std::size_t remembered_removals = 10'000;  ///< who comes back after more of them begins anew
};

class Events final : public UploadWatcher, public std::enable_shared_from_this<Events> {
 public:
  Events(std::shared_ptr<Uploads> uploads, EventLimits limits);

  /// GET of the events: of all uploads, or of the one that "?upload=ID" names; the client's own,
  /// where they have owners.
  std::unique_ptr<Handler> handle(const Request& request, Exchange& exchange);
  void changed(const Upload& upload) override;
  void removed(const Upload& upload) override;

 private:
  class Reader;
  using Clock = std::chrono::steady_clock;
  struct Known {
    std::uint64_t number = 0;  // of its last event
    std::uint64_t received = 0;
    Clock::time_point at{};
    double bytes_per_second = 0;
  };

  void tell(const Upload& upload, std::uint64_t number);
  std::string event_of(const std::string& id, std::uint64_t number) const;
  void beat();
  std::string number_text(std::uint64_t number) const { return run_ + "-" + std::to_string(number); }
  std::optional<std::uint64_t> number_in(std::string_view text) const;

  const std::shared_ptr<Uploads> uploads_;
  const EventLimits limits_;
  const std::string run_;  // numbers of another run of the server mean nothing here
  std::uint64_t last_number_ = 0;
  std::unordered_map<std::string, Known> known_;
  struct Removed {
    std::string id, owner;
  };
  std::map<std::uint64_t, Removed> removed_;  // by number
  std::uint64_t forgotten_ = 0;               // removals up to this number are not known any more
  std::set<Reader*> readers_;
  bool beating_ = false;
};

}  // namespace weir::server
