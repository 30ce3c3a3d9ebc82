#include "net/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

namespace weir::net {

namespace {

const unsigned char* as_unsigned(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

std::string base64(std::string_view bytes) {
  std::vector<unsigned char> text((bytes.size() + 2) / 3 * 4 + 1);
  const int written = EVP_EncodeBlock(text.data(), as_unsigned(bytes), static_cast<int>(bytes.size()));
  return {text.begin(), text.begin() + written};
}

std::optional<std::string> from_base64(std::string_view text) {
  text = text.substr(0, text.find_last_not_of('=') + 1);
  const bool letters = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
  });
  if (!letters || text.size() % 4 == 1) return {};
  const std::string padded = std::string(text) + std::string((4 - text.size() % 4) % 4, '=');
  std::string bytes(padded.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), as_unsigned(padded),
                                   static_cast<int>(padded.size()));
  if (size != static_cast<int>(bytes.size())) return {};
  bytes.resize(text.size() * 3 / 4);
  return bytes;
}

std::optional<std::string> from_padded_base64(std::string_view text) {
  const std::size_t padding = text.size() - (text.find_last_not_of('=') + 1);
  if (text.size() % 4 != 0 || padding > 2) return {};
  return from_base64(text);
}

}  // namespace weir::net
