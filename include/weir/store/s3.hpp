// S3 and the services that speak its protocol: object operations, a Target for uploads, an Origin for downloads.
//
// One S3Client serves any number of transfers and threads. Requests are signed anew at each attempt with keys pulled
// from the CredentialsProvider then; the clock follows the server's, the region follows the bucket's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "weir/core/status.hpp"
#include "weir/net/credentials.hpp"
#include "weir/store/object.hpp"
#include "weir/store/origin.hpp"
#include "weir/store/store.hpp"
#include "weir/store/target.hpp"

namespace weir {

namespace net {
class Client;
}  // namespace net

enum class S3Addressing : std::uint8_t {
  automatic,     ///< virtual hosts at AWS (bucket names with dots: path), path style at endpoints of one's own
  path,          ///< https://endpoint/bucket/key
  virtual_host,  ///< https://bucket.endpoint/key
};
enum class S3Checksum : std::uint8_t {
  /// crc64nvme; md5 where the store refuses it, or none where AWS_REQUEST_CHECKSUM_CALCULATION or the profile says
  /// when_required. What is read is verified, unless AWS_RESPONSE_CHECKSUM_VALIDATION or the profile says so.
  automatic,
  crc64nvme,  ///< of each part and of the object; the store checks them, and one that cannot is an error
  md5,        ///< Content-MD5 of each request: the store checks each part, but has no checksum of the object
  none,       ///< nothing is checked but lengths, on the way down too
};
enum class S3Trailer : std::uint8_t {
  automatic,  ///< a part read from a range sends its checksum behind the bytes (aws-chunked, unsigned)
  never,      ///< such a part is read twice, first for its checksum, which goes into a header
};

/// What is left empty comes from the environment, then from the profile, then the default.
struct S3Options {
  /// Else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's `services` section, its endpoint_url; empty: AWS.
  std::string endpoint_url;
  std::string region;   ///< else AWS_REGION, AWS_DEFAULT_REGION, the profile's; else "us-east-1"
  std::string profile;  ///< else AWS_DEFAULT_PROFILE, AWS_PROFILE
  S3Addressing addressing = S3Addressing::automatic;
  S3Checksum checksum = S3Checksum::automatic;
  S3Trailer trailer = S3Trailer::automatic;
  /// What the service is: aws, r2, b2, minio, gcs or generic. Empty: known by the endpoint's host.
  std::string s3_profile;
  /// SSE-C: 32 bytes with which the store encrypts what is written and decrypts what is read, sent with each request
  /// and kept by no one. Over TLS only, or to this machine. Never in a message.
  std::string sse_customer_key;
  /// Told what a user should know and no error says, one line each: that the store takes weaker checksums than ours.
  /// Once per client and line, on any thread; must not block.
  std::function<void(const std::string& line)> on_notice;
  std::string ca_bundle;  ///< file or directory; else AWS_CA_BUNDLE, the profile's
  std::size_t max_connections = 64;
  std::chrono::milliseconds connect_timeout{10000};
  std::chrono::milliseconds stall_timeout{30000};  ///< no byte either way
  /// Attempts of the synchronous operations. At least 1.
  int attempts = 5;
  std::shared_ptr<CredentialsProvider> credentials;  ///< else default_credentials()
  /// Sends no keys and no signatures, and looks for none: for what anyone may do. Never chosen by itself.
  bool no_sign_request = false;
  std::shared_ptr<net::Client> http;  ///< to share connections with others; else one of its own
};

/// "s3://bucket/key". The key is not encoded: it is the object's name, byte for byte.
struct S3Location {
  std::string bucket;
  std::string key;  ///< empty: the bucket

  /// invalid_argument for another scheme, a missing or malformed bucket; limit for a key above 1,024 bytes. What
  /// follows the first '/' behind the bucket is the key as it stands; it may be empty.
  static Result<S3Location> parse(std::string_view url);
  /// That this names an object: a bucket, and a key of 1 to 1,024 bytes.
  Status check_object() const;
  std::string url() const;
};

struct S3ObjectInfo : ObjectInfo {
  S3Location location;
};

/// Thread-safe. Operations wait, retry what may work again, and report errors in the store's own words.
class S3Client {
 public:
  /// Fails for options that cannot work; sends nothing.
  static Result<std::shared_ptr<S3Client>> make(const S3Options& options);
  virtual ~S3Client() = default;

  /// One page. A store that answers with the same token again is a protocol error, not an endless loop.
  virtual Result<Listing> list(const std::string& bucket, const ListOptions& options) = 0;
  virtual Result<S3ObjectInfo> head(const S3Location& location) = 0;
  /// ok also where there was nothing.
  virtual Status remove(const S3Location& location) = 0;
  /// A URL that lets anyone do `method` ("GET", "PUT") for up to a week.
  virtual Result<std::string> presign(const std::string& method, const S3Location& location,
                                      std::chrono::seconds valid) = 0;
};

/// The object as the destination of an upload. A location or option that cannot work is reported by begin() and
/// put_whole(), before anything is sent. With S3Checksum::none, crc64nvme in receipts is what Part::crc64nvme said, if
/// anything.
std::shared_ptr<Target> s3_target(std::shared_ptr<S3Client> client, S3Location location, ObjectOptions options = {});

/// The object as the origin of a download: see download_from(). Each read is pinned to the ETag that look() found; a
/// 404 or another object is source_changed by then. A store that answers a range with the whole object is said to have
/// none.
std::shared_ptr<Origin> s3_origin(std::shared_ptr<S3Client> client, S3Location location);

/// The bucket as a Store. A bucket or key that cannot be is reported by each operation, before anything is sent. Stores
/// of one client share its connections.
std::shared_ptr<Store> s3_store(std::shared_ptr<S3Client> client, std::string bucket);

}  // namespace weir
