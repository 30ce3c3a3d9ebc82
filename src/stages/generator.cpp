#include "weir/stages/generator.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "weir/stages/slices.hpp"

namespace weir {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15u;
constexpr std::size_t kWordBytes = 8;
// Compressible data: blocks that are fresh or one of a few phrases. A phrase costs zstd about 3 of its 64 bytes.
constexpr std::size_t kBlockBytes = 64;
constexpr std::uint64_t kPhrases = 1024;
constexpr double kPhraseCost = 0.047;
constexpr double kMaxRatio = 12.0;

/// splitmix64's output function.
constexpr std::uint64_t mix(std::uint64_t word) noexcept {
  word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
  word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
  return word ^ (word >> 31);
}

void store(std::uint64_t word, std::byte* at) noexcept {
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  std::memcpy(at, &word, kWordBytes);
}

/// Words of the stream of a seed.
struct Words {
  std::uint64_t base;
  std::uint64_t fresh_below;  ///< a block whose draw is below is fresh; UINT64_MAX: all are

  explicit Words(const GeneratorOptions& options) noexcept
      : base(mix(options.seed + kGolden)), fresh_below(UINT64_MAX) {
    if (options.ratio <= 1.0) return;
    const double share = std::clamp((1.0 / options.ratio - kPhraseCost) / (1.0 - kPhraseCost), 0.0, 1.0);
    fresh_below = static_cast<std::uint64_t>(share * 18446744073709549568.0);
  }

  std::uint64_t fresh(std::uint64_t index) const noexcept { return mix(base + index * kGolden); }
  std::uint64_t at(std::uint64_t index) const noexcept {
    if (fresh_below == UINT64_MAX) return fresh(index);
    constexpr std::uint64_t kWordsPerBlock = kBlockBytes / kWordBytes;
    const std::uint64_t block = index / kWordsPerBlock;
    const std::uint64_t draw = mix(~base + block * kGolden);
    if (draw < fresh_below) return fresh(index);
    const std::uint64_t phrase = mix(draw) % kPhrases;
    // Lower-case letters only, so that the phrases look like text.
    const std::uint64_t letters = mix((base ^ kGolden) + phrase * kWordsPerBlock + index % kWordsPerBlock);
    return (letters & 0x0F0F0F0F0F0F0F0Fu) + 0x6161616161616161u;
  }
};

class GeneratorReplay final : public Replay {
 public:
  explicit GeneratorReplay(const GeneratorOptions& options) : options_(options) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into, bool) override {
    if (offset >= options_.bytes) return std::size_t{0};
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), options_.bytes - offset));
    generate(options_, offset, into.first(count));
    return count;
  }
  Status check_unchanged() override { return {}; }

 private:
  const GeneratorOptions options_;
};

class GeneratorSource final : public Source {
 public:
  explicit GeneratorSource(const GeneratorOptions& options) : options_(options) {}
  std::string name() const override { return "generator"; }
  Status describe(Upstream& upstream) override {
    if (!(options_.ratio >= 1.0 && options_.ratio <= kMaxRatio))
      return Status(Kind::invalid_argument, fmt::format("the ratio is from 1 to {}, not {}", kMaxRatio, options_.ratio))
          .during("generate bytes");
    upstream.source = name();
    upstream.exact_bytes = upstream.max_bytes = options_.bytes;
    upstream.replay = std::make_shared<GeneratorReplay>(options_);
    return {};
  }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Chunk> next() override {
    const std::uint64_t left = options_.bytes - position_;
    if (left == 0) {
      space_ = SliceSpace();
      return Chunk();
    }
    WEIR_ASSIGN(auto room, space_.room(*context_, left));
    room = room.first(static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), left)));
    generate(options_, position_, room);
    position_ += room.size();
    return space_.take(room.size());
  }

 private:
  const GeneratorOptions options_;
  const Context* context_ = nullptr;
  SliceSpace space_;
  std::uint64_t position_ = 0;
};

}  // namespace

void generate(const GeneratorOptions& options, std::uint64_t offset, std::span<std::byte> into) noexcept {
  const Words words(options);
  std::uint64_t index = offset / kWordBytes;
  // The ends of a range that are no whole words.
  const auto part = [&](std::size_t skip) {
    std::byte word[kWordBytes];
    store(words.at(index++), word);
    const std::size_t count = std::min(kWordBytes - skip, into.size());
    std::memcpy(into.data(), word + skip, count);
    into = into.subspan(count);
  };
  if (offset % kWordBytes != 0 && !into.empty()) part(static_cast<std::size_t>(offset % kWordBytes));
  const std::size_t whole = into.size() / kWordBytes;
  std::byte* at = into.data();
  if (words.fresh_below == UINT64_MAX) {
    for (std::size_t i = 0; i < whole; ++i) store(words.fresh(index + i), at + i * kWordBytes);
  } else {
    for (std::size_t i = 0; i < whole; ++i) store(words.at(index + i), at + i * kWordBytes);
  }
  index += whole;
  into = into.subspan(whole * kWordBytes);
  if (!into.empty()) part(0);
}

std::unique_ptr<Source> generator(GeneratorOptions options) { return std::make_unique<GeneratorSource>(options); }

}  // namespace weir
