// What each service that speaks S3 allows and understands. One row a service.
#pragma once

#include <string_view>
#include <vector>

#include "weir/core/status.hpp"
#include "weir/store/store.hpp"
#include "weir/store/target.hpp"

namespace weir::s3 {

/// How a request proves its bytes to the store. Each is weaker than the next, except that md5 proves as much of one
/// request, but nothing of the whole object.
enum class Proof : std::uint8_t {
  none,     ///< asked for by the user
  md5,      ///< Content-MD5; ranges are read twice
  header,   ///< CRC64NVME in a header; ranges are read twice
  trailer,  ///< CRC64NVME in a header, of ranges behind the bytes (aws-chunked)
};

struct Provider {
  Profile limits;  ///< its name is the provider's
  Proof proof = Proof::trailer;
  Abilities abilities;
  bool multipart_copy = true;                         ///< UploadPartCopy
  std::uint64_t max_copy_bytes = 5ull * 1024 * kMiB;  ///< of one CopyObject
  std::vector<std::string_view> host_suffixes;        ///< of its endpoints
};

/// By name: aws, r2, b2, minio, gcs, generic; invalid_argument names these for any other.
Result<const Provider*> provider_of_name(std::string_view name);
/// By the endpoint's host, without a port; generic where no other is known by it. Empty: aws.
const Provider& provider_of_host(std::string_view host);

}  // namespace weir::s3
