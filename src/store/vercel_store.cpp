#include "store/vercel_store.hpp"

#include <algorithm>

#include "store/vercel_json.hpp"
#include "store/vercel_options.hpp"
#include "store/vercel_origin.hpp"
#include "store/vercel_target.hpp"

namespace weir::vercel {
namespace {

constexpr std::size_t kMaxListingBytes = 16 * 1024 * 1024;
constexpr std::uint32_t kMostListed = 1000;  ///< of one page: the service's default, and no more was seen of it
constexpr std::size_t kMostRemoved = 500;    ///< in one request: the service names no limit

}  // namespace

const Abilities& VercelStore::abilities() const {
  static const Abilities kAbilities = [] {
    Abilities made;
    made.copy = made.no_clobber = made.if_match = made.removes_many = made.content_type = true;
    made.max_key_bytes = 950;
    return made;
  }();
  return kAbilities;
}

Result<Listing> VercelStore::list(const ListOptions& options) {
  WireRequest request;
  request.operation = "list " + url(options.prefix);
  if (!options.delimiter.empty() && options.delimiter != "/") {
    return Status(Kind::unsupported, "Vercel Blob folds at \"/\" and nothing else").during(request.operation);
  }
  std::vector<std::pair<std::string, std::string>> query;
  const std::uint32_t limit = options.limit == 0 ? kMostListed : std::min(options.limit, kMostListed);
  query.emplace_back("limit", std::to_string(limit));
  if (!options.prefix.empty()) query.emplace_back("prefix", options.prefix);
  if (!options.token.empty()) query.emplace_back("cursor", options.token);
  if (!options.delimiter.empty()) query.emplace_back("mode", "folded");
  request.url = wire_->api_url("", query);
  request.max_body_bytes = kMaxListingBytes;
  WEIR_ASSIGN(const net::Response response, wire_->call(request));
  auto listing = parse_listing(response.body);
  if (!listing) return listing.status().during(request.operation);
  if (!options.token.empty() && listing->next_token == options.token) {
    return Status(Kind::protocol, "the store answered the same page token again, the listing would never end")
        .during(request.operation);
  }
  return listing;
}

Status VercelStore::check_storable(const ObjectOptions& options) const {
  return write_headers(wire_->settings(), options).status();
}

Result<ObjectInfo> VercelStore::look(const std::string& key, store::Cancellation* stop) const {
  WireRequest request = head_request(*wire_, key);
  WEIR_TRY(check_key(key).during(request.operation));
  WEIR_ASSIGN(const net::Response response, wire_->call(request, stop));
  auto blob = parse_blob(response.body);
  if (!blob) return blob.status().during(request.operation);
  if (blob->has_size) return std::move(blob->info);
  return Status(Kind::protocol, "the store's answer has no size").during(request.operation);
}

Status VercelStore::remove(const std::string& key) {
  const std::string operation = "remove " + url(key);
  WEIR_TRY(check_key(key).during(operation));
  return remove_all({key}, operation);
}

Status VercelStore::remove_all(const std::vector<std::string>& keys, const std::string& operation) {
  WireRequest request;
  request.operation = operation;
  request.method = "POST";
  request.url = wire_->api_url("/delete", {});
  request.headers = {{"content-type", "application/json"}};
  request.body = net::body_of(delete_body(keys));
  const Status status = wire_->call(request).status();
  return status.error().service_code == "not_found" ? Status() : status;
}

Result<std::vector<NotRemoved>> VercelStore::remove_many(const std::vector<std::string>& keys) {
  std::vector<NotRemoved> left;
  std::vector<std::string> batch;
  const auto send = [&] {
    if (batch.empty()) return;
    const Status status = remove_all(batch, fmt::format("remove {} blobs of {}", batch.size(), url("")));
    for (const std::string& key : batch) {
      if (!status.ok()) left.push_back({key, status});
    }
    batch.clear();
  };
  for (const std::string& key : keys) {
    if (const Status status = check_key(key); !status.ok()) {
      left.push_back({key, status});
      continue;
    }
    batch.push_back(key);
    if (batch.size() == kMostRemoved) send();
  }
  send();
  return left;
}

Store::Cancel VercelStore::copy(const std::string& from_url, const std::string& key, const ObjectOptions& options,
                                CopyDone done) {
  return store::in_background<ObjectInfo>(
      *Executor::default_pool(), std::move(done),
      [mine = VercelStore(wire_), from_url, key, options](store::Cancellation& stop) {
        return mine.copy_here(from_url, key, options, stop);
      });
}

/// The service keeps neither content type nor cache time of the blob it copies, so they are given again. It reads no
/// condition on the source either: length alone tells that the copy is of what was looked at.
Result<ObjectInfo> VercelStore::copy_here(const std::string& from_url, const std::string& key,
                                          const ObjectOptions& options, store::Cancellation& stop) const {
  const std::string operation = "copy " + from_url + " to " + url(key);
  WEIR_TRY(check_key(key).during(operation));
  const auto from = VercelLocation::parse(from_url);
  if (!from || !wire_->settings().is_store(from->store)) {
    return Status(Kind::unsupported, "Vercel Blob copies inside one store only").during(operation);
  }
  auto source = look(from->path, &stop);
  if (!source) return source.status().during(operation);
  ObjectOptions kept = options;
  if (kept.content_type.empty()) kept.content_type = source->content_type;
  if (kept.cache_control.empty()) kept.cache_control = source->cache_control;
  auto headers = write_headers(wire_->settings(), kept);
  if (!headers) return headers.status().during(operation);
  WireRequest request;
  request.operation = operation;
  request.method = "PUT";
  request.url = wire_->api_url("", {{"pathname", key}, {"fromUrl", from->path}});
  request.headers = *std::move(headers);
  const bool conditional = options.no_clobber || !options.if_match.empty();
  if (conditional) WEIR_TRY(check_destination(key, options, stop).during(operation));
  const auto answer = wire_->call(request, &stop);
  if (!answer) return after_refusal(key, *source, answer.status(), conditional, stop);
  const auto blob = parse_blob(answer->body);
  if (!blob) return blob.status().during(operation);
  if (blob->info.key != key) {
    return Status(Kind::protocol, "the store has put the copy under another name, " + blob->info.key).during(operation);
  }
  auto made = look(key, &stop);
  if (!made || made->size == source->size) return made;
  const auto now = look(from->path, &stop);
  const bool changed = now && now->etag != source->etag;
  return Status(changed ? Kind::source_changed : Kind::corrupt,
                fmt::format("the blob has {} bytes and its copy {}", source->size, made->size))
      .during(operation);
}

Status VercelStore::check_destination(const std::string& key, const ObjectOptions& options,
                                      store::Cancellation& stop) const {
  const auto there = look(key, &stop);
  const bool missing = there.error().kind == Kind::not_found;
  if (!there && !missing) return there.status();
  if (options.no_clobber ? missing : !missing && there->etag == options.if_match) return {};
  const std::string cause =
      options.no_clobber ? "there is a blob already" : "what is there is not the blob with ETag " + options.if_match;
  return Status(Kind::already_exists, cause).advise("What is there stays as it is.");
}

/// An attempt whose reply was lost may have made the copy (libcurl repeats some by itself), which a repeat under the
/// same condition then meets, where check_destination() has seen that it was not there.
Result<ObjectInfo> VercelStore::after_refusal(const std::string& key, const ObjectInfo& source, Status refusal,
                                              bool conditional, store::Cancellation& stop) const {
  const bool met = conditional && refusal.kind() == Kind::already_exists;
  if (met) {
    auto made = look(key, &stop);
    if (made && made->size == source.size && made->etag == source.etag) return made;
  }
  const bool lost = refusal.kind() == Kind::network || refusal.kind() == Kind::timeout || stop.cancelled();
  if (met || lost) refusal.add_advice(fmt::format("Whether {} was copied all the same is not known.", url(key)));
  return refusal;
}

Result<std::string> VercelStore::presign(const std::string&, const std::string& key, std::chrono::seconds) {
  return Status(Kind::unsupported, "weir makes no presigned URLs for Vercel Blob")
      .during("presign " + url(key))
      .advise("Public blobs have a URL of their own; vercel_client_token() lets others upload.");
}

std::shared_ptr<Origin> VercelStore::origin(const std::string& key) {
  return std::make_shared<VercelOrigin>(wire_, key);
}

std::shared_ptr<Target> VercelStore::target(const std::string& key, const ObjectOptions& options) {
  return std::make_shared<VercelTarget>(wire_, key, options);
}

}  // namespace weir::vercel

namespace weir {
namespace {

std::shared_ptr<Store> store_of(vercel::Settings settings, const VercelOptions& options) {
  auto http = options.http ? options.http : net::Client::make(settings.http);
  return std::make_shared<vercel::VercelStore>(std::make_shared<vercel::Wire>(std::move(settings), std::move(http)));
}

}  // namespace

Result<std::shared_ptr<Store>> vercel_store(const VercelOptions& options) {
  WEIR_ASSIGN(vercel::Settings settings, vercel::resolve(options));
  return store_of(std::move(settings), options);
}

Result<std::shared_ptr<Store>> vercel_store(const VercelOptions& options, const std::string& store) {
  WEIR_ASSIGN(vercel::Settings settings, vercel::resolve(options));
  if (!settings.is_store(store)) {
    return Status(Kind::invalid_argument, "the token is for the store " + settings.store)
        .during("use the store " + store)
        .advise("Set BLOB_READ_WRITE_TOKEN to this store's token, or name the other store.");
  }
  return store_of(std::move(settings), options);
}

}  // namespace weir
