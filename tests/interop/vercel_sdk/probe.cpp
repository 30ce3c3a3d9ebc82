// What the SDK's tests ask weir to do: `vercel_probe token PATH MAX_BYTES`, `vercel_probe operations FILE_OF_10_MiB`.
#include <fmt/format.h>

#include <cstdlib>
#include <string_view>

#include "weir/core/job.hpp"
#include "weir/stages/file.hpp"
#include "weir/stages/memory.hpp"
#include "weir/store/vercel_blob.hpp"
#include "weir/transfer/upload.hpp"

namespace weir {
namespace {

int told(const Status& status) {
  if (status.ok()) return 0;
  fmt::print(stderr, "vercel_probe: {}\n", status.message());
  return 1;
}

Status upload(Store& store, std::unique_ptr<Source> source, const std::string& key, const ObjectOptions& object) {
  UploadOptions options;
  options.part_bytes = 8 * kMiB;
  return start(std::move(source) | upload_to(store.target(key, object), options)).wait().status();
}

/// The operations of same_requests.mjs, in its order.
Status operations(const std::string& big) {
  WEIR_ASSIGN(const std::shared_ptr<Store> store, vercel_store());
  ObjectOptions object;
  object.content_type = "text/weir";
  object.cache_control = "max-age=77";
  WEIR_TRY(upload(*store, memory("small"), "same/a b.txt", object));
  WEIR_TRY(upload(*store, file(big), "same/big.bin", {}));
  WEIR_TRY(store->head("same/a b.txt"));
  ListOptions list;
  list.prefix = "same/";
  list.limit = 100;
  list.delimiter = "/";
  WEIR_TRY(store->list(list));
  ObjectOptions copied;
  copied.content_type = "text/weir";
  copied.cache_control = "max-age=77";
  WEIR_TRY(store->copy(store->url("same/a b.txt"), "same/copy.txt", copied));
  WEIR_TRY(store->remove_many({"same/a b.txt", "same/copy.txt"}));
  return {};
}

}  // namespace
}  // namespace weir

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "token" && argc == 4) {
    weir::VercelGrant grant;
    grant.path = argv[2];
    grant.max_bytes = std::strtoull(argv[3], nullptr, 10);
    const auto token = weir::vercel_client_token({}, grant);
    if (token.ok()) fmt::print("{}\n", *token);
    return weir::told(token.status());
  }
  if (what == "operations" && argc == 3) return weir::told(weir::operations(argv[2]));
  fmt::print(stderr, "usage: vercel_probe token PATH MAX_BYTES | operations FILE\n");
  return 2;
}
