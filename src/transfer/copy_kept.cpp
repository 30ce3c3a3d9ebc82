#include "transfer/copy_kept.hpp"

#include <algorithm>
#include <utility>

#include "net/text.hpp"
#include "net/url.hpp"

namespace weir::transfer {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// "max-age=60" of "private, max-age=60"; empty where there is none.
std::string max_age_of(const std::string& cache_control) {
  const std::string text = net::lower(cache_control);
  const std::size_t begin = text.find("max-age=");
  if (begin == std::string::npos || (begin > 0 && text[begin - 1] != ' ' && text[begin - 1] != ',')) return {};
  return text.substr(begin, text.find_first_of(", ;", begin) - begin);
}

class Keeper {
 public:
  Keeper(const Store& to, const ObjectOptions& asked) : to_(to) { kept_.options = asked; }

  /// Whether `to` takes what there is with `value` beside it; then it is kept.
  template <class Value>
  bool takes(Value ObjectOptions::*member, const Value& value) {
    ObjectOptions with = kept_.options;
    with.*member = value;
    if (!to_.check_storable(with).ok()) return false;
    kept_.options = std::move(with);
    return true;
  }
  /// Of several forms the first that is taken; `what` is left where none is, or only one that says less.
  template <class Value>
  void keep(const char* what, Value ObjectOptions::*member, const std::vector<Value>& forms, std::size_t whole = 1) {
    if (!(kept_.options.*member).empty() || forms[0].empty()) return;
    for (std::size_t i = 0; i < forms.size(); ++i) {
      if (!forms[i].empty() && takes(member, forms[i])) {
        if (i >= whole) kept_.left.push_back(std::string("all of the ") + what);
        return;
      }
    }
    kept_.left.emplace_back(what);
  }
  KeptOptions end() { return std::move(kept_); }

 private:
  const Store& to_;
  KeptOptions kept_;
};

}  // namespace

std::string ascii_disposition(const std::string& text) {
  constexpr std::string_view kName = "filename=\"";
  const std::size_t begin = text.find(kName);
  if (is_ascii(text) || begin == std::string::npos) return text;
  std::string name;
  std::size_t at = begin + kName.size();
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    name += text[at];
  }
  if (at == text.size()) return text;
  return text.substr(0, begin) + "filename*=UTF-8''" + net::percent_encode(name) + text.substr(at + 1);
}

KeptOptions kept_options(const Store& to, const ObjectOptions& asked, const ObjectInfo& info) {
  using Texts = std::vector<std::string>;
  Keeper keeper(to, asked);
  keeper.keep("content type", &ObjectOptions::content_type, Texts{info.content_type});
  keeper.keep("content encoding", &ObjectOptions::content_encoding, Texts{info.content_encoding});
  keeper.keep("cache control", &ObjectOptions::cache_control,
              Texts{info.cache_control, max_age_of(info.cache_control)});
  keeper.keep("content disposition", &ObjectOptions::content_disposition,
              Texts{info.content_disposition, ascii_disposition(info.content_disposition)}, 2);
  keeper.keep("metadata", &ObjectOptions::metadata, std::vector{info.metadata});
  return keeper.end();
}

}  // namespace weir::transfer
