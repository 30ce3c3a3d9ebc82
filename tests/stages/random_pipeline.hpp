// Recipe: a random pipeline as data, so that the same one can be built again, run plainly, and printed.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "stages/plain_functions.hpp"
#include "stages/random_stages.hpp"
#include "weir/codec/digest.hpp"
#include "weir/codec/gzip.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/batch.hpp"
#include "weir/stages/buffered.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/generator.hpp"
#include "weir/stages/map.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/rate_limit.hpp"
#include "weir/stages/timeout.hpp"

namespace weir::test {

struct Recipe {
  enum class Kind { xor_map, keep_odd, twice, recut, digest, compress, decompress, flow };
  struct Step {
    Kind kind;
    std::string digest;  // its name
    int level = 1;
    bool gzip = false;  // compress, decompress: instead of zstd
    unsigned char key = 0;
    std::size_t piece = 1;
    Manner manner;
  };

  unsigned seed = 0;
  GeneratorOptions input;
  enum class From { memory, generator, pieces, reader } from = From::memory;
  enum class Into { memory, collect, callback } into = Into::memory;
  std::size_t piece = 1;
  Manner ends;  // of source and sink
  std::vector<Step> steps;
  std::size_t budget_bytes = kDefaultBudgetBytes;
  std::size_t workers = 1;

