// Digests as taps: they let every byte pass unchanged and name its hash in the receipt.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "weir/core/stage.hpp"

namespace weir {

/// A hash under way. Thread-compatible.
class Digest {
 public:
  virtual ~Digest() = default;
  /// "sha256": its name as a stage and as a fact.
  virtual std::string name() const = 0;
  /// unsupported where the system's library lacks or forbids the hash.
  virtual Status update(std::span<const std::byte> bytes) = 0;
  /// The value of all bytes so far as its users write it: lower-case hex, big-endian, except base64 for crc64nvme.
  /// Ends the digest: call once.
  virtual Result<std::string> finish() = 0;
  /// So much work per byte that it should overlap with what comes before.
  virtual bool heavy() const { return false; }
};

/// By name: sha256, sha512, md5 (for what others say, no proof against anyone who means harm), xxh3_64, xxh3_128,
/// crc32c, crc64nvme; invalid_argument names these for any other.
Result<std::unique_ptr<Digest>> make_digest(std::string_view name);
/// A tap that feeds `digest` and puts its value among the facts under its name.
std::unique_ptr<Transform> tap(std::unique_ptr<Digest> digest);

/// One core does about 1.8 GB/s of SHA-256 with CPU support, and it cannot be split: the others are over ten times
/// that.
std::unique_ptr<Transform> sha256();
std::unique_ptr<Transform> xxh3_64();
std::unique_ptr<Transform> xxh3_128();
std::unique_ptr<Transform> crc32c_digest();
std::unique_ptr<Transform> crc64nvme_digest();

}  // namespace weir
