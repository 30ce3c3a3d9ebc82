// weir_store_...: operations on objects by name.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "abi/context.hpp"
#include "abi/entry.hpp"
#include "abi/owned.hpp"
#include "abi/places.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

constexpr std::uint64_t kMostPresignSeconds = 7 * 24 * 3600;

Answer check_info(const weir_object_info* info) {
  return info == nullptr ? Answer() : check_result(info, "weir_object_info");
}

void fill_info(const ObjectInfo& from, const StorePlace& place, weir_object_info* out) {
  if (out == nullptr) return;
  auto owned = std::make_unique<Owned>();
  weir_object_info full;
  weir_init(&full, sizeof full);
  full.size = from.size;
  full.has_crc64nvme = from.crc64nvme ? 1 : 0;
  full.crc64nvme = from.crc64nvme.value_or(0);
  full.modified_unix = from.modified_unix;
  full.name = owned->keep(place.url());
  full.etag = owned->keep(from.etag);
  full.version = owned->keep(from.version);
  full.content_type = owned->keep(from.content_type);
  full.content_encoding = owned->keep(from.content_encoding);
  full.storage_class = owned->keep(from.storage_class);
  full.metadata = owned->keep(from.metadata);
  full.metadata_count = from.metadata.size();
  full.owned = owned.release();
  weir_object_info_clear(out);
  write_result(out, full);
}

}  // namespace

Answer find_place(weir_context* context, const char* name, const char* what, StorePlace& into) {
  std::shared_ptr<SharedContext> shared;
  WEIR_ABI_TRY(find_context(context, shared));
  std::string text;
  WEIR_ABI_TRY(read_text(name, what, text));
  auto place = open_store(text, shared->endpoint(text));
  if (!place) return place.status();
  into = std::move(*place);
  return {};
}

}  // namespace weir::abi

void weir_object_info_clear(weir_object_info* info) { weir::abi::clear_result(info); }

weir_status weir_store_head(weir_context* context, const char* name, weir_object_info* info, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    WEIR_ABI_TRY(check_result(info, "weir_object_info"));
    weir::StorePlace place;
    WEIR_ABI_TRY(find_place(context, name, "the name", place).during("look at an object"));
    const auto found = place.store->head(place.key);
    if (!found) return found.status();
    fill_info(*found, place, info);
    return {};
  });
}

weir_status weir_store_remove(weir_context* context, const char* name, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    weir::StorePlace place;
    WEIR_ABI_TRY(find_place(context, name, "the name", place).during("remove an object"));
    return place.store->remove(place.key);
  });
}

weir_status weir_store_copy(weir_context* context, const char* from, const char* to, weir_object_info* info,
                            weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    WEIR_ABI_TRY(check_info(info));
    weir::StorePlace source;
    weir::StorePlace destination;
    WEIR_ABI_TRY(find_place(context, from, "the name to copy from", source).during("copy inside a store"));
    WEIR_ABI_TRY(find_place(context, to, "the name to copy to", destination).during("copy inside a store"));
    if (!destination.store->abilities().copy) {
      return Answer(weir::Status(weir::Kind::unsupported, "this store does not copy by itself")
                        .during("copy to " + destination.url())
                        .advise("weir_copy() does."));
    }
    const auto stored = destination.store->copy(source.url(), destination.key, {});
    if (!stored) return stored.status();
    fill_info(*stored, destination, info);
    return {};
  });
}

weir_status weir_store_presign(weir_context* context, const char* method, const char* name, uint64_t valid_seconds,
                               char** url, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    if (url == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the URL is NULL");
    *url = nullptr;
    std::string verb;
    WEIR_ABI_TRY(read_text(method, "the method", verb).during("presign"));
    if (verb != "GET" && verb != "PUT")
      return Answer(WEIR_E_INVALID_ARGUMENT, "the method is none of GET, PUT").during("presign");
    if (valid_seconds == 0 || valid_seconds > kMostPresignSeconds)
      return Answer(WEIR_E_INVALID_ARGUMENT, "valid_seconds is none of 1 to 604800").during("presign");
    weir::StorePlace place;
    WEIR_ABI_TRY(find_place(context, name, "the name", place).during("presign"));
    const auto made = place.store->presign(verb, place.key, std::chrono::seconds(valid_seconds));
    if (!made) return made.status();
    *url = ::strdup(made->c_str());
    return *url == nullptr ? Answer(WEIR_E_NOMEM, "the system has no memory left") : Answer();
  });
}

void weir_text_free(char* text) { std::free(text); }
