#include "store/http_digest.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "codec/hex.hpp"
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

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// RFC 8941 section 4.2, as far as a dictionary of digests needs it: other values are passed over.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::vector<std::pair<std::string, std::string>>> members() {
    std::vector<std::pair<std::string, std::string>> found;
    skip(" ");
    while (!done()) {
      const std::string_view key = take_key();
      std::optional<std::string> bytes;
      if (key.empty() || (take('=') && !value(bytes)) || !parameters()) return {};
      std::erase_if(found, [&](const auto& member) { return member.first == key; });  // the last one counts
      if (bytes) found.emplace_back(key, *bytes);
      skip(" \t");
      if (done()) break;
      if (!take(',')) return {};
      skip(" \t");
      if (done()) return {};
    }
    return found;
  }

 private:
  bool done() const { return at_ == text_.size(); }
  bool take(char c) {
    const bool is = !done() && text_[at_] == c;
    at_ += is ? 1 : 0;
    return is;
  }
  void skip(std::string_view any) { at_ = std::min(text_.find_first_not_of(any, at_), text_.size()); }
  template <class Is>
  std::string_view take_while(Is is) {
    const std::size_t begin = at_;
    while (!done() && is(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  std::string_view take_key() {
    if (done() || (!is_lower(text_[at_]) && text_[at_] != '*')) return {};
    return take_while([](char c) {
      return is_lower(c) || is_digit(c) || std::string_view("_-.*").find(c) != std::string_view::npos;
    });
  }
  bool parameters() {
    while (take(';')) {
      skip(" ");
      std::optional<std::string> unused;
      if (take_key().empty() || (take('=') && !item(unused))) return false;
    }
    return true;
  }
  bool value(std::optional<std::string>& bytes) {
    if (!take('(')) return item(bytes);
    std::optional<std::string> unused;
    for (skip(" "); !take(')'); skip(" ")) {
      if (!item(unused) || !parameters()) return false;
    }
    return true;
  }
  bool item(std::optional<std::string>& bytes) {
    if (take(':')) {
      const std::string_view base64 = take_while([](char c) { return c != ':'; });
      bytes = from_base64(base64);
      return bytes && take(':');
    }
    if (take('"')) return rest_of_string();
    if (take('?')) return take('0') || take('1');
    return !take_while([](char c) {
              return c > ' ' && c < 0x7f && std::string_view("\"(),;<=>?@[\\]{}").find(c) == std::string_view::npos;
            }).empty();
  }
  bool rest_of_string() {
    while (!done()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (c == '\\' && done()) return false;
      if (c == '\\') ++at_;
    }
    return false;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

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

std::optional<std::string> from_base64(std::string_view text) {
  text = text.substr(0, text.find_last_not_of('=') + 1);
  const bool letters = std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') || c == '+' || c == '/';
  });
  if (!letters || text.size() % 4 == 1) return {};
  const std::string padded = std::string(text) + std::string((4 - text.size() % 4) % 4, '=');
  std::string bytes(padded.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size()));
  if (size != static_cast<int>(bytes.size())) return {};
  bytes.resize(text.size() * 3 / 4);
  return bytes;
}

std::optional<std::vector<std::pair<std::string, std::string>>> byte_members(std::string_view dictionary) {
  return Reader(dictionary).members();
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
    if (auto md5 = from_base64(head.header("content-md5"))) said.emplace_back("md5", *std::move(md5));
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
