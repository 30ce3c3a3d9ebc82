// One stream spread over many sinks.
#include "weir/stages/split.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "stages/flow_tools.hpp"
#include "stages/random_stages.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/map.hpp"
#include "weir/stages/memory.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// A sink in memory for each key.
struct Shelves {
  std::map<std::string, std::shared_ptr<std::string>> texts;
  auto by_key() {
    return [this](std::string_view key) -> To {
      return to_memory(texts[std::string(key)] = std::make_shared<std::string>());
    };
  }
  auto by_number() {
    return [this](std::size_t number) -> To {
      return to_memory(texts[std::to_string(number)] = std::make_shared<std::string>());
    };
  }
  std::map<std::string, std::string> all() const {
    std::map<std::string, std::string> all;
    for (const auto& [key, text] : texts) all[key] = *text;
    return all;
  }
};
using Map = std::map<std::string, std::string>;

/// A stage that needs 40 MiB.
std::unique_ptr<Transform> through_large() { return lines({.longest_bytes = 20 * kMiB}); }

std::string first_word(std::string_view line) { return std::string(line.substr(0, line.find(' '))); }

Result<Receipt> run(const std::string& text, std::unique_ptr<Sink> sink, JobOptions options = {}) {
  return start(memory(text) | lines() | std::move(sink), std::move(options)).wait();
}

/// Lines of `keys` keys in turn, each of some length.
std::string mixed(std::size_t bytes, unsigned keys) {
  std::string text;
  for (unsigned i = 0; text.size() < bytes; ++i)
    text += fmt::format("k{} {}\n", i * 7919 % keys, std::string(i * 31 % 120, 'x'));
  return text;
}
Map plainly(const std::string& text) {
  Map map;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = cut_line(rest);
    map[first_word(without_end(line))] += line;
  }
  return map;
}

}  // namespace

TEST_CASE("Each line goes to the sink of its key, in order, and the receipt names them all") {
  Shelves shelves;
  const auto receipt = run("a 1\nb 2\na 3\r\nc 4", split_by(first_word, shelves.by_key()));
  REQUIRE(receipt.ok());
  CHECK(shelves.all() == Map{{"a", "a 1\na 3\r\n"}, {"b", "b 2\n"}, {"c", "c 4"}});
  CHECK(receipt->bytes_acked == 16);
  CHECK(receipt->facts.at("a.destination") == "memory:");
  CHECK(receipt->facts.at("b.bytes_stored") == "4");
  Shelves none;
  REQUIRE(run("", split_by(first_word, none.by_key())).ok());
  CHECK(none.all().empty());
}

