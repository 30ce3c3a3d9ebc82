// CopyWalk: the items of a copy, one after the other, as listings bring them.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "transfer/copy_names.hpp"
#include "transfer/copy_places.hpp"
#include "transfer/copy_record.hpp"
#include "transfer/copy_there.hpp"

namespace weir::transfer {

/// One item, to be copied or to be told of. Small, since very many wait to be copied.
struct CopyTask {
  std::shared_ptr<const CopySource> source;
  std::string key;  ///< in the source's store; without a source its name, as it is shown
  std::string destination_key;
  CopyThere::Seen object;  ///< with `listed`: as it was listed; else its size alone, if that is known
  bool listed = false;
  CopyThere::Answer there;  ///< under that key at the destination, where that is asked for
  Status refused;           ///< not ok: it cannot be copied
  bool skipped = false;     ///< and that is no failure

  std::string source_url() const { return source ? source->from.store->url(key) : key; }
  /// Bytes of memory that it takes, about.
  std::size_t weight() const { return sizeof(CopyTask) + key.size() + destination_key.size(); }
};

/// Holds one page of one listing at a time; with CopyOptions::update, or where an earlier run is gone on with, one of
/// the destination's beside it. next() blocks;
/// thread-compatible. The counts may be asked for from any thread.
class CopyWalk {
 public:
  CopyWalk(const CopyOptions& options, std::vector<std::string> sources, std::string destination, CopyRecord& record);

  /// Opens the destination, begins the record unless one file or object was named, and looks at a source that stands
  /// alone. An error is one of the whole.
  Status begin();
  /// Empty: there is nothing more.
  std::optional<CopyTask> next();
  const CopyDestination& destination() const noexcept { return destination_; }

  std::size_t sources() const noexcept { return sources_.size(); }
  /// One file or object was named, and nothing else. After begin().
  bool names_one() const noexcept { return names_one_; }
  std::uint64_t found() const noexcept { return found_; }
  std::uint64_t bytes_found() const noexcept { return bytes_found_; }
  bool all_found() const noexcept { return all_found_; }
  /// Whether bytes_found() has the size of everything that was found.
  bool all_sized() const noexcept { return all_sized_; }

 private:
  void advance();
  void begin_source();
  void read_page();
  void end_source();
  void add_listed(const ListedObject& object);
  void add(CopyTask task);
  void add_failure(const std::string& name, Status why);
  Status check(const CopyTask& task);

  const CopyOptions& options_;
  const std::vector<std::string> sources_;
  const std::string destination_name_;
  CopyRecord& record_;
  CopyPlaces places_;
  const NameFilter filter_;
  CopyDestination destination_;
  KeyNeighbours neighbours_;
  CaseCollisions collisions_;
  std::set<std::string> top_names_;  ///< taken at the destination by sources under their own names
  std::size_t next_source_ = 0;
  std::shared_ptr<CopySource> source_;  ///< under way
  std::optional<CopyThere> there_;      ///< beside its listing
  std::string token_;
  std::uint64_t listed_ = 0;  ///< of this source, whether meant or not
  bool names_one_ = false;
  std::deque<CopyTask> ready_;
  std::atomic<std::uint64_t> found_{0};
  std::atomic<std::uint64_t> bytes_found_{0};
  std::atomic<bool> all_found_{false};
  std::atomic<bool> all_sized_{true};
};

}  // namespace weir::transfer
