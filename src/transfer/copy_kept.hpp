// What an object is stored with at one store, as far as another store can store it. Pure.
#pragma once

#include <string>
#include <vector>

#include "weir/store/store.hpp"

namespace weir::transfer {

/// What goes along with an object into `to`.
struct KeptOptions {
  ObjectOptions options;          ///< `asked`, and what the source has beside it
  std::vector<std::string> left;  ///< what `to` cannot keep, in words: "metadata"
};

/// `asked` wins; what `to` refuses of `info` is left.
KeptOptions kept_options(const Store& to, const ObjectOptions& asked, const ObjectInfo& info);

/// A Content-Disposition whose filename is not ASCII in the form that a header may have (RFC 6266 section 4.3, RFC
/// 8187): filename*=UTF-8''gr%C3%B6%C3%9Fe.txt. Text without such a filename stays as it is.
std::string ascii_disposition(const std::string& text);

}  // namespace weir::transfer
