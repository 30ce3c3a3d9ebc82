// Reading, listing, removing and copying; names that need care.
#include <algorithm>

#include "store/behaviour_tools.hpp"

namespace weir::behaviour {
namespace {

const std::vector<std::string>& awkward_names() {
  static const std::vector<std::string> kNames = {
      "blank in name", "plus+sign",    "per%20cent", "percent%", "question?mark", "hash#mark", "amp&er=sand",
      "quote\"d",      "semi;colon",   "comma,here", "ünïcode",  "日本語",        "emoji-🌊",   "back\\slash",
      "tilde~",        "star*(paren)", "a.b..c",     "UPPER",    "upper",         "-dash",     "deep/er/still/it"};
  return kNames;
}

}  // namespace

TEST_CASE("Any range of an object can be read, and a range behind its end is empty") {
  const std::string place = key("ranges");
  const std::string bytes = noise(200000);
  REQUIRE(upload(place, bytes).ok());
  for (const auto& [offset, length] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 1}, {0, 200000}, {1, 199999}, {199999, 1}, {70000, 65536}, {100, 0}, {150000, 999999}, {200000, 5}}) {
    const auto got = read(place, {offset, length});
    INFO(offset << "+" << length << ": " << got.status().message());
    CHECK((got.ok() && *got == bytes.substr(offset, length)));
  }
}

TEST_CASE("A read of an object that was replaced since it was looked at is source_changed") {
  const std::string place = key("swapped");
  REQUIRE(upload(place, noise(5000, 1)).ok());
  const auto origin = store()->origin(place);
  const auto info = wait<ObjectInfo>([&](auto done) { origin->look(done); });
  REQUIRE(info.ok());
  REQUIRE(upload(place, noise(5000, 2)).ok());
  const auto ended = wait<bool>([&](auto done) {
    origin->read(
        *info, 10, 100, [](auto) { return Status(); },
        [done](Status status) { done(status.ok() ? Result<bool>(true) : Result<bool>(std::move(status))); });
  });
  INFO(ended.status().message());
  CHECK(ended.error().kind == Kind::source_changed);
}

TEST_CASE("A reader that says pending gets the same bytes again, and all of them") {
  const std::string place = key("held");
  const std::string bytes = noise(700001);
  REQUIRE(upload(place, bytes).ok());
  const auto origin = store()->origin(place);
  const auto info = wait<ObjectInfo>([&](auto done) { origin->look(done); });
  REQUIRE(info.ok());
  struct Taken {
    std::mutex mutex;
    Origin::Running running;
    std::string bytes;
    int calls = 0;
  };
  auto taken = std::make_shared<Taken>();
  std::unique_lock lock(taken->mutex);
  const auto ended = wait<bool>([&](auto done) {
    taken->running = origin->read(
        *info, 0, info->size,
        [taken](std::span<const std::byte> data) {
          std::lock_guard inside(taken->mutex);
          if (++taken->calls % 2 == 1) {
            Executor::default_pool()->post_after(std::chrono::milliseconds(1), [taken] { taken->running.resume(); });
            return Status::pending();
          }
          taken->bytes.append(reinterpret_cast<const char*>(data.data()), data.size());
          return Status();
        },
        [done](Status status) { done(status.ok() ? Result<bool>(true) : Result<bool>(std::move(status))); });
    lock.unlock();
  });
  INFO(ended.status().message());
  CHECK(ended.ok());
  CHECK(taken->bytes == bytes);
}

TEST_CASE("What is not there is not_found, and removing it is no error") {
  CHECK(store()->head(key("absent")).error().kind == Kind::not_found);
  CHECK(read(key("absent")).error().kind == Kind::not_found);
  if (lists()) CHECK(store()->remove(key("absent")).ok());
}

