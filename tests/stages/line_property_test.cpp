// Random compositions of stages on lines against plain loops. Each failure prints "WEIR_SEED=N"; with that in the
// environment only that one runs, twenty times.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "stages/random_stages.hpp"
#include "weir/codec/gzip.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/batch.hpp"
#include "weir/stages/buffered.hpp"
#include "weir/stages/concat.hpp"
#include "weir/stages/grep.hpp"
#include "weir/stages/line_functions.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/parallel.hpp"
#include "weir/stages/progress_tap.hpp"
#include "weir/stages/rate_limit.hpp"
#include "weir/stages/split.hpp"
#include "weir/stages/tee.hpp"
#include "weir/stages/timeout.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// The lines of `text`, their ends included.
std::vector<std::string> cut(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  return lines;
}
std::string bare(std::string line) {
  if (line.ends_with('\n')) line.pop_back();
  if (line.ends_with('\r')) line.pop_back();
  return line;
}
std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) found.emplace_back(line.substr(at, end - at));
    at = end + 1;
  }
  return found;
}

/// What a step does to a text, and the stages that do it to a stream of lines.
struct LineStep {
  std::string told;
  std::function<std::string(const std::string&)> plainly;
  std::function<Through()> stages;
};

/// Of each line, as `change` says.
LineStep by_line(std::string told, std::function<std::string(const std::string& line)> change,
                 std::function<Through()> stages) {
  auto plainly = [change = std::move(change)](const std::string& text) {
    std::string out;
    for (const std::string& line : cut(text)) out += change(line);
    return out;
  };
  return {std::move(told), std::move(plainly), std::move(stages)};
}

LineStep random_line_step(std::mt19937& random) {
  const std::string needle = std::vector<std::string>{"a", "ab", "b c", "zz", ""}[random() % 5];
  const std::size_t count = random() % 3 == 0 ? random() % 5 : random() % 3000;
  const auto has = [needle](std::string_view line) { return line.find(needle) != std::string_view::npos; };
  switch (random() % 16) {
    case 0:
      return by_line(
          "grep " + needle, [=](auto& line) { return has(bare(line)) ? line : ""; },
          [=] { return Through(grep(needle)); });
    case 1:
      return by_line(
          "grep invert " + needle, [=](auto& line) { return has(bare(line)) ? "" : line; },
          [=] { return Through(grep(needle, {.invert = true, .regex = check_grep(needle, {.regex = true}).ok()})); });
    case 2:
      return by_line(
          "filter " + needle, [=](auto& line) { return has(bare(line)) ? line : ""; },
          [=]() -> Through { return filter([=](Slice line) { return has(line); }); });
    case 3:
      return by_line(
          "map", [](auto& line) { return "<" + bare(line) + ">\n"; },
          []() -> Through { return map([](Slice line) { return fmt::format("<{}>", std::string_view(line)); }); });
    case 4:
      return by_line(
          "words+length",
          [](auto& line) {
            std::string out;
            for (const std::string& word : words(bare(line))) out += fmt::format("{} {}\n", word, word.size());
            return out;
          },
          []() -> Through {
            return flat_map([](Slice line) { return words(line); }) |
                   map([](const std::string& word) { return fmt::format("{} {}", word, word.size()); });
          });
    case 5:
      return {fmt::format("take {}", count),
              [=](const std::string& text) {
                const auto all = cut(text);
                std::string out;
                for (std::size_t i = 0; i < std::min(count, all.size()); ++i) out += all[i];
                return out;
              },
              [=] { return Through(take_lines(count)); }};
    case 6:
      return {fmt::format("skip {}", count),
              [=](const std::string& text) {
                const auto all = cut(text);
                std::string out;
                for (std::size_t i = count; i < all.size(); ++i) out += all[i];
                return out;
              },
              [=] { return Through(skip_lines(count)); }};
    // Stages that change no byte, wherever they stand.
    case 7:
      return {fmt::format("batch {}", count % 50), [](const std::string& text) { return text; },
              [=] { return Through(batch({.lines = count % 50, .bytes = 64 * kKiB})); }};
    case 8:
      return {"batch within", [](const std::string& text) { return text; },
              [] { return Through(batch({.bytes = 64 * kKiB, .within = 200us})); }};
    case 9:
      return {fmt::format("buffered {}", count % 9), [](const std::string& text) { return text; },
              [=] { return Through(buffered(count % 9)); }};
    case 10:
      return {"rate_limit | timeout | progress_tap", [](const std::string& text) { return text; },
              [] {
                return Through(rate_limit(100'000'000)) | Through(timeout(60s)) |
                       Through(progress_tap([](std::uint64_t) {}, 1ms));
              }};
    case 11:
      return by_line(
          "parallel filter+map " + needle, [=](auto& line) { return has(bare(line)) ? "<" + bare(line) + ">\n" : ""; },
          [=] {
            return Through(parallel([=] {
              return filter([=](const Slice& line) { return has(line); }) |
                     map([](Slice line) { return fmt::format("<{}>", std::string_view(line)); });
            }));
          });
    case 12:
      return by_line(
          "parallel grep " + needle, [=](auto& line) { return has(bare(line)) ? line : ""; },
          [=] { return Through(parallel([=] { return grep(needle); }, {.max_workers = 1 + count % 4})); });
    case 13:
      return {"zstd | unzstd | lines", [](const std::string& text) { return text; },
              [] {
                return Through(zstd({.level = 1})) | Through(unzstd()) | Through(lines({.longest_bytes = 64 * kKiB}));
              }};
    case 14:
      return {"gzip | gunzip | lines", [](const std::string& text) { return text; },
              [] {
                return Through(gzip({.level = 1})) | Through(gunzip()) | Through(lines({.longest_bytes = 64 * kKiB}));
              }};
    default:
      return {fmt::format("skip bytes {} | lines", count),
              [=](const std::string& text) { return count < text.size() ? text.substr(count) : ""; },
              [=] { return Through(skip_bytes(count)) | Through(lines({.longest_bytes = 64 * kKiB})); }};
  }
}

