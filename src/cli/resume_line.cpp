#include "resume_line.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <nlohmann/json.hpp>

#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:=,@%+";

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// Arguments may be any bytes, which JSON texts may not: each byte is a code point up to 255.
std::string widened(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

std::string narrowed(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0xC0 && i + 1 < text.size()) {
      bytes += static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3F));
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

}  // namespace

bool holds_secret(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--header" && (i + 1 == arguments.size() || !arguments[i + 1].starts_with('@'))) return true;
    if (word.starts_with("--header=") && !word.starts_with("--header=@")) return true;
    // A signed URL is a key.
    const bool web = word.starts_with("http://") || word.starts_with("https://");
    if (web && word.find('?') != std::string::npos) return true;
    const std::size_t scheme = word.find("://");
    if (scheme != std::string::npos && word.find('@', scheme) != std::string::npos) return true;  // user:password@
  }
  return false;
}

std::string shell_line(const std::vector<std::string>& arguments) {
  std::string line = "weir";
  for (const std::string& word : arguments) line += " " + quoted(word);
  return printable(line);
}

std::string hint_of(const std::vector<std::string>& arguments) {
  nlohmann::ordered_json json;
  char here[PATH_MAX];
  json["directory"] = widened(::getcwd(here, sizeof here) == nullptr ? "" : here);
  json["arguments"] = nlohmann::json::array();
  if (!holds_secret(arguments)) {
    for (const std::string& word : arguments) json["arguments"].push_back(widened(word));
  }
  return json.dump();
}

Result<ResumeHint> parse_hint(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const Status damaged = Status(Kind::corrupt, "how it was begun is not recorded in a form that is known");
  if (!json.is_object() || !json.contains("directory") || !json.contains("arguments")) return damaged;
  if (!json["directory"].is_string() || !json["arguments"].is_array()) return damaged;
  ResumeHint hint{narrowed(json["directory"].get<std::string>()), {}};
  for (const auto& word : json["arguments"]) {
    if (!word.is_string()) return damaged;
    hint.arguments.push_back(narrowed(word.get<std::string>()));
  }
  return hint;
}

}  // namespace weir::cli
