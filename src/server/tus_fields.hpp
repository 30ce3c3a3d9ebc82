// What the fields of tus 1.0 say. Nothing: what is there is malformed, and gets 400.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::server {

/// Upload-Metadata: keys and what they stand for, which may be any bytes.
using UploadMetadata = std::vector<std::pair<std::string, std::string>>;
inline constexpr std::size_t kMostMetadataBytes = 8192;  // of the field
inline constexpr std::size_t kMostMetadataKeys = 64;
std::optional<UploadMetadata> read_upload_metadata(std::string_view text);
/// As a client would have sent it.
std::string upload_metadata_text(const UploadMetadata& metadata);

/// Upload-Checksum: the name of an algorithm, and the digest's bytes.
struct UploadChecksum {
  std::string algorithm;
  std::string digest;
};
std::optional<UploadChecksum> read_upload_checksum(std::string_view text);

/// Upload-Concat: "partial", or "final;" and where the parts lie.
struct UploadConcat {
  bool final = false;
  std::vector<std::string> parts;  ///< as they stood there: URLs or paths
};
inline constexpr std::size_t kMostConcatParts = 1000;
std::optional<UploadConcat> read_upload_concat(std::string_view text);

}  // namespace weir::server
