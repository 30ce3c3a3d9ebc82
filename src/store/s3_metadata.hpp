// User metadata as headers: checked before it is sent, non-ASCII as RFC 2047 encoded words, as S3 itself answers it.
#pragma once

#include <string>
#include <string_view>

#include "net/http.hpp"
#include "weir/core/status.hpp"
#include "weir/store/s3.hpp"

namespace weir::s3 {

/// content-type and x-amz-meta-* headers. invalid_argument for names that are no header names and values with control
/// bytes, limit above 2 KB.
Result<net::Headers> object_headers(const ObjectOptions& options);
/// Undoes RFC 2047 words in UTF-8; other text stays as it is.
std::string decode_words(std::string_view value);

}  // namespace weir::s3
