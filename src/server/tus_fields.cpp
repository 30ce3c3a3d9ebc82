#include "server/tus_fields.hpp"

#include <algorithm>

#include "net/base64.hpp"
#include "server/http_head.hpp"

namespace weir::server {

std::optional<UploadMetadata> read_upload_metadata(std::string_view text) {
  UploadMetadata metadata;
  if (text.size() > kMostMetadataBytes) return {};
  if (text.empty()) return metadata;
  for (;;) {
    const std::size_t comma = text.find(',');
    const std::string_view pair = trimmed(text.substr(0, comma));
    const std::size_t space = std::min(pair.find(' '), pair.size());
    const std::string_view key = pair.substr(0, space);
    auto value = net::from_padded_base64(trimmed(pair.substr(space)));
    const bool known =
        std::any_of(metadata.begin(), metadata.end(), [&](const auto& entry) { return entry.first == key; });
    if (key.empty() || known || !value || metadata.size() == kMostMetadataKeys) return {};
    metadata.emplace_back(key, std::move(*value));
    if (comma == std::string_view::npos) return metadata;
    text.remove_prefix(comma + 1);
  }
}

std::string upload_metadata_text(const UploadMetadata& metadata) {
  std::string text;
  for (const auto& [key, value] : metadata) {
    if (!text.empty()) text += ',';
    text += key;
    if (!value.empty()) text += ' ' + net::base64(value);
  }
  return text;
}

std::optional<UploadChecksum> read_upload_checksum(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return {};
  UploadChecksum checksum{std::string(text.substr(0, space)), {}};
  if (!is_token(checksum.algorithm) || lower_case(checksum.algorithm) != checksum.algorithm) return {};
  auto digest = net::from_padded_base64(text.substr(space + 1));
  if (!digest || digest->empty()) return {};
  checksum.digest = std::move(*digest);
  return checksum;
}

std::optional<UploadConcat> read_upload_concat(std::string_view text) {
  UploadConcat concat;
  if (text == "partial") return concat;
  constexpr std::string_view kFinal = "final;";
  if (!text.starts_with(kFinal)) return {};
  concat.final = true;
  text = trimmed(text.substr(kFinal.size()));
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (concat.parts.size() == kMostConcatParts) return {};
    concat.parts.emplace_back(text.substr(0, end));
    text = trimmed(text.substr(end));
  }
  if (concat.parts.empty()) return {};
  return concat;
}

}  // namespace weir::server