  static Recipe random(unsigned seed);
  std::string describe() const;
};

/// Stages that change no byte.
constexpr const char* kFlows[] = {"batch", "batch within", "buffered", "rate_limit", "timeout"};
inline std::unique_ptr<Transform> build_flow(const Recipe::Step& step) {
  switch (step.key % 5) {
    case 0:
      return batch({.bytes = step.piece});
    case 1:
      return batch({.bytes = step.piece, .within = std::chrono::microseconds(step.key)});
    case 2:
      return buffered(step.key % 20);
    case 3:
      return rate_limit(100'000'000);
    default:
      return timeout(std::chrono::seconds(60));
  }
}

inline Recipe::Step random_step(std::mt19937& random, std::vector<bool>& packed, std::vector<std::string>& digests) {
  using Kind = Recipe::Kind;
  Recipe::Step step{};
  step.kind = static_cast<Kind>(random() % 8);
  if (step.kind == Kind::digest && digests.empty()) step.kind = Kind::recut;
  if (step.kind == Kind::decompress && packed.empty()) step.kind = Kind::compress;
  if (step.kind == Kind::compress && packed.size() == 2) step.kind = Kind::recut;
  if (step.kind == Kind::digest) {  // each at most once: facts go by name
    const std::size_t which = random() % digests.size();
    step.digest = digests[which];
    digests.erase(digests.begin() + static_cast<std::ptrdiff_t>(which));
  }
  if (step.kind == Kind::compress) packed.push_back(random() % 2 == 0);
  if (step.kind == Kind::compress || step.kind == Kind::decompress) step.gzip = packed.back();
  if (step.kind == Kind::decompress) packed.pop_back();
  if (step.kind <= Kind::twice) packed.clear();  // what comes is no .zst and no .gz any more
  constexpr int kLevels[] = {-5, 1, 3};
  step.level = kLevels[random() % 3];
  step.key = static_cast<unsigned char>(random());
  step.piece = std::size_t{1000} << random() % 10;
  step.manner = {random() % 4 == 0, random() % 3 == 0, random() % 2 == 0 ? 0u : 20u, static_cast<unsigned>(random())};
  return step;
}

inline Recipe Recipe::random(unsigned seed) {
  std::mt19937 random(seed);
  Recipe recipe;
  recipe.seed = seed;
  constexpr std::size_t kPieces[] = {1, 777, 4096, 65'536, 262'144, 1'048'576};
  recipe.piece = kPieces[random() % 6];
  constexpr std::uint64_t kSizes[] = {2, 5000, 300'000, 2'000'000, 10'000'000};
  recipe.input.bytes = std::min<std::uint64_t>(random() % kSizes[random() % 5], recipe.piece * 3000);
  recipe.input.seed = random();
  recipe.input.ratio = random() % 2 == 0 ? 1.0 : 3.0;
  recipe.from = static_cast<From>(random() % 4);
  recipe.into = static_cast<Into>(random() % 3);
  recipe.ends = {random() % 3 == 0, false, random() % 2 == 0 ? 0u : 10u, static_cast<unsigned>(random())};
  std::vector<bool> packed;  // by gzip or not, the last on top
  std::vector<std::string> digests = {"sha256", "xxh3_64", "xxh3_128", "crc32c", "crc64nvme"};
  for (std::size_t i = random() % 6; i-- > 0;) recipe.steps.push_back(random_step(random, packed, digests));
  constexpr std::size_t kBudgets[] = {8 * kMiB, 16 * kMiB, 24 * kMiB, 40 * kMiB, 64 * kMiB};
  recipe.budget_bytes = kBudgets[random() % 5];
  constexpr std::size_t kWorkers[] = {1, 2, 7};
  recipe.workers = kWorkers[random() % 3];
  return recipe;
}

inline std::string Recipe::describe() const {
  constexpr const char* kFrom[] = {"memory", "generator", "pieces", "reader"};
  constexpr const char* kInto[] = {"memory", "collect", "callback"};
  constexpr const char* kKinds[] = {"xor", "keep_odd", "double", "recut", "", "zstd", "unzstd", ""};
  const auto manner = [](const Manner& m) {
    return fmt::format("{}{}{}", m.blocking ? " blocking" : "", m.heavy ? " heavy" : "",
                       m.stutter != 0 ? " stutters" : "");
  };
  std::string text = fmt::format(
      "WEIR_SEED={} ({} bytes of ratio {}, pieces to {}, ends{}, budget {} MiB, {} workers): {}", seed, input.bytes,
      input.ratio, piece, manner(ends), budget_bytes / kMiB, workers, kFrom[static_cast<int>(from)]);
  for (const Step& step : steps) {
    std::string name = step.kind == Kind::digest ? step.digest : kKinds[static_cast<int>(step.kind)];
    if (step.gzip) name = step.kind == Kind::compress ? "gzip" : "gunzip";
    text += " | " + name;
    if (step.kind == Kind::compress) text += fmt::format(" {}", step.level);
    if (step.kind == Kind::recut) text += fmt::format(" {}", step.piece);
    if (step.kind == Kind::flow) text += kFlows[step.key % 5];
    text += manner(step.manner);
  }
  return text + " | " + kInto[static_cast<int>(into)];
}

inline std::string input_of(const Recipe& recipe) {
  std::string text(recipe.input.bytes, '\0');
  generate(recipe.input, 0, std::as_writable_bytes(std::span(text)));
  return text;
}

inline std::unique_ptr<Source> build_source(const Recipe& recipe) {
  if (recipe.from == Recipe::From::memory) return memory(input_of(recipe));
  if (recipe.from == Recipe::From::generator) return generator(recipe.input);
  if (recipe.from == Recipe::From::pieces)
    return std::make_unique<PieceSource>(input_of(recipe), recipe.piece, recipe.ends.blocking,
                                         Stutter(recipe.ends.seed, recipe.ends.stutter));
  CallbackOptions options;
  options.blocking = recipe.ends.blocking;
  auto read = [text = input_of(recipe), piece = recipe.piece, done = std::size_t{0},
               random = std::mt19937(recipe.ends.seed)](std::span<std::byte> into) mutable -> Result<std::size_t> {
    const std::size_t count = std::min({into.size(), 1 + random() % piece, text.size() - done});
    if (count > 0) std::memcpy(into.data(), text.data() + done, count);
    done += count;
    return count;
  };
  return from_reader(std::move(read), std::move(options));
}

/// Fast ones, of zstd's.
inline int gzip_level(int zstd_level) { return zstd_level == 3 ? 4 : 1; }

inline Status keep_odd(const Chunk& chunk, Emit& out) {
  out(Chunk::copy_of(plain_keep_odd(chunk.text())));
  return {};
}

inline std::unique_ptr<Transform> build_step(const Recipe::Step& step) {
  using Kind = Recipe::Kind;
  switch (step.kind) {
    case Kind::xor_map:
      return map([key = step.key](Chunk chunk) { return Chunk::copy_of(plain_xor(std::string(chunk.text()), key)); });
    case Kind::keep_odd: {
      CallbackOptions options;
      options.blocking = step.manner.blocking;
      return through_callback(keep_odd, {}, std::move(options));
    }
    case Kind::twice:
      return std::make_unique<Double>(step.manner);
    case Kind::recut:
      return std::make_unique<Recut>(step.piece, step.manner);
    case Kind::digest:
      return tap(std::move(make_digest(step.digest)).value());
    case Kind::compress: {
      if (step.gzip) return gzip({.level = gzip_level(step.level)});
      ZstdOptions options;
      options.level = step.level;
      return zstd(options);
    }
    case Kind::decompress:
      return step.gzip ? gunzip() : unzstd();
    case Kind::flow:
      return build_flow(step);
  }
  return nullptr;
}

inline std::unique_ptr<Sink> build_sink(const Recipe& recipe, const std::shared_ptr<std::string>& into) {
  if (recipe.into == Recipe::Into::memory) return to_memory(into);
  if (recipe.into == Recipe::Into::collect)
    return std::make_unique<CollectSink>(into, recipe.ends.blocking,
                                         Stutter(recipe.ends.seed + 1, recipe.ends.stutter));
  CallbackOptions options;
  options.blocking = recipe.ends.blocking;
  return to_callback(
      [into](const Chunk& chunk) {
        into->append(chunk.text());
        return Status();
      },
      [into](bool complete) {
        if (!complete) into->clear();
        return Status();
      },
      std::move(options));
}

inline Pipeline build(const Recipe& recipe, const std::shared_ptr<std::string>& into,
                      const std::shared_ptr<std::shared_ptr<Budget>>& budget) {
  From from(build_source(recipe));
  const std::size_t tapped = recipe.seed % (recipe.steps.size() + 1);
  for (std::size_t i = 0; i <= recipe.steps.size(); ++i) {
    if (i == tapped) from = std::move(from) | Through(std::make_unique<BudgetTap>(budget));
    if (i < recipe.steps.size()) from = std::move(from) | Through(build_step(recipe.steps[i]));
  }
  return std::move(from) | To(build_sink(recipe, into));
}

/// What a recipe must give: bytes, and digests by name.
struct Expected {
  std::string bytes;
  Facts facts;
};

/// The bytes of a codec at a level are its own: here they come from the plainest pipeline that makes them, and its
/// library must read the text from them.
inline std::string reference_packed(const std::string& text, const Recipe::Step& step, bool& ok) {
  auto into = std::make_shared<std::string>();
  JobOptions job;
  job.executor = Executor::make_pool(1);
  ok = start(memory(text) | Through(build_step(step)) | to_memory(into), std::move(job)).wait().ok();
  bool readable = false;
  ok = ok && plain_unpacked(*into, step.gzip, readable) == text && readable;
  return *into;
}

/// Runs the recipe's steps as plain functions; `ok` false if even these contradict each other.
inline Expected run_plainly(const Recipe& recipe, bool& ok) {
  using Kind = Recipe::Kind;
  Expected result{input_of(recipe), {}};
  std::string& bytes = result.bytes;
  ok = true;
  for (const Recipe::Step& step : recipe.steps) {
    bool fine = true;
    if (step.kind == Kind::xor_map) bytes = plain_xor(bytes, step.key);
    if (step.kind == Kind::keep_odd) bytes = plain_keep_odd(bytes);
    if (step.kind == Kind::twice) bytes = plain_double(bytes);
    if (step.kind == Kind::digest) result.facts[step.digest] = plain_digest(step.digest, bytes);
    if (step.kind == Kind::compress) bytes = reference_packed(bytes, step, fine);
    if (step.kind == Kind::decompress) bytes = plain_unpacked(bytes, step.gzip, fine);
    ok = ok && fine;
  }
  return result;
}

}  // namespace weir::test
