#include "store/vercel_options.hpp"

#include <algorithm>
#include <string>

#include "net/text.hpp"
#include "store/refusal.hpp"

namespace weir::vercel {
namespace {

Status unsupported(std::string cause) { return Status(Kind::unsupported, "Vercel Blob " + std::move(cause)); }

bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// The service keeps one number of Cache-Control: "max-age=60", also behind "public,".
Result<std::string> max_age(std::string_view text) {
  if (text.starts_with("public,")) text.remove_prefix(7);
  while (text.starts_with(' ')) text.remove_prefix(1);
  constexpr std::string_view kName = "max-age=";
  const bool fits = text.starts_with(kName) && text.size() > kName.size() && text.size() < kName.size() + 10 &&
                    std::all_of(text.begin() + kName.size(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!fits) return unsupported("keeps max-age=SECONDS of Cache-Control and nothing else");
  return std::string(text.substr(kName.size()));
}

Status check_known(const ObjectOptions& options) {
  if (!options.metadata.empty()) return unsupported("keeps no metadata");
  if (!options.tags.empty()) return unsupported("keeps no tags");
  if (!options.storage_class.empty()) return unsupported("has no storage classes");
  if (!options.content_encoding.empty()) return unsupported("keeps no Content-Encoding");
  if (!options.content_disposition.empty()) return unsupported("makes Content-Disposition itself");
  if (options.no_clobber && !options.if_match.empty()) {
    return Status(Kind::invalid_argument, "an object cannot be absent and have an etag at once");
  }
  return {};
}

}  // namespace

Result<net::Headers> write_headers(const Settings& settings, const ObjectOptions& options) {
  WEIR_TRY(check_known(options));
  net::Headers headers = {{"x-vercel-blob-access", settings.is_private ? "private" : "public"},
                          {"x-add-random-suffix", "0"},
                          {"x-allow-overwrite", options.no_clobber ? "0" : "1"}};
  const auto set = [&](const std::string& name, const std::string& value) {
    const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
    found == headers.end() ? static_cast<void>(headers.emplace_back(name, value))
                           : static_cast<void>(found->second = value);
  };
  if (!options.content_type.empty()) set("x-content-type", options.content_type);
  if (!options.cache_control.empty()) {
    WEIR_ASSIGN(const std::string seconds, max_age(options.cache_control));
    set("x-cache-control-max-age", seconds);
  }
  if (!options.if_match.empty()) set("x-if-match", "\"" + options.if_match + "\"");
  for (const auto& [given, value] : options.headers) {
    const std::string name = net::lower(given);
    if (!name.starts_with("x-") || !net::is_token(name)) {
      return unsupported(fmt::format("takes headers that begin with \"x-\", not \"{}\"", store::printable(given)));
    }
    set(name, value);
  }
  for (const auto& [name, value] : headers) {
    if (!is_value(value)) return Status(Kind::invalid_argument, "the value of " + name + " has control bytes");
  }
  return headers;
}

}  // namespace weir::vercel
