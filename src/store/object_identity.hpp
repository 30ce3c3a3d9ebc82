// What tells one version of an object from another: its name, its size and its ETag.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "weir/codec/checksum.hpp"
#include "weir/core/stage.hpp"
#include "weir/store/object.hpp"

namespace weir::store {

/// `url` without secrets. None where the object has no size or no ETag, which must be a strong one.
inline std::optional<SourceIdentity> object_identity(const std::string& url, const ObjectInfo& object) {
  if (!object.sized || object.etag.empty()) return {};
  SourceIdentity identity;
  identity.name = url;
  identity.inode = crc64nvme(0, std::as_bytes(std::span(object.etag)));
  identity.size_bytes = object.size;
  return identity;
}

}  // namespace weir::store
