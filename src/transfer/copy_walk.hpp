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

namespace weir::transfer {

/// One item, to be copied or to be told of.
struct CopyTask {
  std::shared_ptr<const CopySource> source;
  std::string key;  ///< in the source's store
  std::string destination_key;
  std::string source_url;
  ListedObject object;  ///< with `looked`: as it was listed
  bool listed = false;
  Status refused;  ///< not ok: it cannot be copied
};

/// Holds one page of one listing at a time. next() blocks; thread-compatible. The counts may be asked for from any
/// thread.
class CopyWalk {
 public:
  CopyWalk(const CopyOptions& options, std::vector<std::string> sources, std::string destination);

  /// Opens the destination, and looks at a source that stands alone. An error is one of the whole.
  Status begin();
  /// Empty: there is nothing more.
  std::optional<CopyTask> next();
  const CopyDestination& destination() const noexcept { return destination_; }

  std::uint64_t found() const noexcept { return found_; }
  std::uint64_t bytes_found() const noexcept { return bytes_found_; }
  bool all_found() const noexcept { return all_found_; }

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
  CopyPlaces places_;
  const NameFilter filter_;
  CopyDestination destination_;
  KeyNeighbours neighbours_;
  CaseCollisions collisions_;
  std::set<std::string> top_names_;  ///< taken at the destination by sources under their own names
  std::size_t next_source_ = 0;
  std::shared_ptr<CopySource> source_;  ///< under way
  std::string token_;
  std::uint64_t listed_ = 0;  ///< of this source, whether meant or not
  std::deque<CopyTask> ready_;
  std::atomic<std::uint64_t> found_{0};
  std::atomic<std::uint64_t> bytes_found_{0};
  std::atomic<bool> all_found_{false};
};

}  // namespace weir::transfer
