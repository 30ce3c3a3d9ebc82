// What a server finds of its uploads after an end that nobody wanted.
#include "server/uploads.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "support/temp_dir.hpp"

using namespace weir;
using namespace weir::server;
using test::TempDir;

namespace {

/// The server's thread: tasks run in until() alone.
class HandLoop final : public Executor {
 public:
  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  void post_blocking(Task task) override { Executor::default_pool()->post_blocking(std::move(task)); }
  void post_after(std::chrono::nanoseconds, Task) override {}
  std::size_t concurrency() const noexcept override { return 1; }

  template <class Done>
  void until(Done done) {
    for (int i = 0; i < 20'000 && !done(); ++i) {
      Task task;
      {
        const std::lock_guard lock(mutex_);
        if (!tasks_.empty()) {
          task = std::move(tasks_.front());
          tasks_.pop_front();
        }
      }
      if (task)
        task();
      else
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    REQUIRE(done());
  }

 private:
  std::mutex mutex_;
  std::deque<Task> tasks_;
};

struct World {
  TempDir directory;
  std::shared_ptr<HandLoop> loop = std::make_shared<HandLoop>();
  std::shared_ptr<Uploads> uploads;

  /// A process of its own, as far as the disk is concerned.
  void open(const std::string& boot) {
    if (uploads) loop->until([&] { return uploads->quiet(); });
    uploads.reset();
    Uploads::Setup setup;
    for (int i = 0; i < 2000 && !setup.files; ++i) {  // a thread of the pool may be the last to let go of it
      auto files = UploadFiles::open(directory.path("data"));
      if (files.ok())
        setup.files = *std::move(files);
      else
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    REQUIRE(setup.files);
    setup.known = ledger::ServedUploads::open(directory.path("state"), setup.files->folder()).value();
    setup.loop = loop;
    setup.pool = Executor::default_pool();
    setup.boot = boot;
    uploads = Uploads::open(std::move(setup)).value();
  }
  std::shared_ptr<Upload> create(std::uint64_t length) {
    std::shared_ptr<Upload> made;
    uploads->create({length}, [&](const Result<std::shared_ptr<Upload>>& result) { made = result.value(); });
    loop->until([&] { return made != nullptr; });
    return made;
  }
  void add(const std::shared_ptr<Upload>& upload, const std::string& bytes) {
    const auto appending = upload->take_over([] {}, [](const Status&) {});
    appending->write(Chunk::copy_of(bytes), [] {});
    bool done = false;
    appending->finish([&](const Status& status) { done = status.ok(); });
    loop->until([&] { return done; });
  }
  std::string file_of(const std::string& id) const { return directory.path("data/.weir/" + id); }
  std::uint64_t size_of(const std::string& id) const { return std::filesystem::file_size(file_of(id)); }
  void append_to_file(const std::string& id, std::size_t bytes) const {
    std::ofstream(file_of(id), std::ios::app | std::ios::binary) << std::string(bytes, 'x');
  }
};

}  // namespace

TEST_CASE("what a loss of power has left behind the bytes that last never counts, not after a later kill either") {
  World world;
  world.open("first run");
  const std::string id = world.create(10'000)->id();
  world.add(world.uploads->find(id), std::string(3000, 'a'));
  world.append_to_file(id, 4000);
  world.open("second run");
  CHECK(world.uploads->find(id)->received() == 3000);
  CHECK(world.size_of(id) == 3000);
  world.add(world.uploads->find(id), std::string(500, 'b'));
  world.open("second run");
  CHECK(world.uploads->find(id)->received() == 3500);
}

TEST_CASE("what a kill has left behind the bytes that last counts, as the machine has run on") {
  World world;
  world.open("a run");
  const std::string id = world.create(5000)->id();
  world.add(world.uploads->find(id), std::string(3000, 'a'));
  world.append_to_file(id, 1000);
  world.open("a run");
  CHECK(world.uploads->find(id)->received() == 4000);
  world.append_to_file(id, 4000);  // more than there is to come
  world.open("a run");
  CHECK(world.uploads->find(id)->received() == 5000);
}

TEST_CASE("an upload whose bytes are gone says so, and takes no more") {
  World world;
  world.open("a run");
  const std::string id = world.create(5000)->id();
  world.add(world.uploads->find(id), std::string(3000, 'a'));
  std::filesystem::resize_file(world.file_of(id), 100);
  world.open("a run");
  CHECK(world.uploads->find(id)->record().state == ServedUpload::State::failed);
  CHECK_THAT(world.uploads->find(id)->record().result, Catch::Contains("of 3000 bytes that were safe, 100 are there"));
}
