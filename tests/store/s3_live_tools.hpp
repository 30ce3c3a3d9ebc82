// The S3 server that the environment names, as tests/servers/servers.py starts it.
#pragma once

#include <stdlib.h>

#include "net/http.hpp"
#include "platform/platform.hpp"
#include "store/s3_tools.hpp"
#include "store/s3_wire.hpp"
#include "weir/transfer/download.hpp"

namespace weir::live {

using namespace test;  // NOLINT(google-build-using-namespace)

inline std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

inline S3Options options() {
  S3Options result;
  result.endpoint_url = variable("WEIR_TEST_S3_ENDPOINT");
  return result;
}

inline std::shared_ptr<S3Client> client(const S3Options& wanted = options()) {
  auto made = S3Client::make(wanted);
  INFO(made.status().message());
  REQUIRE(made.ok());
  return *made;
}

inline std::string bucket() { return variable("WEIR_TEST_S3_BUCKET"); }
/// moto accepts every signature and checksum.
inline bool is_lenient() { return variable("WEIR_TEST_S3_SERVER") == "moto"; }
inline bool is_minio() { return variable("WEIR_TEST_S3_SERVER") == "minio"; }

/// That the store's own checksum is ours. moto keeps none of an object of one request.
inline bool is_checked(const std::optional<std::uint64_t>& stored, std::uint64_t ours) {
  return stored ? *stored == ours : is_lenient();
}

/// A name of its own for each run and test.
inline S3Location location(const std::string& name) {
  static const std::string run = platform::random_name(8);
  return {bucket(), "live-" + run + "/" + name};
}

inline Result<std::string> read_back(const S3Location& place) {
  auto source = download_from(s3_origin(client(), place));
  return Reader().all(*source);
}
/// By four connections, in ranges of 1 MiB.
inline Result<std::string> read_in_ranges(const S3Location& place) {
  DownloadOptions small;
  small.part_bytes = kMiB;
  auto source = download_from(s3_origin(client(), place), small);
  return Reader(64 * kMiB, 8 * kMiB).all(*source);
}

/// Upload ids under way for a key.
inline std::size_t uploads_under_way(const S3Location& place) {
  const auto wire = std::static_pointer_cast<s3::Wire>(client());
  s3::WireRequest request;
  request.bucket = place.bucket;
  request.query = {{"uploads", ""}, {"prefix", place.key}};
  request.payload_hash = net::sha256_hex("");
  const auto answer = wire->call(request);
  INFO(answer.status().message());
  REQUIRE(answer.ok());
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answer->body.find("<UploadId>", at)) != std::string::npos; ++at) ++count;
  return count;
}

}  // namespace weir::live
