#include "abi/hint.hpp"

#include <unistd.h>

#include <cctype>
#include <climits>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>

namespace weir::abi {

namespace {

/// A URL that is signed, or has a user's name in it, is a key. Of the schemes that are known to have no query, what
/// looks like one is a part of the name.
bool may_hold_secret(const std::string& text) {
  bool any = false;
  bool queries = false;
  for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && std::isalnum(static_cast<unsigned char>(text[begin - 1])) != 0) --begin;
    const std::string_view scheme = std::string_view(text).substr(begin, at - begin);
    any = true;
    queries = queries || (scheme != "s3" && scheme != "vercel" && scheme != "file");
  }
  return (queries && text.find('?') != std::string::npos) ||
         (any && text.find('@', text.find("://")) != std::string::npos);
}

std::string working_directory() {
  char here[PATH_MAX];
  return ::getcwd(here, sizeof here) == nullptr ? std::string() : std::string(here);
}

/// In the form of the hints that `weir cp` writes, which says that no command began it ("arguments" is empty).
std::string hint_of(std::initializer_list<std::pair<const char*, std::string>> call, const JobSettings& settings) {
  if (settings.of_part()) return {};
  nlohmann::json json;
  for (const auto& [name, value] : call) {
    if (may_hold_secret(value)) return {};
    json["call"][name] = value;
  }
  json["directory"] = working_directory();
  json["arguments"] = nlohmann::json::array();
  json["call"]["content_type"] = settings.object.content_type;
  json["call"]["metadata"] = settings.object.metadata;
  json["call"]["no_clobber"] = settings.object.no_clobber;
  json["call"]["part_bytes"] = settings.part_bytes;
  try {
    return json.dump();
  } catch (const nlohmann::json::exception&) {
    return {};  // not UTF-8
  }
}

}  // namespace

std::string hint_of_pipeline(const std::string& text, const JobSettings& settings) {
  return hint_of({{"pipeline", text}}, settings);
}

std::string hint_of_copy(const std::string& source, const std::string& destination, const JobSettings& settings) {
  return hint_of({{"source", source}, {"destination", destination}, {"through", settings.through}}, settings);
}

Result<KnownCall> read_hint(const std::string& hint) {
  const Status unknown = Status(Kind::unsupported, "how it was started is not recorded")
                             .advise("Make the same call, or run the same command, again: it goes on by itself.");
  const auto json = nlohmann::json::parse(hint, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("call") || !json["call"].is_object()) return unknown;
  try {
    const auto& call = json["call"];
    KnownCall known;
    known.directory = json.value("directory", "");
    known.pipeline = call.value("pipeline", "");
    known.source = call.value("source", "");
    known.destination = call.value("destination", "");
    known.through = call.value("through", "");
    known.object.content_type = call.value("content_type", "");
    known.object.metadata = call.value("metadata", std::map<std::string, std::string>());
    known.object.no_clobber = call.value("no_clobber", false);
    known.part_bytes = call.value("part_bytes", std::uint64_t{0});
    if (known.pipeline.empty() && (known.source.empty() || known.destination.empty())) return unknown;
    return known;
  } catch (const nlohmann::json::exception&) {
    return unknown;
  }
}

}  // namespace weir::abi
