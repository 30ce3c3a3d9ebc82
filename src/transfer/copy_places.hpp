// Where many files and objects come from and go to, worked out before anything is copied.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transfer/copy_there.hpp"
#include "weir/transfer/copy_many.hpp"
#include "weir/transfer/open_store.hpp"

namespace weir::store {
class LocalStore;
}  // namespace weir::store

namespace weir::transfer {

/// A store that items come from or go to.
struct CopyEnd {
  std::shared_ptr<Store> store;
  std::string scheme;                  ///< "s3"; empty: a directory. Stores of one scheme may copy from each other
  store::LocalStore* local = nullptr;  ///< `store`, where it is one
  std::string directory;               ///< of a local store, links resolved: "/home/me/photos"

  static CopyEnd of(std::shared_ptr<Store> store);
};

/// One of the sources that were named.
struct CopySource {
  CopyEnd from;
  std::string name;                            ///< as it was typed
  std::string single;                          ///< key of the one object of that very name; empty: none
  std::optional<CopyThere::Seen> single_seen;  ///< where it was looked at
  bool tree = false;                           ///< all below `base` is meant
  std::string base;                            ///< "a/b/" or empty
  std::string into;                            ///< what stands in front of the rest at the destination: "b/" or empty
  std::optional<Glob> glob;                    ///< that the rest must match
  std::string pattern;                         ///< the glob as it was typed
  std::string begins;                          ///< what a listing begins with: `base`, and what the pattern says of it
  bool beginnings = false;                     ///< a directory that matches stands for all below it
  bool deep = false;                           ///< what is found may lie at any depth
};

struct CopyDestination {
  CopyEnd to;
  std::string base;    ///< "b/" or empty
  bool exact = false;  ///< `base` is the key itself
};

/// Looks at each source as far as is needed to know what it is. An error is that source's own.
class CopyPlaces {
 public:
  explicit CopyPlaces(const CopyOptions& options);

  Result<CopySource> source(const std::string& name);
  /// `one`: a single source that is one file.
  Result<CopyDestination> destination(const std::string& name, bool one);

 private:
  Result<CopySource> local_source(const std::string& name, const std::string& path);
  Result<CopySource> store_source(const std::string& name);
  Result<StorePlace> open(const std::string& name);

  const CopyOptions& options_;
  EndpointOptions endpoint_;  ///< with the one S3 client of all
};

/// That a tree does not go into itself, which would never end.
Status check_apart(const CopySource& source, const CopyDestination& destination);

}  // namespace weir::transfer
