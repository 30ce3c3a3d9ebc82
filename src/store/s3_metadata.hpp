// What an object is stored with, as headers: checked before it is sent, non-ASCII metadata as RFC 2047 encoded words,
// as S3 itself answers it.
#pragma once

#include <string>
#include <string_view>

#include "net/http.hpp"
#include "store/s3_profiles.hpp"
#include "weir/core/status.hpp"
#include "weir/store/s3.hpp"

namespace weir::s3 {

/// All that `options` say of the object, as headers of the request that creates it; no conditions. invalid_argument for
/// names that are no header names, values with control bytes and headers that are not the user's to set; limit above
/// 2 KB of metadata, 10 tags.
Result<net::Headers> object_headers(const ObjectOptions& options);
/// If-None-Match and If-Match, for the request that makes the object appear.
net::Headers condition_headers(const ObjectOptions& options);
/// unsupported where the service cannot do what is asked for.
Status check_abilities(const ObjectOptions& options, const Provider& provider);
/// Undoes RFC 2047 words in UTF-8; other text stays as it is.
std::string decode_words(std::string_view value);

}  // namespace weir::s3
