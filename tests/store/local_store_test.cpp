// A directory as a store: what the behaviour suite cannot ask of every store.
#include "store/local_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "platform/faulting.hpp"
#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/memory.hpp"
#include "weir/transfer/upload.hpp"

using namespace weir;
using test::TempDir;
namespace fs = std::filesystem;

namespace {

/// All keys, page by page; "!" in front of what was left out.
std::vector<std::string> keys(Store& store, const std::string& prefix = "", std::uint32_t limit = 0) {
  std::vector<std::string> found;
  ListOptions options;
  options.prefix = prefix;
  options.limit = limit;
  do {
    const auto page = store.list(options);
    INFO(page.status().message());
    REQUIRE(page.ok());
    for (const ListedObject& object : page->objects) found.push_back(object.key);
    for (const NotListed& other : page->left_out) found.push_back("!" + other.key);
    options.token = page->next_token;
  } while (!options.token.empty());
  return found;
}

Result<Receipt> put(Store& store, const std::string& key, const std::string& text) {
  return start(memory(text) | upload_to(store.target(key, {}))).wait();
}

void make(const TempDir& directory, const std::string& name, const std::string& text = "x") {
  fs::create_directories(fs::path(directory.path(name)).parent_path());
  directory.write(name, text);
}

}  // namespace

TEST_CASE("a directory is listed in the order of the keys' bytes, whatever the pages") {
  TempDir directory;
  std::vector<std::string> made{"a", "a b", "a-b", "a.c/x", "a/b/c", "a/b.c", "aa", "b/1", "b/2", "b/3/4", "z"};
  made[0] = "a+";  // "a" itself is a directory
  for (const std::string& name : made) make(directory, name);
  std::sort(made.begin(), made.end());
  const auto store = local_store(directory.root());
  for (const std::uint32_t limit : {0u, 1u, 2u, 3u, 7u}) {
    INFO(limit);
    CHECK(keys(*store, "", limit) == made);
    CHECK(keys(*store, "a/", limit) == std::vector<std::string>{"a/b.c", "a/b/c"});
    CHECK(keys(*store, "a/b", limit) == std::vector<std::string>{"a/b.c", "a/b/c"});
    CHECK(keys(*store, "b/3", limit) == std::vector<std::string>{"b/3/4"});
  }
  CHECK(keys(*store, "none/").empty());
  CHECK(keys(*store, "z/").empty());
  CHECK(keys(*store, "../").empty());
  CHECK(keys(*store, "/").empty());
  CHECK(local_store(directory.path("none"))->list({}).error().kind == Kind::not_found);
}

TEST_CASE("a listing goes on behind its token also where another one came between, and where files went") {
  TempDir directory;
  for (const char* name : {"a/1", "a/2", "b/1", "b/2", "c"}) make(directory, name);
  const auto store = local_store(directory.root());
  ListOptions options;
  options.limit = 2;
  const auto first = store->list(options);
  REQUIRE(first.ok());
  CHECK(keys(*store, "b/").size() == 2);
  fs::remove(directory.path("a/2"));
  fs::remove(directory.path("b/1"));
  options.token = first->next_token;
  const auto second = store->list(options);
  REQUIRE(second.ok());
  REQUIRE(second->objects.size() == 2);
  CHECK(second->objects[0].key == "b/2");
  CHECK(second->objects[1].key == "c");
}

TEST_CASE("links, devices and files that are being written are no objects, and are left out by name") {
  TempDir outside;
  outside.write("secret", "secret");
  TempDir directory;
  make(directory, "real");
  make(directory, ".real.abcdefgh.weir-part");
  fs::create_symlink(outside.path("secret"), directory.path("link"));
  fs::create_symlink(outside.root(), directory.path("linked"));
  fs::create_symlink(".", directory.path("loop"));
  REQUIRE(::mkfifo(directory.path("pipe").c_str(), 0600) == 0);
  const auto store = local_store(directory.root());
  CHECK(keys(*store) == std::vector<std::string>{"real", "!link", "!linked", "!loop", "!pipe"});
  CHECK(store->head("link").error().kind == Kind::invalid_argument);
  CHECK(store->head("linked/secret").error().kind == Kind::invalid_argument);
  CHECK(store->head("pipe").error().kind == Kind::invalid_argument);
}

