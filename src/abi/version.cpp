// weir_version(), weir_features(), weir_init().
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "abi/answer.hpp"
#include "weir/text/registry.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir::abi {

namespace {

std::string feature_words() {
  std::vector<std::string_view> words = source_schemes();
  for (const std::string_view name : sink_schemes()) words.push_back(name);
  for (const auto& [name, type] : StageRegistry::builtin().types()) words.push_back(name);
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  std::string text;
  for (const std::string_view word : words) text += (text.empty() ? "" : " ") + std::string(word);
  return text;
}

}  // namespace

}  // namespace weir::abi

uint32_t weir_version(void) { return WEIR_VERSION_NUMBER; }
const char* weir_version_text(void) { return WEIR_VERSION; }

const char* weir_features(void) {
  try {
    static const auto* const kWords = new std::string(weir::abi::feature_words());
    return kWords->c_str();
  } catch (...) {
    return "";
  }
}

void weir_init(void* options, size_t size) {
  if (options == nullptr || size < sizeof(uint32_t) || size > UINT32_MAX) return;
  std::memset(options, 0, size);
  const auto struct_size = static_cast<uint32_t>(size);
  std::memcpy(options, &struct_size, sizeof struct_size);
}