TEST_CASE("However the lines came and whatever the workers, the sinks get what a plain loop gives") {
  const std::string text = mixed(600'000, 16);
  for (const std::size_t workers : {1, 2, 7}) {
    Shelves shelves;
    JobOptions options;
    options.executor = Executor::make_pool(workers);
    auto source = std::make_unique<PieceSource>(text, 5000, workers == 2, Stutter(5, 10));
    Job job = start(From(std::move(source)) | lines() | split_by(first_word, shelves.by_key()), options);
    job.pause();
    std::this_thread::sleep_for(2ms);
    job.resume();
    REQUIRE(job.wait().ok());
    CHECK((shelves.all() == plainly(text)));
  }
}

TEST_CASE("The first line may be at the front of each sink") {
  Shelves shelves;
  REQUIRE(run("id,x\na 1\nb 2\na 3\n", split_by(first_word, shelves.by_key(), {.header = true})).ok());
  CHECK(shelves.all() == Map{{"a", "id,x\na 1\na 3\n"}, {"b", "id,x\nb 2\n"}});
  Shelves alone;
  REQUIRE(run("id,x\n", split_by(first_word, alone.by_key(), {.header = true})).ok());
  CHECK(alone.all().empty());
  Shelves sized;
  REQUIRE(run("h\naaa\nbbb\nccc\n", split_every(8, sized.by_number(), {.header = true})).ok());
  CHECK(sized.all() == Map{{"1", "h\naaa\nbbb\n"}, {"2", "h\nccc\n"}});
}

TEST_CASE("By size every piece is full, or ends with its last whole line") {
  Shelves bytes;
  REQUIRE(start(memory(std::string("0123456789abcdefghi")) | split_every(8, bytes.by_number())).wait().ok());
  CHECK(bytes.all() == Map{{"1", "01234567"}, {"2", "89abcdef"}, {"3", "ghi"}});
  Shelves whole;
  REQUIRE(start(memory("01234567") | split_every(8, whole.by_number())).wait().ok());
  CHECK(whole.all().size() == 1);
  Shelves of_lines;
  REQUIRE(run("aaa\nbb\nccccccccccccc\ndd\ne", split_every(8, of_lines.by_number())).ok());
  CHECK(of_lines.all() == Map{{"1", "aaa\nbb\n"}, {"2", "ccccccccccccc\n"}, {"3", "dd\ne"}});
}

TEST_CASE("The sink that was used longest ago is closed for another; a key that comes again is an error at its line") {
  Shelves shelves;
  REQUIRE(run("a 1\nb 2\na 3\nc 4\na 5\nd 6\n", split_by(first_word, shelves.by_key(), {.most_open = 2})).ok());
  CHECK(shelves.all() == Map{{"a", "a 1\na 3\na 5\n"}, {"b", "b 2\n"}, {"c", "c 4\n"}, {"d", "d 6\n"}});
  Shelves again;
  const auto receipt = run("a 1\nb 2\nc 3\na 4\n", split_by(first_word, again.by_key(), {.most_open = 2}));
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::limit);
  CHECK(receipt.error().offset == 12);
  CHECK(receipt.error().stage == "split");
  CHECK_THAT(receipt.status().message(), Catch::Contains("\"a\" comes again") && Catch::Contains("2 may be open"));
  CHECK(again.all().at("a") == "a 1\n");  // was whole by then
  CHECK(again.all().at("c").empty());
}

TEST_CASE("A key that cannot be a name is refused, and makes no sink") {
  for (const std::string& key :
       {std::string(), std::string("a/b"), std::string("..\\x"), std::string("."), std::string(".."),
        std::string("a\0b", 3), std::string("a\x1b[2J"), std::string(10'000, 'k')}) {
    Shelves shelves;
    const auto receipt =
        run("ok\nbad\n",
            split_by([&](std::string_view line) { return line == "ok" ? std::string("ok") : key; }, shelves.by_key()));
    REQUIRE_FALSE(receipt.ok());
    CHECK(receipt.error().kind == Kind::invalid_argument);
    CHECK(receipt.error().offset == 3);
    CHECK(shelves.all().size() == 1);
  }
  for (const char* key : {"a", "...", "2026-11-27", "ä b", "-", "a:b"}) CHECK(check_split_key(key).ok());
}

TEST_CASE("What the key's function refuses or throws is told at its line") {
  Shelves shelves;
  const auto key_of = [](std::string_view line) -> Result<std::string> {
    if (line == "bad") return Status(Kind::corrupt, "it has no key");
    if (line == "worse") throw std::runtime_error("no key at all");
    return std::string("k");
  };
  auto receipt = run("x\nx\nbad\n", split_by(key_of, shelves.by_key()));
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::corrupt);
  CHECK(receipt.error().offset == 4);
  receipt = run("x\nx\nworse\n", split_by(key_of, shelves.by_key()));
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::io);
  CHECK_THAT(receipt.status().message(), Catch::Contains("no key at all"));
}

TEST_CASE("The first sink that fails ends all, and is named; so does a function that makes none") {
  const auto failing = [](std::string_view key) -> To {
    if (key == "k3") return to_callback([](const Chunk&) { return Status(Kind::io, "the disk is gone"); });
    return to_callback([](const Chunk&) { return Status(); });
  };
  auto receipt = run(mixed(3'000'000, 5), split_by(first_word, failing));
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::io);
  CHECK_THAT(receipt.status().message(), Catch::Contains("the disk is gone"));
  receipt = run("a\n", split_by(first_word, [](std::string_view) -> To { throw std::runtime_error("none left"); }));
  REQUIRE_FALSE(receipt.ok());
  CHECK_THAT(receipt.status().message(),
             Catch::Contains("cannot make a sink (byte 0)") && Catch::Contains("none left"));
}

