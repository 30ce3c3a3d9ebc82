// What a destination has already, beside a walk of what is to be copied to it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "transfer/object_tag.hpp"
#include "weir/store/store.hpp"

namespace weir::transfer {

/// Reads one listing along with another: a merge of two sorted lists, so that a thousand keys cost one request. Holds
/// one page. It gives up, and knows nothing more, where the store does not list, or lists out of order; and it never
/// lists more pages than asking for each key would take requests, as where a few keys are looked for among millions.
/// look() blocks; thread-compatible.
class CopyThere {
 public:
  /// No more than is compared: answers wait by the thousand.
  struct Seen {
    std::uint64_t size = 0;
    std::int64_t modified_unix = 0;
    std::uint64_t tag = 0;  ///< object_tag()

    template <class Object>
    static Seen of(const Object& object) {
      return {object.size, object.modified_unix, object_tag(object.size, object.etag)};
    }
    /// Of all that is seen, as a source; 0 where that does not tell.
    std::uint64_t state() const { return tag == 0 ? 0 : tag_of_values(tag, modified_unix); }
  };
  struct Answer {
    bool known = false;  ///< false: the store has to be asked for this key
    std::optional<Seen> object;
  };

  /// Of the keys that begin with `prefix`.
  CopyThere(std::shared_ptr<Store> store, std::string prefix) : store_(std::move(store)), prefix_(std::move(prefix)) {}
  /// Keys come in the order of their bytes.
  Answer look(const std::string& key);

 private:
  /// False: it could not be read, or is not in order.
  bool read_page();

  const std::shared_ptr<Store> store_;
  const std::string prefix_;
  Listing page_;
  std::size_t next_ = 0;  ///< in page_
  std::string last_key_;  ///< of the page before
  std::string last_asked_;
  std::uint64_t asked_ = 0;
  std::uint64_t pages_ = 0;
  bool has_more_ = true;
  bool gave_up_ = false;
};

}  // namespace weir::transfer
