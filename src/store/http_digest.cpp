#include "store/http_digest.hpp"

#include <algorithm>

#include "codec/hex.hpp"
#include "net/base64.hpp"
#include "net/structured_field.hpp"
#include "weir/codec/digest.hpp"

namespace weir::http {
namespace {

struct Known {
  std::string_view in_http;
  std::string_view algorithm;
  std::size_t bytes;
};

// Best first: with CPU support SHA-256 is the fastest of the three.
constexpr Known kKnown[] = {{"sha-256", "sha256", 32}, {"sha-512", "sha512", 64}, {"md5", "md5", 16}};

/// All lines of a header as one (RFC 9110 section 5.3).
std::string joined(const net::Response& head, std::string_view name) {
  std::string text;
  for (const auto& [each, value] : head.headers) {
    if (each == name) text += (text.empty() ? "" : ", ") + value;
  }
  return text;
}

std::string hash_of_nothing(std::string_view algorithm) {
  auto digest = make_digest(algorithm);
  auto value = digest.ok() ? (*digest)->finish() : Result<std::string>(digest.status());
  return value.ok() ? *value : std::string();
}

std::ptrdiff_t rank_of(std::string_view algorithm) {
  return std::find_if(std::begin(kKnown), std::end(kKnown),
                      [&](const Known& known) { return known.algorithm == algorithm; }) -
         std::begin(kKnown);
}

std::string as_hex(std::string_view bytes) {
  return hex({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

}  // namespace

std::optional<std::vector<std::pair<std::string, std::string>>> byte_members(std::string_view dictionary) {
  const auto members = net::read_dictionary_field(dictionary);
  if (!members) return {};
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& [key, item] : *members) {
    if (const auto* const bytes = std::get_if<net::Bytes>(&item)) found.emplace_back(key, bytes->value);
  }
  return found;
}

std::vector<ToldDigest> told_digests(const net::Response& head, Carries carries) {
  std::vector<std::pair<std::string, std::string>> said;
  const auto add_members = [&](std::string_view header) {
    for (auto& member :
         byte_members(joined(head, header)).value_or(std::vector<std::pair<std::string, std::string>>())) {
      said.push_back(std::move(member));
    }
  };
  add_members("repr-digest");
  if (carries == Carries::whole) add_members("content-digest");
  if (carries != Carries::part) {
    if (auto md5 = net::from_base64(head.header("content-md5"))) said.emplace_back("md5", *std::move(md5));
  }
  std::vector<ToldDigest> told;
  for (const Known& known : kKnown) {
    for (const auto& [name, bytes] : said) {
      if (name != known.in_http || bytes.size() != known.bytes) continue;
      ToldDigest digest{std::string(known.algorithm), as_hex(bytes)};
      const bool of_nothing = carries == Carries::nothing && head.header("content-length") != "0" &&
                              digest.value == hash_of_nothing(known.algorithm);
      if (!of_nothing) told.push_back(std::move(digest));
    }
  }
  return told;
}

bool add_digests(std::vector<ToldDigest>& known, const std::vector<ToldDigest>& more) {
  for (const ToldDigest& digest : more) {
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const ToldDigest& each) { return each.algorithm == digest.algorithm; });
    if (same == known.end()) {
      known.push_back(digest);
    } else if (same->value != digest.value) {
      return false;
    }
  }
  std::stable_sort(known.begin(), known.end(), [](const ToldDigest& a, const ToldDigest& b) {
    return rank_of(a.algorithm) < rank_of(b.algorithm);
  });
  return true;
}

}  // namespace weir::http