std::string random_text(std::mt19937& random) {
  constexpr std::size_t kSizes[] = {0, 30, 3000, 300'000, 3'000'000};
  const std::size_t size = kSizes[random() % 5];
  const unsigned longest = std::vector<unsigned>{3, 40, 5000}[random() % 3];
  std::string text;
  while (text.size() < size) {
    for (std::size_t length = random() % longest; length > 0; --length) text += "abcz  "[random() % 6];
    text += random() % 4 == 0 ? "\r\n" : "\n";
  }
  if (random() % 2 == 0 && !text.empty()) text.pop_back();  // a last line without its end
  return text;
}

void run_one(unsigned seed) {
  std::mt19937 random(seed);
  const std::string text = random_text(random);
  const std::size_t piece = std::min<std::size_t>(std::size_t{1} << random() % 20, 1 + text.size());
  const std::size_t least_piece = text.size() / 3000 + 1;  // pieces of one byte are for small texts
  std::string expected = text;
  std::string told = fmt::format("WEIR_SEED={}: {} bytes in pieces to {} | lines", seed, text.size(), piece);
  Through through(lines({.longest_bytes = 64 * kKiB}));
  for (std::size_t steps = random() % 5; steps > 0; --steps) {
    const LineStep step = random_line_step(random);
    told += " | " + step.told;
    expected = step.plainly(expected);
    through.append(step.stages());
  }
  const bool counted = random() % 3 == 0;
  if (counted) {
    expected = fmt::format("{}\n", cut(expected).size());
    through.append(Through(count_lines()));
  }
  const bool spread = random() % 4 == 0;
  const bool branches = !spread && random() % 3 == 0;
  const std::size_t at = random() % 3 == 0 ? random() % (text.size() + 1) : 0;  // two sources, one behind the other
  const auto one = std::make_shared<std::string>();
  const auto two = std::make_shared<std::string>();
  INFO(told << (at > 0 ? " (concat)" : "") << (counted ? " | count" : "")
            << (branches ? " | tee"
                : spread ? " | split"
                         : ""));
  JobOptions options;
  constexpr std::size_t kWorkers[] = {1, 2, 7};
  options.executor = Executor::make_pool(kWorkers[random() % 3]);
  options.budget_bytes = (branches || spread ? 40 : 24) * kMiB;
  const auto source_of = [&](std::string its) {
    return std::make_unique<PieceSource>(std::move(its), std::max(piece, least_piece), random() % 3 == 0,
                                         Stutter(seed, random() % 2 == 0 ? 0 : 20));
  };
  std::vector<std::unique_ptr<Source>> sources;
  if (at > 0) sources.push_back(source_of(text.substr(0, at)));
  sources.push_back(source_of(text.substr(at)));
  std::map<std::string, std::shared_ptr<std::string>> places;
  const auto key_of = [](std::string_view line) { return std::to_string(line.size() % 5); };
  To sink = branches ? To(tee(to_memory(one), to_memory(two)))
            : spread ? To(split_by(key_of,
                                   [&](std::string_view key) -> To {
                                     return to_memory(places[std::string(key)] = std::make_shared<std::string>());
                                   },
                                   {.most_open = 5}))
                     : To(to_memory(one));
  Pipeline pipeline = From(concat(std::move(sources))) | std::move(through) | std::move(sink);
  if (const auto plan = make_plan(pipeline, options.budget_bytes, options.executor->concurrency()); !plan.ok()) {
    REQUIRE(plan.error().kind == Kind::budget_too_small);
    options.budget_bytes = plan.error().needed_bytes;
  }
  Job job = start(std::move(pipeline), options);
  if (random() % 3 == 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 2000));
    job.pause();
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 1000));
    job.resume();
  }
  const auto receipt = job.wait_for(60s);
  REQUIRE(receipt);
  INFO(receipt->status().message());
  REQUIRE(receipt->ok());
  if (spread) {
    std::map<std::string, std::string> expected_places;
    for (const std::string& line : cut(expected)) expected_places[key_of(bare(line))] += line;
    REQUIRE(places.size() == expected_places.size());
    for (const auto& [key, text] : expected_places) REQUIRE((*places.at(key) == text));
    return;
  }
  REQUIRE((*one == expected));
  if (branches) REQUIRE((*two == expected));
}

}  // namespace

TEST_CASE("any composition of stages on lines gives what plain loops give", "[property]") {
  if (const char* asked = std::getenv("WEIR_SEED"); asked != nullptr) {
    for (int i = 0; i < 20; ++i) run_one(static_cast<unsigned>(std::strtoul(asked, nullptr, 10)));
    return;
  }
  std::random_device device;
  const auto end = std::chrono::steady_clock::now() + property_time(6s);
  for (int count = 0; count < 3 || std::chrono::steady_clock::now() < end; ++count) run_one(device() % 1'000'000'000u);
}
