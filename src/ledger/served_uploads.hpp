// What a server knows for certain of the uploads that it takes. One interface, so that a fleet can share another
// engine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/status.hpp"

namespace weir::ledger {

struct ServedUpload {
  enum class State : std::uint8_t {
    receiving = 0,
    received = 1,  ///< whole, and on its way to where it is stored
    stored = 2,
    failed = 3,  ///< `result` says why; nothing more is taken
  };

  std::string id;
  std::int64_t created_unix = 0;
  std::int64_t expires_unix = 0;        ///< 0: never
  std::optional<std::uint64_t> length;  ///< none: not told yet
  std::uint64_t durable = 0;            ///< so many bytes survive a loss of power
  State state = State::receiving;
  std::string metadata;  ///< as the client sent it
  std::string concat;    ///< empty, "partial", or "final;" and the ids of its parts
  std::string owner;     ///< whose it is; empty: nobody asked
  std::string result;    ///< where it is stored, or why it is not
  /// Of the machine's run in which this was written: bytes behind `durable` that were written in the same one are
  /// there.
  std::string boot;

  static constexpr const char* kPart = "partial";   ///< of `concat`
  static constexpr const char* kOthers = "final;";  ///< how `concat` begins, with the ids of its parts behind it
  bool is_part() const { return concat == kPart; }
  bool is_made_of_others() const { return concat.starts_with(kOthers); }
};

/// Calls wait for the disk. Thread-safe.
class ServedUploads {
 public:
  /// In SQLite, in the ledger of that state directory; those of the server whose data is in `folder`. Errors as
  /// Ledger::open.
  static Result<std::unique_ptr<ServedUploads>> open(const std::string& state_dir, const std::string& folder);
  virtual ~ServedUploads() = default;

  /// All of them or none, new or in place of what was there; then they survive a loss of power.
  virtual Status put(const std::vector<ServedUpload>& uploads) = 0;
  virtual Status remove(const std::string& id) = 0;
  /// A damaged row is left out.
  virtual Result<std::vector<ServedUpload>> all() = 0;
};

}  // namespace weir::ledger
