// Origin: an object as a downloader sees it: look at it, read a range of it. The counterpart of Target.
//
// An origin speaks its wire protocol and nothing else. Each call is one attempt: the downloader schedules, retries,
// orders and verifies. All calls return at once; `done` comes once, on any thread, never inside the call itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weir/core/stage.hpp"
#include "weir/core/status.hpp"
#include "weir/store/object.hpp"

namespace weir {

/// A hash of a whole object, as its server tells it.
struct ToldDigest {
  std::string algorithm;  ///< as make_digest() knows it
  std::string value;      ///< as Digest::finish() writes it
};

class Origin {
 public:
  /// Takes bytes in order, never twice at a time. pending: the same bytes come again after Running::resume(), and the
  /// connection waits until then. A failure ends the call with it.
  using OnData = std::function<Status(std::span<const std::byte>)>;
  /// A read under way. Both may be called at any time, from any thread, also when it has ended.
  struct Running {
    std::function<void()> cancel;  ///< it ends soon with Kind::cancelled
    std::function<void()> resume;
  };

  virtual ~Origin() = default;
  /// For messages: "s3://bucket/key". No secrets.
  virtual std::string url() const = 0;
  /// Whether read() can begin and end anywhere; known after look(). False: only the whole object, from its start.
  virtual bool ranges() const { return true; }

  /// False: who made it wants nothing compared that the store tells of the bytes.
  virtual bool verifies() const { return true; }

  /// Hashes of the whole of what look() found, as answers have told them so far, the one to compare with first. What
  /// is told with an answer to read() is here before the first of its bytes is handed on.
  virtual std::vector<ToldDigest> digests() const { return {}; }

  /// What tells `object`, as look() found it, from any other, in any process; none where nothing does for certain.
  virtual std::optional<SourceIdentity> lasting_identity(const ObjectInfo& object) const {
    (void)object;
    return {};
  }

  virtual std::function<void()> look(std::function<void(Result<ObjectInfo>)> done) = 0;
  /// Reads [offset, offset + length) of the object that look() found. Errors: source_changed if it is another one by
  /// now; protocol if the answer is another range or total; transient ones may leave part of the bytes delivered.
  /// `done` is ok only if every byte was delivered.
  virtual Running read(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length, OnData on_data,
                       std::function<void(Status)> done) = 0;
};

}  // namespace weir
