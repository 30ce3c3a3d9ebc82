// weir_store_list() and what goes through a listing.
#include <mutex>
#include <utility>

#include "abi/entry.hpp"
#include "abi/handles.hpp"
#include "abi/places.hpp"
#include "abi/push.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

/// Pages are asked for as they are needed.
class ListingObject final : public Object {
 public:
  static constexpr const char* kType = "listing";
  ListingObject(StorePlace place, bool folders) : place_(std::move(place)) {
    options_.prefix = place_.key;
    if (folders) options_.delimiter = "/";
  }
  const char* type() const noexcept override { return kType; }

  /// One thread inside at a time: WEIR_E_STATE.
  Answer next(weir_listed& into) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return busy(kType);
    for (;;) {
      if (folders_at_ < page_.common_prefixes.size()) {
        fill_folder(page_.common_prefixes[folders_at_++], into);
        return {};
      }
      if (objects_at_ < page_.objects.size()) {
        fill_object(page_.objects[objects_at_++], into);
        return {};
      }
      if (left_out_at_ < page_.left_out.size()) {
        const NotListed& left = page_.left_out[left_out_at_++];
        if (!left.other_kind) return left.why;  // what could be missing is told, and what follows is there
        continue;
      }
      if (last_page_) return Answer(WEIR_END);
      WEIR_ABI_TRY(fetch());
    }
  }

 private:
  Answer fetch() {
    auto page = place_.store->list(options_);
    if (!page) return page.status();
    page_ = std::move(*page);
    folders_at_ = objects_at_ = left_out_at_ = 0;
    options_.token = page_.next_token;
    last_page_ = page_.next_token.empty();
    return {};
  }
  void fill_folder(const std::string& key, weir_listed& into) {
    weir_init(&into, sizeof into);
    name_ = place_.store->url(key);
    into.is_folder = 1;
    into.name = name_.c_str();
    into.key = key.c_str();
    into.etag = "";
  }
  void fill_object(const ListedObject& object, weir_listed& into) {
    weir_init(&into, sizeof into);
    name_ = place_.store->url(object.key);
    into.size = object.size;
    into.modified_unix = object.modified_unix;
    into.name = name_.c_str();
    into.key = object.key.c_str();
    into.etag = object.etag.c_str();
  }

  std::mutex mutex_;
  const StorePlace place_;
  ListOptions options_;
  Listing page_;
  std::string name_;
  std::size_t folders_at_ = 0;
  std::size_t objects_at_ = 0;
  std::size_t left_out_at_ = 0;
  bool last_page_ = false;
};

}  // namespace

}  // namespace weir::abi

weir_status weir_store_list(weir_context* context, const char* prefix, const weir_list_options* options,
                            weir_listing** listing, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    if (listing == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the listing is NULL");
    *listing = nullptr;
    weir_list_options how;
    WEIR_ABI_TRY(read_struct(options, "weir_list_options", how));
    weir::StorePlace place;
    WEIR_ABI_TRY(find_place(context, prefix, "the prefix", place).during("list objects"));
    auto made = std::make_shared<ListingObject>(std::move(place), how.folders != 0);
    *listing = static_cast<weir_listing*>(HandleTable::of_process().add(std::move(made)));
    return {};
  });
}

weir_status weir_listing_next(weir_listing* listing, weir_listed* entry, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    std::shared_ptr<ListingObject> object;
    WEIR_ABI_TRY(find_handle(listing, object));
    WEIR_ABI_TRY(check_result(entry, "weir_listed"));
    weir_listed full;
    WEIR_ABI_TRY(object->next(full));
    write_result(entry, full);
    return {};
  });
}

void weir_listing_free(weir_listing* listing) {
  using namespace weir::abi;
  run_free([&] { (void)HandleTable::of_process().remove<ListingObject>(listing); });
}
