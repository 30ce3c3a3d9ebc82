// A producer that cannot begin again, and what a kill of its process leaves: its own memory of what it may have to give
// once more, the state directory, and the store.
#pragma once

#include <filesystem>

#include "resume_world.hpp"
#include "weir/stages/callback.hpp"

namespace weir::test {

/// Gives its bytes in pieces and forgets those that it gave before it was asked for more.
struct Producer {
  std::string bytes;
  std::size_t piece = 50'001;
  std::atomic<std::size_t> at{0};
  std::size_t forgotten = 0;              ///< before this it cannot go on
  std::vector<std::uint64_t> asked = {};  ///< from where to go on
  std::function<Status()> before_each = [] { return Status(); };

  CallbackOptions options() {
    CallbackOptions options;
    options.name = "sensor";
    options.stream = "sensor 7";
    options.go_on_from = [this](std::uint64_t offset) -> Status {
      asked.push_back(offset);
      if (offset < forgotten || offset > bytes.size()) return Status(Kind::unsupported, "it is not there any more");
      at = static_cast<std::size_t>(offset);
      return {};
    };
    return options;
  }
  std::unique_ptr<Source> source() {
    return from_callback(
        [this]() -> Result<Chunk> {
          forgotten = at;
          WEIR_TRY(before_each());
          const std::string next = bytes.substr(at, piece);
          at += next.size();
          return Chunk::copy_of(next);
        },
        options());
  }
};

struct ProducerWorld : ResumeWorld {
  static constexpr std::uint64_t kSpool = 2 * kMiB;
  Producer producer{sample_bytes(40 * kPart - 77)};  // several times around the spool

  ProducerWorld() {
    from = [this] { return From(producer.source()); };
  }
  UploadOptions options() const {
    UploadOptions options = ResumeWorld::options();
    options.spool_bytes = kSpool;
    return options;
  }
  Result<Receipt> upload() { return run(options()).wait(); }
  std::vector<std::string> spools() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(state)) {
      if (entry.path().filename().string().starts_with("spool-")) found.push_back(entry.path());
    }
    return found;
  }

  /// All that survives if the process dies now. To be called while the producer gives nothing: then the spool stands
  /// still, and that the ledger and the store are looked at a little later is as if the kill had come then.
  struct Kill {
    TempDir state;
    MemoryTarget::Image store;
    std::size_t forgotten = 0;
  };
  std::shared_ptr<Kill> kill_now() const {
    auto kill = std::make_shared<Kill>();
    kill->forgotten = producer.forgotten;
    for (const std::string& spool : spools()) copy_into(spool, kill->state.root());
    for (const char* name : {"/ledger.sqlite", "/ledger.sqlite-wal"}) copy_into(state + name, kill->state.root());
    kill->store = target->image();
    return kill;
  }
  /// In a folder of its own: the ledger of the life before may still be open, and takes the files of its name with it.
  void come_back(const Kill& kill) {
    ledger.reset();
    state += "'";
    std::filesystem::create_directory(state);
    std::filesystem::permissions(state, std::filesystem::perms::owner_all);
    for (const auto& entry : std::filesystem::directory_iterator(kill.state.root())) {
      copy_into(entry.path(), state);
    }
    target->settle();
    target->restore(kill.store);
    target->parts_put = 0;
    producer.forgotten = kill.forgotten;
    producer.asked.clear();
    ledger = open();
  }
  void is_whole(const Result<Receipt>& receipt) {
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_stored == producer.bytes.size());
    CHECK(receipt->checksum_verified);
    CHECK(receipt->bytes_read + receipt->bytes_skipped == producer.bytes.size());
    target->settle();
    CHECK((target->object() == producer.bytes));
    CHECK(target->open_uploads() == 0);
    CHECK(ledger->jobs()->empty());
    CHECK(spools().empty());
  }

 private:
  static void copy_into(const std::filesystem::path& file, const std::filesystem::path& directory) {
    std::filesystem::copy_file(file, directory / file.filename(), std::filesystem::copy_options::overwrite_existing);
  }
};

}  // namespace weir::test
