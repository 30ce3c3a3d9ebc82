// What the service answers, and the bodies it is sent. The one place of Vercel Blob that knows JSON. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/status.hpp"
#include "weir/store/object.hpp"
#include "weir/store/target.hpp"
#include "weir/store/vercel_blob.hpp"

namespace weir::vercel {

/// {"error":{"code","message"}}; empty texts where it is none.
struct ErrorBody {
  std::string code, message;
};
ErrorBody parse_error(std::string_view body);

/// Of put, complete, copy and head; the last two fields only of head.
struct Blob {
  ObjectInfo info;
  std::string url;
  bool has_size = false;
};
// Each fails with protocol, transient, for a body that is not what it should be, and does not repeat it.
Result<Blob> parse_blob(std::string_view body);
Result<Listing> parse_listing(std::string_view body);

/// One text that stands for both: what the service wants back with each part.
struct UploadId {
  std::string id, key;
  std::string text() const { return id + " " + key; }
  static UploadId of(std::string_view text);
};
Result<UploadId> parse_created(std::string_view body);
Result<std::string> parse_etag(std::string_view body);

std::string complete_body(const std::vector<PartReceipt>& parts);
std::string delete_body(const std::vector<std::string>& keys);
/// The payload of a client token.
std::string grant_body(const VercelGrant& grant, std::int64_t valid_until_ms);

}  // namespace weir::vercel
