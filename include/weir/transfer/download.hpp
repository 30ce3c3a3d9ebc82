// download_from: the source that reads an object out of a store, whatever the store.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "weir/core/retry.hpp"
#include "weir/core/stage.hpp"
#include "weir/net/rate_limiter.hpp"
#include "weir/store/origin.hpp"

namespace weir {

/// None of these changes the bytes that are read, but `range`.
struct DownloadOptions {
  ByteRange range = {};
  /// The object must be the one with this etag (ObjectInfo::etag): otherwise source_changed. Empty: whatever is there.
  std::string etag = {};
  bool of_part() const noexcept { return !range.is_all() || !etag.empty(); }
  /// Ranges under way at once. 0: adapts, from 4 up to 32 or what memory holds, as throughput and the store's answers
  /// say.
  std::uint32_t concurrency = 0;
  std::uint64_t part_bytes = 0;  ///< of one range, at least 1 MiB; 0: 8 MiB, and less where memory is short
  /// Of one range: attempts are counted anew whenever bytes have come.
  RetryPolicy retry = {};
  /// Compare the bytes with the store's checksum of the whole object before saying "end". Off, or with an origin that
  /// does not want it (Origin::verifies()): nothing is hashed.
  bool verify = true;
  std::shared_ptr<RateLimiter> limiter = {};  ///< of what comes, repeats included; may be shared; null: no limit
};

/// Reads ranges at once and delivers them in order, from a window inside its grant of memory; one stream where the
/// object or the grant is small, or the origin has no ranges. After an error in the middle of a body it goes on at the
/// exact byte. What is read is one version of the object: the one that describe() found.
///
/// Where it was read as a whole and the store has a CRC64NVME of it, facts() has "source_crc64nvme_verified" at the
/// end; where its origin tells other hashes (Origin::digests()), one of them is taken and compared: then there is
/// "source_sha256_verified", or of sha512 or md5. "source_etag" always. describe() asks the store, and waits for it.
/// In front of upload_to() into a file, and with UploadOptions::ledger there, it begins with what an earlier run has
/// left, where Origin::lasting_identity() says which object that is.
/// Errors of next(): the store's own, source_changed (another object is there by now), corrupt (the bytes are not those
/// of the store's checksum or hash), protocol (it answers with another range than was asked for).
std::unique_ptr<Source> download_from(std::shared_ptr<Origin> origin, DownloadOptions options = {});

}  // namespace weir