TEST_CASE("Every sink may have stages before it, one of which may have had enough") {
  Shelves shelves;
  const auto first_two = [&](std::string_view key) -> To {
    return Through(lines()) | Through(take_lines(2)) |
           To(to_memory(shelves.texts[std::string(key)] = std::make_shared<std::string>()));
  };
  REQUIRE(run(mixed(2'000'000, 3), split_by(first_word, first_two)).ok());
  for (const auto& [key, text] : shelves.all()) CHECK(std::count(text.begin(), text.end(), '\n') == 2);
}

TEST_CASE("The slowest sink holds the others back, in bounded memory") {
  std::atomic<std::size_t> fast{0};
  std::atomic<bool> go{false};
  const auto to = [&](std::string_view key) -> To {
    if (key != "k1") return to_callback([&](const Chunk& chunk) { return fast += chunk.size(), Status(); });
    return to_callback([&](const Chunk&) {
      while (!go) std::this_thread::sleep_for(1ms);
      return Status();
    });
  };
  const std::string text = mixed(1'000'000, 4);
  auto source =
      from_callback([&, left = 40]() mutable -> Result<Chunk> { return left-- > 0 ? Chunk::copy_of(text) : Chunk(); });
  JobOptions options;
  options.budget_bytes = 32 * kMiB;
  Job job = start(std::move(source) | lines() | split_by(first_word, to), options);
  std::this_thread::sleep_for(200ms);
  CHECK(fast < 20'000'000);
  CHECK(job.progress().memory_bytes <= 32 * kMiB);
  go = true;
  CHECK(job.wait().ok());
}

TEST_CASE("A cancel ends every sink, and a pause stops them") {
  std::atomic<int> closed{0};
  std::atomic<std::size_t> written{0};
  const auto to = [&](std::string_view) -> To {
    return to_callback([&](const Chunk& chunk) { return written += chunk.size(), Status(); },
                       [&](bool complete) { return complete ? Status() : (++closed, Status()); });
  };
  const std::string text = mixed(100'000, 4);
  auto endless = from_callback([&]() -> Result<Chunk> { return Chunk::copy_of(text); });
  Job job = start(std::move(endless) | lines() | split_by(first_word, to));
  REQUIRE(soon([&] { return written > 100'000; }));
  job.pause();
  REQUIRE(stands_still([&] { return written.load(); }, 50ms));
  const std::size_t there = written;
  job.resume();
  REQUIRE(soon([&] { return written > there; }));
  job.cancel();
  CHECK(job.wait().error().kind == Kind::cancelled);
  CHECK(closed == 4);
}

TEST_CASE("Memory that cannot hold the sinks is refused with the number that would do") {
  const std::string text = "a\nb\n";
  const SplitOptions options{.most_open = 4, .sink_bytes = 8 * kMiB};
  JobOptions job;
  job.budget_bytes = 16 * kMiB;
  Shelves shelves;
  auto receipt = run(text, split_by(first_word, shelves.by_key(), options), job);
  REQUIRE_FALSE(receipt.ok());
  REQUIRE(receipt.error().kind == Kind::budget_too_small);
  CHECK(shelves.all().empty());  // before the start
  job.budget_bytes = receipt.error().needed_bytes;
  CHECK(run(text, split_by(first_word, shelves.by_key(), options), job).ok());

  // What was not known before is found out with the first.
  const auto large = [&](std::string_view) -> To {
    return through_large() | To(to_memory(std::make_shared<std::string>()));
  };
  job.budget_bytes = 32 * kMiB;
  receipt = run(text, split_by(first_word, large), job);
  REQUIRE_FALSE(receipt.ok());
  REQUIRE(receipt.error().kind == Kind::budget_too_small);
  job.budget_bytes = receipt.error().needed_bytes;
  CHECK(run("a\n", split_by(first_word, large), job).ok());
}

TEST_CASE("Bytes are refused where lines are needed, before anything runs") {
  Shelves shelves;
  const auto receipt = start(memory("a\n") | split_by(first_word, shelves.by_key())).wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::invalid_argument);
  CHECK_THAT(receipt.status().message(), Catch::Contains("split works on lines"));
  CHECK(start(memory("a\n") | split_every(0, shelves.by_number())).wait().error().kind == Kind::invalid_argument);
  CHECK(shelves.all().empty());
}
