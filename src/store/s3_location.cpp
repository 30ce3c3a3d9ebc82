#include <algorithm>

#include "weir/store/s3.hpp"

namespace weir {
namespace {

constexpr std::size_t kMaxKeyBytes = 1024;

Status check_key(const std::string& key) {
  if (key.size() <= kMaxKeyBytes) return {};
  return Status(Kind::limit, fmt::format("the key has {} bytes, S3 allows {}", key.size(), kMaxKeyBytes));
}

/// What no S3 service accepts; what only some accept is left to them.
Status check_bucket(const std::string& bucket) {
  if (bucket.empty())
    return Status(Kind::invalid_argument, "the bucket's name is missing").advise("Write s3://BUCKET/KEY.");
  const bool fits = bucket.size() <= 255 && std::all_of(bucket.begin(), bucket.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                             c == '.' || c == '_';
                    });
  if (fits && bucket != "." && bucket != "..") return {};
  return Status(Kind::invalid_argument, "the bucket's name has a character or a length that no bucket has")
      .advise("Bucket names are 3 to 63 lower-case letters, digits, '-' and '.'.");
}

}  // namespace

Result<S3Location> S3Location::parse(std::string_view url) {
  constexpr std::string_view kScheme = "s3://";
  if (!url.starts_with(kScheme)) {
    return Status(Kind::invalid_argument, fmt::format("\"{}\" is no s3:// URL", url)).advise("Write s3://BUCKET/KEY.");
  }
  url.remove_prefix(kScheme.size());
  const std::size_t slash = url.find('/');
  S3Location location{std::string(url.substr(0, slash)),
                      std::string(slash == std::string_view::npos ? "" : url.substr(slash + 1))};
  if (Status status = check_bucket(location.bucket); !status.ok()) return status.during("use " + location.url());
  if (Status status = check_key(location.key); !status.ok()) return status.during("use s3://" + location.bucket);
  return location;
}

Status S3Location::check_object() const {
  WEIR_TRY(check_bucket(bucket).during("use " + url()));
  WEIR_TRY(check_key(key).during("use s3://" + bucket));
  if (!key.empty()) return {};
  return Status(Kind::invalid_argument, "the key is empty").during("use " + url()).advise("Write s3://BUCKET/KEY.");
}

std::string S3Location::url() const { return "s3://" + bucket + "/" + key; }

}  // namespace weir
