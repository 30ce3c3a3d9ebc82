// Objects: what stores say of them, and what they are stored with. The same words for every store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/byte_range.hpp"
#include "weir/core/status.hpp"

namespace weir {

/// What a store says of one object.
struct ObjectInfo {
  std::string key;  ///< its name in the store, byte for byte
  std::uint64_t size = 0;
  bool sized = true;                       ///< false: only the end of the object tells its size
  std::string etag;                        ///< without quotes; pins what is read
  std::string version;                     ///< where the store keeps versions
  std::optional<std::uint64_t> crc64nvme;  ///< of the whole object, if the store has one
  std::string content_type;
  std::string content_encoding;
  std::string cache_control;
  std::string content_disposition;
  std::string storage_class;                    ///< empty: the store's standard
  std::int64_t modified_unix = 0;               ///< seconds; 0: the store did not say
  std::map<std::string, std::string> metadata;  ///< the user's own, names in lower case
};

/// What an object is stored with. A store that cannot do what is asked for refuses before anything is sent.
struct ObjectOptions {
  /// Nothing is asked for.
  bool is_default() const {
    return content_type.empty() && content_encoding.empty() && cache_control.empty() && content_disposition.empty() &&
           metadata.empty() && tags.empty() && storage_class.empty() && !no_clobber && if_match.empty() &&
           headers.empty();
  }

  std::string content_type;  ///< empty: by the key's suffix, else the store's default
  std::string content_encoding;
  std::string cache_control;
  std::string content_disposition;
  std::map<std::string, std::string> metadata;  ///< S3: 2 KB in all; non-ASCII values are sent as RFC 2047 words
  std::map<std::string, std::string> tags;
  std::string storage_class;
  /// The object must not exist yet: otherwise Kind::already_exists, and what is there stays.
  bool no_clobber = false;
  /// The object must be the one with this etag: otherwise Kind::already_exists, and what is there stays.
  std::string if_match;
  /// Other request headers of the store's own ("x-amz-…"), sent where the object is created.
  std::map<std::string, std::string> headers;
};

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;
  std::int64_t modified_unix = 0;
};

/// What stands where objects do and is none, and why: a symbolic link or a device in a directory, a directory that may
/// not be read.
struct NotListed {
  std::string key;
  Status why;
  bool other_kind = false;  ///< it is a link, device, pipe or socket: nothing that a listing could be missing
};

/// One page of a listing, in the store's order.
struct Listing {
  std::vector<ListedObject> objects;
  std::vector<std::string> common_prefixes;  ///< what lies below the delimiter, folded
  std::vector<NotListed> left_out;           ///< by name; stores of objects alone have none
  std::string next_token;                    ///< empty: this is the last page
};

struct ListOptions {
  std::string prefix;
  std::string delimiter;    ///< "/" folds what lies below into common_prefixes
  std::string token;        ///< Listing::next_token of the page before
  std::uint32_t limit = 0;  ///< of one page; 0: the store's
};

}  // namespace weir
