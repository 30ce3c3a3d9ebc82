// Copying inside the service (API reference, CopyObject, UploadPartCopy).
#include <algorithm>
#include <future>
#include <mutex>
#include <thread>

#include "net/url.hpp"
#include "store/s3_error.hpp"
#include "store/s3_store.hpp"
#include "store/s3_target.hpp"
#include "store/s3_xml.hpp"

namespace weir::s3 {
namespace {

constexpr std::uint64_t kMostParts = 10000;
constexpr std::size_t kAtOnce = 8;  ///< the store does the work: more would only wait there

struct Copy {
  std::shared_ptr<Wire> wire;
  S3Location from, to;
  S3ObjectInfo source;
  net::Headers source_headers;  ///< those that have no option, but belong to the object
  ObjectOptions options;        ///< as asked for
  std::string operation;
  store::Cancellation* stop = nullptr;  ///< null: nobody cancels it

  Result<net::Response> call(const WireRequest& request) const { return wire->call(request, stop); }
  Result<S3ObjectInfo> look(const S3Location& place) const {
    WEIR_ASSIGN(const net::Response answer, call(head_request(place)));
    return checked_object_info(place, answer);
  }
};

bool changes_nothing(const ObjectOptions& options) {
  return options.content_type.empty() && options.content_encoding.empty() && options.cache_control.empty() &&
         options.content_disposition.empty() && options.metadata.empty();
}

/// What the options leave empty stays as the source has it.
ObjectOptions merged(const Copy& copy) {
  ObjectOptions options = copy.options;
  const auto keep = [](std::string& into, const std::string& from) {
    if (into.empty()) into = from;
  };
  keep(options.content_type, copy.source.content_type);
  keep(options.content_encoding, copy.source.content_encoding);
  keep(options.cache_control, copy.source.cache_control);
  keep(options.content_disposition, copy.source.content_disposition);
  keep(options.storage_class, copy.source.storage_class);
  if (options.metadata.empty()) options.metadata = copy.source.metadata;
  return options;
}

WireRequest copy_request(const Copy& copy) {
  WireRequest request;
  request.operation = copy.operation;
  request.method = "PUT";
  request.bucket = copy.to.bucket;
  request.key = copy.to.key;
  request.payload_hash = net::sha256_hex("");
  request.body_decides = true;
  request.headers = {{"x-amz-copy-source", "/" + copy.from.bucket + "/" + net::percent_encode(copy.from.key, true)},
                     {"x-amz-copy-source-if-match", "\"" + copy.source.etag + "\""}};
  for (const auto& [name, value] : copy.wire->settings().customer_key) {
    constexpr std::string_view kPrefix = "x-amz-";
    request.headers.emplace_back("x-amz-copy-source-" + name.substr(kPrefix.size()), value);
  }
  return request;
}

/// 412 can mean the source or the destination: a look at the source tells.
Status judge(const Copy& copy, Status status) {
  if (status.error().http_status != 412) return status;
  const auto now = copy.look(copy.from);
  if (now && now->etag == copy.source.etag) return status;
  return Status(Kind::source_changed, "the object is no longer the one that the copy began with")
      .during(copy.operation);
}

/// Whether what is at the destination is what the copy was to make.
bool is_made(const Copy& copy) {
  const auto there = copy.look(copy.to);
  if (!there || there->size != copy.source.size) return false;
  if (there->crc64nvme && copy.source.crc64nvme) return *there->crc64nvme == *copy.source.crc64nvme;
  return there->etag == copy.source.etag;
}

bool is_conditional(const Copy& copy) { return copy.options.no_clobber || !copy.options.if_match.empty(); }

/// An attempt whose reply was lost may have done the work (libcurl repeats some by itself). Then a repeat meets what it
/// has made, where check_destination() has seen that it was not there.
bool met_itself(const Copy& copy, const Status& status) {
  return is_conditional(copy) && status.error().http_status == 412 && is_made(copy);
}

/// What went wrong on the way says nothing of what the store has done.
Status doubt(const Copy& copy, Status status) {
  if (status.kind() == Kind::network || status.kind() == Kind::timeout || status.kind() == Kind::cancelled) {
    status.add_advice(fmt::format("Whether {} was copied all the same is not known.", copy.to.url()));
  }
  return status;
}

/// Not every service reads conditions on copies, so what can be seen before is looked at.
Status check_destination(const Copy& copy) {
  if (!is_conditional(copy)) return {};
  const auto there = copy.look(copy.to);
  const bool missing = there.error().kind == Kind::not_found;
  if (!there && !missing) return there.status();
  const auto refuse = [&](std::string cause) {
    return Status(Kind::already_exists, std::move(cause))
        .during(copy.operation)
        .advise("What is there stays as it is.");
  };
  if (copy.options.no_clobber && there) return refuse("there is an object already");
  if (!copy.options.if_match.empty() && (missing || there->etag != copy.options.if_match)) {
    return refuse("what is there is not the object with ETag " + copy.options.if_match);
  }
  return {};
}

Status copy_whole(const Copy& copy) {
  WireRequest request = copy_request(copy);
  const bool keeps = changes_nothing(copy.options);
  ObjectOptions options = keeps ? copy.options : merged(copy);
  options.storage_class = merged(copy).storage_class;
  auto headers = object_headers(options);
  if (!headers) return headers.status().during(copy.operation);
  const auto add = [&](const net::Headers& more) {
    request.headers.insert(request.headers.end(), more.begin(), more.end());
  };
  add(*headers);
  add(condition_headers(copy.options));
  if (!keeps) {
    add(copy.source_headers);
    request.headers.emplace_back("x-amz-metadata-directive", "REPLACE");
  }
  if (!copy.options.tags.empty()) request.headers.emplace_back("x-amz-tagging-directive", "REPLACE");
  const auto answer = copy.call(request);
  if (met_itself(copy, answer.status())) return {};
  if (!answer) return doubt(copy, judge(copy, answer.status()));
  return parse_copied(answer->body, "CopyObjectResult").status().during(copy.operation);
}

template <class T, class Call>
Result<T> wait(store::Cancellation* stop, Call call) {
  const auto made = std::make_shared<std::promise<Result<T>>>();
  auto answer = made->get_future();
  const Target::Cancel cancel = call([made](Result<T> result) { made->set_value(std::move(result)); });
  const store::Cancellation::Watch watch(stop, cancel);
  return answer.get();
}

/// What cancels a step: while it is under way, and between its attempts.
struct Stops {
  store::Cancellation* call = nullptr;
  store::Cancellation* pause = nullptr;
};

/// One attempt after another, as Wire::call().
template <class T, class Call>
Result<T> retried(const Wire& wire, const Stops& stops, Call call) {
  store::Cancellation nobody;
  store::Cancellation& between = stops.pause != nullptr ? *stops.pause : nobody;
  for (int attempt = 1;; ++attempt) {
    WEIR_TRY(between.status());
    auto answer = wait<T>(stops.call, call);
    if (answer.ok() || !answer.status().retryable() || attempt >= wire.settings().attempts) return answer;
    between.sleep(backoff(answer.error(), attempt));
  }
}

/// The parts, copied by several threads; the first error stops them.
Result<std::vector<PartReceipt>> copy_parts(const Copy& copy, const std::string& id, std::uint64_t part_bytes) {
  const std::uint64_t size = copy.source.size;
  std::vector<PartReceipt> parts((size + part_bytes - 1) / part_bytes);
  std::mutex mutex;
  std::size_t next = 0;
  Status failure;
  const auto work = [&] {
    for (;;) {
      std::unique_lock lock(mutex);
      if (next == parts.size() || !failure.ok()) return;
      const std::size_t index = next++;
      lock.unlock();
      PartReceipt part;
      part.number = static_cast<std::uint32_t>(index + 1);
      part.offset = index * part_bytes;
      part.length = std::min(part_bytes, size - part.offset);
      WireRequest request = copy_request(copy);
      request.query = {{"partNumber", std::to_string(part.number)}, {"uploadId", id}};
      request.headers.emplace_back("x-amz-copy-source-range",
                                   fmt::format("bytes={}-{}", part.offset, part.offset + part.length - 1));
      const auto answer = copy.call(request);
      Status status = answer.status();
      if (answer.ok()) {
        const auto copied = parse_copied(answer->body, "CopyPartResult");
        status = copied.status();
        if (copied) part.etag = copied->etag;
      }
      lock.lock();
      parts[index] = std::move(part);
      if (failure.ok()) failure = std::move(status);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(kAtOnce, parts.size()); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (!failure.ok()) return judge(copy, std::move(failure)).during(copy.operation);
  return parts;
}

Result<std::map<std::string, std::string>> tags_of(const Copy& copy) {
  WireRequest request;
  request.operation = "read the tags of " + copy.from.url();
  request.bucket = copy.from.bucket;
  request.key = copy.from.key;
  request.query = {{"tagging", ""}};
  request.payload_hash = net::sha256_hex("");
  WEIR_ASSIGN(const net::Response answer, copy.call(request));
  return parse_tags(answer.body);
}

/// A copy in parts keeps nothing of the source but its bytes: all else is said again.
Status copy_in_parts(const Copy& copy, const CopyLimits& limits, bool has_tags) {
  const std::string& operation = copy.operation;
  if (!copy.wire->provider().multipart_copy) {
    return Status(Kind::unsupported, fmt::format("the object has {} bytes, and {} copies up to {}", copy.source.size,
                                                 copy.wire->provider().limits.name, limits.single_bytes))
        .during(operation)
        .advise("Copy it through this machine instead.");
  }
  ObjectOptions options = merged(copy);
  if (options.tags.empty() && copy.wire->provider().abilities.tags) {
    auto tags = tags_of(copy);
    // Who may not see tags is not told that there are any; then there is nothing to keep.
    if (!tags && has_tags) return tags.status();
    if (tags) options.tags = *std::move(tags);
  }
  const auto target = std::make_shared<S3Target>(copy.wire, copy.to, options, Proof::none);
  // Not cancelled while it is under way: an upload whose id is lost cannot be removed.
  const auto begin = [&](auto done) { return target->begin(std::move(done)); };
  WEIR_ASSIGN(const std::string id, retried<std::string>(*copy.wire, {nullptr, copy.stop}, begin));
  const std::uint64_t least = (copy.source.size + kMostParts - 1) / kMostParts;
  auto parts = copy_parts(copy, id, std::max(limits.part_bytes, (least + kMiB - 1) / kMiB * kMiB));
  Status status = parts.status();
  if (status.ok()) {
    const Whole whole{copy.source.size, {}};
    const auto commit = [&](auto done) { return target->commit(id, *parts, whole, std::move(done)); };
    status = doubt(copy, retried<Stored>(*copy.wire, {copy.stop, copy.stop}, commit).status());
    if (status.ok() || met_itself(copy, status)) return {};
    // An upload that is gone when it is to be completed once more has been completed, or something has removed it.
    if (status.kind() == Kind::not_found && is_made(copy)) return {};
  }
  const auto abort = [&](auto done) { return target->abort(id, std::move(done)); };
  const Status aborted = retried<Target::None>(*copy.wire, {}, abort).status();
  if (!aborted.ok()) status.add_advice(fmt::format("The unfinished upload {} could not be removed.", id));
  return status.during(operation);
}

}  // namespace

Result<ObjectInfo> copy_object(const std::shared_ptr<Wire>& wire, const S3Location& from, const S3Location& to,
                               const ObjectOptions& options, const CopyLimits& limits, store::Cancellation* stop) {
  Copy copy;
  copy.stop = stop;
  copy.wire = wire;
  copy.from = from;
  copy.to = to;
  copy.options = options;
  copy.operation = "copy " + from.url() + " to " + to.url();
  WEIR_TRY(check_abilities(options, wire->provider()).during(copy.operation));
  WEIR_ASSIGN(const net::Response looked, copy.call(head_request(from)));
  WEIR_ASSIGN(copy.source, checked_object_info(from, looked));
  for (const char* name : {"content-language", "expires", "x-amz-website-redirect-location"}) {
    if (const auto value = looked.header(name); !value.empty()) copy.source_headers.emplace_back(name, value);
  }
  WEIR_TRY(check_destination(copy));
  const auto tags = looked.header("x-amz-tagging-count");
  const bool has_tags = !tags.empty() && tags != "0";
  WEIR_TRY(copy.source.size <= limits.single_bytes ? copy_whole(copy) : copy_in_parts(copy, limits, has_tags));
  const auto made = copy.look(to);
  if (!made) return doubt(copy, made.status());
  const bool differs = made->crc64nvme && copy.source.crc64nvme && *made->crc64nvme != *copy.source.crc64nvme;
  if (made->size != copy.source.size || differs) {
    return Status(Kind::corrupt, "what the store has made is not what the source is").during(copy.operation);
  }
  return ObjectInfo(*made);
}

}  // namespace weir::s3
