// Removing many objects at once (API reference, DeleteObjects).
#include <algorithm>
#include <thread>

#include "net/md5.hpp"
#include "store/s3_error.hpp"
#include "store/s3_store.hpp"
#include "store/s3_xml.hpp"

namespace weir::s3 {
namespace {

constexpr std::size_t kMostKeys = 1000;  ///< of one request

Result<WireRequest> delete_request(const std::string& bucket, std::span<const std::string> keys) {
  WireRequest request;
  request.operation = fmt::format("remove {} objects of s3://{}", keys.size(), bucket);
  request.method = "POST";
  request.bucket = bucket;
  request.query = {{"delete", ""}};
  request.body_decides = true;
  std::string body = delete_body(keys);
  WEIR_ASSIGN(const std::string md5, net::md5_base64(body));
  // Some proof that the list is whole is required; every service knows this one.
  request.headers = {{"content-type", "application/xml"}, {"content-md5", md5}};
  request.set_text(std::move(body));
  return request;
}

/// Removes the keys of one request; what failed for a while is asked for again.
Result<std::vector<NotRemoved>> remove_batch(Wire& wire, const std::string& bucket, std::vector<std::string> keys) {
  std::vector<NotRemoved> failed;
  for (int attempt = 1;; ++attempt) {
    WEIR_ASSIGN(const WireRequest request, delete_request(bucket, keys));
    WEIR_ASSIGN(const net::Response answer, wire.call(request));
    auto refused = parse_deleted(answer.body);
    if (!refused) return refused.status().during(fmt::format("remove objects of s3://{}", bucket));
    keys.clear();
    Status last;
    for (const NotDeleted& one : *refused) {
      if (one.error.code == "NoSuchKey") continue;
      Status status = error_of(answer, one.error).during("remove " + S3Location{bucket, one.key}.url());
      if (status.retryable() && attempt < wire.settings().attempts) {
        keys.push_back(one.key);
        last = status;
      } else {
        failed.push_back({one.key, std::move(status)});
      }
    }
    if (keys.empty()) return failed;
    std::this_thread::sleep_for(backoff(last.error(), attempt));
  }
}

}  // namespace

Result<std::vector<NotRemoved>> remove_objects(Wire& wire, const std::string& bucket,
                                               const std::vector<std::string>& keys) {
  std::vector<NotRemoved> failed;
  std::vector<std::string> batch;
  const auto flush = [&]() -> Status {
    if (batch.empty()) return {};
    WEIR_ASSIGN(auto refused, remove_batch(wire, bucket, std::exchange(batch, {})));
    failed.insert(failed.end(), refused.begin(), refused.end());
    return {};
  };
  for (const std::string& key : keys) {
    const S3Location location{bucket, key};
    Status status = location.check_object();
    // What the list cannot carry, and what is alone, goes by itself.
    const bool alone = !status.ok() || !fits_xml(key) || keys.size() == 1 || !wire.provider().abilities.removes_many;
    if (!alone) {
      batch.push_back(key);
      if (batch.size() == kMostKeys) WEIR_TRY(flush());
      continue;
    }
    if (status.ok()) status = wire.remove(location);
    if (!status.ok()) failed.push_back({key, std::move(status)});
  }
  WEIR_TRY(flush());
  return failed;
}

}  // namespace weir::s3
