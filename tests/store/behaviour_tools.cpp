#include "store/behaviour_tools.hpp"

#include <algorithm>

#include "net/text.hpp"
#include "platform/platform.hpp"
#include "store/behaviour_urls.hpp"
#include "weir/store/local.hpp"
#include "weir/store/s3.hpp"
#include "weir/store/vercel_blob.hpp"
#include "weir/transfer/put.hpp"

namespace weir::behaviour {
namespace {

/// Delivers bytes without saying what it knows of them.
class Shy final : public Source {
 public:
  Shy(std::string bytes, bool says_length) : bytes_(std::move(bytes)), says_length_(says_length) {}
  std::string name() const override { return "shy"; }
  Status describe(Upstream& upstream) override {
    upstream.source = name();
    if (says_length_) upstream.exact_bytes = upstream.max_bytes = bytes_.size();
    return {};
  }
  Result<Chunk> next() override {
    const std::string_view piece = std::string_view(bytes_).substr(at_, kSliceBytes);
    at_ += piece.size();
    return Chunk::copy_of(piece);
  }

 private:
  const std::string bytes_;
  const bool says_length_;
  std::size_t at_ = 0;
};

std::string urls() { return net::environment({"WEIR_TEST_HTTP_URL"}); }

Result<std::shared_ptr<Store>> make_store() {
  if (!urls().empty()) return std::shared_ptr<Store>(std::make_shared<UrlStore>(urls()));
  if (!net::environment({"BLOB_READ_WRITE_TOKEN"}).empty()) return vercel_store();
  if (const auto root = net::environment({"WEIR_TEST_LOCAL_ROOT"}); !root.empty()) return local_store(root);
  S3Options options;
  options.endpoint_url = net::environment({"WEIR_TEST_S3_ENDPOINT"});
  if (options.endpoint_url.empty()) return Status(Kind::invalid_argument, "no store is named in the environment");
  WEIR_ASSIGN(auto client, S3Client::make(options));
  return s3_store(std::move(client), net::environment({"WEIR_TEST_S3_BUCKET"}));
}

}  // namespace

std::shared_ptr<Store> store() {
  static const Result<std::shared_ptr<Store>> kStore = make_store();
  INFO(kStore.status().message());
  REQUIRE(kStore.ok());
  return *kStore;
}

bool lists() { return urls().empty(); }

Result<std::unique_ptr<Sink>> sink(const std::string& key, const ObjectOptions& object, const UploadOptions& options) {
  if (!urls().empty()) return put_to(store()->url(key), {}, object, options);
  return upload_to(store()->target(key, object), options);
}

std::uint64_t part_bytes() {
  const auto target = store()->target(key("any"), {});
  return target->profile().max_parts == 1 ? kMiB : target->profile().min_part_bytes;
}

std::string key(const std::string& name) {
  static const std::string run = platform::random_name(8);
  return "behaviour-" + run + "/" + name;
}

Result<Receipt> upload(const std::string& key, const std::string& bytes, Way way, const ObjectOptions& object,
                       const UploadOptions& options) {
  std::unique_ptr<Source> source =
      way == Way::replayed ? memory(bytes) : std::make_unique<Shy>(bytes, way == Way::streamed);
  WEIR_ASSIGN(auto end, sink(key, object, options));
  return start(std::move(source) | std::move(end)).wait();
}

Result<std::string> read(const std::string& key, ByteRange range) {
  const auto origin = store()->origin(key);
  WEIR_ASSIGN(const ObjectInfo info, wait<ObjectInfo>([&](auto done) { origin->look(done); }));
  const std::uint64_t most = info.size - std::min(info.size, range.offset);
  const std::uint64_t length = std::min(range.length.value_or(most), most);
  if (length == 0) return std::string();
  auto bytes = std::make_shared<std::string>();
  const auto take = [bytes](std::span<const std::byte> data) {
    bytes->append(reinterpret_cast<const char*>(data.data()), data.size());
    return Status();
  };
  const auto ended = wait<bool>([&](auto done) {
    origin->read(info, range.offset, length, take,
                 [done](Status status) { done(status.ok() ? Result<bool>(true) : Result<bool>(std::move(status))); });
  });
  if (!ended) return ended.status();
  return *bytes;
}

Result<std::vector<std::string>> names(const std::string& prefix, std::uint32_t limit) {
  std::vector<std::string> found;
  ListOptions options;
  options.prefix = prefix;
  options.limit = limit;
  do {
    WEIR_ASSIGN(const Listing page, store()->list(options));
    if (limit != 0 && page.objects.size() > limit) return Status(Kind::protocol, "a page has more than was asked for");
    for (const ListedObject& object : page.objects) found.push_back(object.key);
    options.token = page.next_token;
  } while (!options.token.empty());
  return found;
}

}  // namespace weir::behaviour