TEST_CASE("nothing outside the directory is read, written or removed by any key") {
  TempDir outside;
  outside.write("file", "kept");
  TempDir directory;
  fs::create_symlink(outside.root(), directory.path("out"));
  fs::create_symlink(outside.path("file"), directory.path("link"));
  const auto store = local_store(directory.root());
  for (const std::string& key : {std::string("../x"), outside.path("file"), std::string("a/../../x"),
                                 std::string("out/file"), std::string("out/new"), std::string("a//b"),
                                 std::string("./a"), std::string("a/."), std::string("a/"), std::string("z\0z", 3)}) {
    INFO(key);
    const auto receipt = put(*store, key, "overwritten");
    CHECK_FALSE(receipt.ok());
    CHECK(receipt.error().kind == Kind::invalid_argument);
    CHECK(store->head(key).error().kind == Kind::invalid_argument);
    CHECK_FALSE(store->remove(key).ok());
  }
  CHECK(test::read_file(outside.path("file")) == "kept");
  CHECK(outside.names() == std::vector<std::string>{"file"});
  // A link in a file's place is replaced itself.
  CHECK(put(*store, "link", "mine").ok());
  CHECK(test::read_file(directory.path("link")) == "mine");
  CHECK_FALSE(fs::is_symlink(directory.path("link")));
  CHECK(test::read_file(outside.path("file")) == "kept");
}

TEST_CASE("a directory that becomes a link between the look and the write leads nowhere else") {
  TempDir outside;
  TempDir directory;
  fs::create_directories(directory.path("a"));
  const auto store = local_store(directory.root());
  platform::ScopedFaults faults;
  faults.before(platform::Call::pwrite, 1, [&] {
    fs::rename(directory.path("a"), directory.path("moved"));
    fs::create_symlink(outside.root(), directory.path("a"));
  });
  CHECK(put(*store, "a/file", "text").ok());
  CHECK(outside.names().empty());
  CHECK(test::read_file(directory.path("moved/file")) == "text");
}

TEST_CASE("a file is no directory, and a directory no file") {
  TempDir directory;
  make(directory, "a");
  make(directory, "b/c");
  const auto store = local_store(directory.root());
  CHECK(put(*store, "a/b", "x").error().kind == Kind::invalid_argument);
  CHECK(put(*store, "b", "x").error().kind == Kind::invalid_argument);
  CHECK(store->head("b").error().kind == Kind::not_found);
  CHECK(test::read_file(directory.path("a")) == "x");
  CHECK(test::read_file(directory.path("b/c")) == "x");
}

TEST_CASE("the first write makes the root and the directories above a file, and a failure leaves no temporary file") {
  TempDir directory;
  const auto store = local_store(directory.path("new/store"));
  REQUIRE(put(*store, "a/b/c", "text").ok());
  CHECK(test::read_file(directory.path("new/store/a/b/c")) == "text");
  CHECK(keys(*store) == std::vector<std::string>{"a/b/c"});
  platform::ScopedFaults faults;
  faults.fail(platform::Call::fdatasync, 1, EIO);
  CHECK_FALSE(put(*store, "a/b/d", "text").ok());
  CHECK(keys(*store) == std::vector<std::string>{"a/b/c"});
  CHECK(faults.open_descriptors() <= 1);  // the root's own
}

TEST_CASE("any call that fails on the way to a file is an error that names the file") {
  for (std::uint64_t n = 1;; ++n) {
    TempDir directory;
    const auto store = local_store(directory.path("root"));
    platform::ScopedFaults faults;
    faults.fail_any(n, EIO);
    const auto receipt = put(*store, "a/b", "text");
    if (faults.fired() == 0) break;
    INFO(n << ": " << receipt.status().message());
    if (!receipt.ok()) CHECK(receipt.status().message().find("/proc/") == std::string::npos);
    if (fs::exists(directory.path("root/a/b"))) CHECK(test::read_file(directory.path("root/a/b")) == "text");
  }
}

TEST_CASE("a directory that may not be read is left out, and the rest is listed") {
  TempDir directory;
  make(directory, "a/1");
  make(directory, "b/2");
  make(directory, "c");
  const auto store = local_store(directory.root());
  platform::ScopedFaults faults;
  faults.fail(platform::Call::read_directory, 3, EIO);  // two for the root: entries and end
  CHECK(keys(*store) == std::vector<std::string>{"b/2", "c", "!a/"});
}
