#include "through.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include "options.hpp"
#include "text.hpp"
#include "weir/codec/digest.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/core/units.hpp"

namespace weir::cli {

namespace {

/// A word of the text, and where it stands.
struct Word {
  std::string_view text;
  std::size_t column = 0;  ///< from 0
};

struct Parameter {
  Word name;
  Word value;
};

Status wrong(std::string_view text, const Word& word, const std::string& why, const std::string& advice) {
  return pointed_out("through", text, word.column, word.text, why, advice);
}

/// Parameters of one stage, taken out as they are understood.
class Parameters {
 public:
  Parameters(std::string_view text, std::vector<Parameter> given) : text_(text), given_(std::move(given)) {}

  /// Leaves `value` alone where the parameter is not given.
  template <class T>
  Status integer(const char* name, T& value, T least, T most) {
    known_.emplace_back(name);
    const Parameter* parameter = find(name);
    if (parameter == nullptr) return {};
    const std::string_view digits = parameter->value.text;
    T parsed{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
    if (error != std::errc() || end != digits.data() + digits.size() || parsed < least || parsed > most) {
      return wrong(text_, parameter->value, fmt::format("\"{}\" is no {} from {} to {}", digits, name, least, most),
                   {});
    }
    value = parsed;
    return {};
  }
  Status size(const char* name, std::uint64_t& bytes) {
    known_.emplace_back(name);
    const Parameter* parameter = find(name);
    if (parameter == nullptr) return {};
    const auto parsed = parse_size(parameter->value.text);
    if (!parsed) return wrong(text_, parameter->value, parsed.error().cause, {});
    bytes = *parsed;
    return {};
  }
  /// Fails for parameters that nobody asked for.
  Status none_left(const Word& stage) const {
    for (const Parameter& parameter : given_) {
      bool known = false;
      for (const std::string_view name : known_) known = known || name == parameter.name.text;
      if (known) continue;
      std::string has = known_.empty() ? fmt::format("{} takes no parameters.", stage.text)
                                       : fmt::format("{} takes {}.", stage.text, fmt::join(known_, ", "));
      return wrong(text_, parameter.name, fmt::format("{} has no parameter \"{}\"", stage.text, parameter.name.text),
                   has + did_you_mean(parameter.name.text, known_));
    }
    return {};
  }

 private:
  const Parameter* find(std::string_view name) const {
    for (const Parameter& parameter : given_) {
      if (parameter.name.text == name) return &parameter;
    }
    return nullptr;
  }

  std::string_view text_;
  std::vector<Parameter> given_;
  std::vector<std::string_view> known_;
};

using Made = Result<std::unique_ptr<Transform>>;

Made make_zstd(Parameters& parameters) {
  ZstdOptions options;
  WEIR_TRY(parameters.integer("level", options.level, -7, 19));
  WEIR_TRY(parameters.integer<std::size_t>("workers", options.max_workers, 1, 1024));
  if (options.level == 0) options.level = 3;  // as the zstd command reads it
  return zstd(options);
}

Made make_unzstd(Parameters& parameters) {
  UnzstdOptions options;
  WEIR_TRY(parameters.size("max-window", options.max_window_bytes));
  WEIR_TRY(parameters.size("max-output", options.max_output_bytes));
  return unzstd(options);
}

Made digest_tap(std::string_view name) {
  WEIR_ASSIGN(auto digest, make_digest(name));
  return tap(std::move(digest));
}

using Maker = Made (*)(Parameters&);

const std::map<std::string_view, Maker>& makers() {
  static const std::map<std::string_view, Maker> kMakers{
      {"zstd", make_zstd},
      {"unzstd", make_unzstd},
      {"sha256", [](Parameters&) -> Made { return sha256(); }},
      {"sha512", [](Parameters&) -> Made { return digest_tap("sha512"); }},
      {"md5", [](Parameters&) -> Made { return digest_tap("md5"); }},
      {"xxh3_64", [](Parameters&) -> Made { return xxh3_64(); }},
      {"xxh3_128", [](Parameters&) -> Made { return xxh3_128(); }},
      {"crc32c", [](Parameters&) -> Made { return crc32c_digest(); }},
      {"crc64nvme", [](Parameters&) -> Made { return crc64nvme_digest(); }},
  };
  return kMakers;
}

std::vector<std::string_view> stage_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

/// The words between `from` and `to`.
std::vector<Word> words_of(std::string_view text, std::size_t from, std::size_t to) {
  static constexpr std::string_view kSpace = " \t\r\n";
  std::vector<Word> words;
  for (std::size_t at = from; at < to;) {
    if (kSpace.find(text[at]) != std::string_view::npos) {
      ++at;
      continue;
    }
    const std::size_t end = std::min(to, text.find_first_of(kSpace, at));
    words.push_back({text.substr(at, end - at), at});
    at = end;
  }
  return words;
}

Made parse_stage(std::string_view text, std::size_t from, std::size_t to) {
  const std::vector<Word> words = words_of(text, from, to);
  const std::string all = fmt::format("Stages are {}.", fmt::join(stage_names(), ", "));
  if (words.empty()) return wrong(text, {text.substr(std::min(from, text.size()), 0), from}, "a stage is missing", all);
  const Word& name = words.front();
  const auto maker = makers().find(name.text);
  if (maker == makers().end()) {
    return wrong(text, name, fmt::format("there is no stage \"{}\"", name.text),
                 all + did_you_mean(name.text, stage_names()));
  }
  std::vector<Parameter> given;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const Word& word = words[i];
    const std::size_t equals = word.text.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == word.text.size()) {
      return wrong(text, word, fmt::format("\"{}\" is no parameter", word.text),
                   fmt::format("Write parameters as name=value, and '|' between stages: {} level=3 | sha256", "zstd"));
    }
    const Parameter parameter{{word.text.substr(0, equals), word.column},
                              {word.text.substr(equals + 1), word.column + equals + 1}};
    for (const Parameter& other : given) {
      if (other.name.text == parameter.name.text)
        return wrong(text, parameter.name, fmt::format("\"{}\" is given twice", parameter.name.text), {});
    }
    given.push_back(parameter);
  }
  Parameters parameters(text, std::move(given));
  auto made = maker->second(parameters);
  if (!made) return made;
  WEIR_TRY(parameters.none_left(name));
  return made;
}

}  // namespace

std::vector<std::string_view> through_names() { return stage_names(); }

Result<Through> parse_through(std::string_view text) {
  Through through;
  if (words_of(text, 0, text.size()).empty()) return through;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.size(), text.find('|', from));
    WEIR_ASSIGN(auto stage, parse_stage(text, from, to));
    through.transforms.push_back(std::move(stage));
    from = to + 1;
  }
  return through;
}

const std::vector<StageHelp>& through_help() {
  static const std::vector<StageHelp> kHelp{
      {"zstd [level=3] [workers=N]", "compress; levels -7 to 19"},
      {"unzstd [max-output=SIZE] [max-window=SIZE]", "decompress any .zst, within limits"},
      {"sha256, sha512, md5, xxh3_64, xxh3_128, crc32c, crc64nvme", "name the bytes' hash in the result"},
  };
  return kHelp;
}

}  // namespace weir::cli