TEST_CASE("A listing is whole, page by page, and folds what lies below the delimiter") {
  if (!lists()) return left_out("left out: this store cannot list");
  std::vector<std::string> made;
  for (const char* name : {"p/1", "p/2", "p/3", "p/x/1", "p/x/2", "p/y/1", "p/z"}) {
    made.push_back(key(name));
    REQUIRE(upload(made.back(), name).ok());
  }
  REQUIRE(upload(key("q"), "q").ok());
  for (const std::uint32_t limit : {0u, 1u, 2u, 3u}) {
    const auto found = names(key("p/"), limit);
    INFO(limit << ": " << found.status().message());
    REQUIRE(found.ok());
    CHECK(*found == made);
  }
  ListOptions options;
  options.prefix = key("p/");
  options.delimiter = "/";
  const auto folded = store()->list(options);
  INFO(folded.status().message());
  REQUIRE(folded.ok());
  CHECK(folded->common_prefixes == std::vector<std::string>{key("p/x/"), key("p/y/")});
  REQUIRE(folded->objects.size() == 4);
  CHECK(folded->objects[0].key == key("p/1"));
  CHECK(folded->objects[0].size == 3);
  CHECK(folded->objects[0].etag == store()->head(key("p/1"))->etag);
  CHECK(folded->objects[0].modified_unix > 1'700'000'000);
  CHECK(names(key("none/"))->empty());
}

TEST_CASE("Awkward names are kept byte for byte") {
  std::vector<std::string> made;
  for (const std::string& name : awkward_names()) {
    const std::string place = key("awkward/" + name);
    INFO(place);
    if (!store()->check_key(place).ok()) continue;  // declared: the store refuses it in advance
    const auto receipt = upload(place, name);
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(*read(place) == name);
    CHECK(store()->head(place)->size == name.size());
    made.push_back(place);
  }
  CHECK(made.size() + 3 > awkward_names().size());
  if (!lists()) return left_out("left out: this store cannot list");
  auto found = names(key("awkward/"));
  REQUIRE(found.ok());
  std::sort(found->begin(), found->end());
  std::sort(made.begin(), made.end());
  CHECK(*found == made);
}

TEST_CASE("Keys that a store cannot hold are refused by name, before anything is sent") {
  const std::size_t most = store()->abilities().max_key_bytes;
  if (most == 0) return left_out("left out: this store's names have no limit of their own");
  CHECK(store()->check_key(std::string(most, 'k')).ok());
  CHECK(store()->check_key("").failed());
  CHECK(store()->check_key(std::string(most + 1, 'k')).kind() == Kind::limit);
  CHECK(upload(std::string(most + 1, 'k'), "x").error().kind == Kind::limit);
}

TEST_CASE("Many are removed at once, and what was not there does not matter") {
  if (!store()->abilities().removes_many) return left_out("left out: this store removes one by one");
  std::vector<std::string> keys;
  for (int i = 0; i < 12; ++i) {
    keys.push_back(key(fmt::format("many/{} ü", i)));
    if (i != 5) REQUIRE(upload(keys.back(), "x").ok());
  }
  const auto left = store()->remove_many(keys);
  INFO(left.status().message());
  REQUIRE(left.ok());
  CHECK(left->empty());
  CHECK(names(key("many/"))->empty());
}

TEST_CASE("A copy inside the store has the same bytes and content type") {
  if (!store()->abilities().copy) return left_out("left out: this store cannot copy");
  const std::string from = key("copy/from ü.bin");
  const std::string to = key("copy/to & fro.txt");
  ObjectOptions object;
  if (store()->abilities().headers || store()->abilities().content_type) object.content_type = "text/weir";
  REQUIRE(upload(from, "copied", Way::replayed, object).ok());
  const auto made = store()->copy(store()->url(from), to, {});
  INFO(made.status().message());
  REQUIRE(made.ok());
  CHECK(made->size == 6);
  CHECK(*read(to) == "copied");
  if (!object.content_type.empty()) CHECK(store()->head(to)->content_type == "text/weir");
  CHECK(store()->copy(store()->url(key("copy/none")), to, {}).error().kind == Kind::not_found);
  CHECK(store()->copy("elsewhere://a/b", to, {}).error().kind == Kind::unsupported);
}

}  // namespace weir::behaviour
