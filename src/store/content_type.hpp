// What an object is, by the suffix of its name.
#pragma once

#include <string_view>

namespace weir {

/// The media type that the key's last suffix stands for ("a/b.TXT": "text/plain"), or empty where none is known. Pure.
std::string_view content_type_of(std::string_view key);

}  // namespace weir
