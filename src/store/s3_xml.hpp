// What S3 answers and is sent in XML. Pure functions, thread-safe. Document types are skipped, entities other than the
// five of XML are not expanded (pugixml); nesting is never followed deeper than the answers have it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/text.hpp"
#include "net/time_text.hpp"
#include "weir/core/status.hpp"
#include "weir/store/s3.hpp"
#include "weir/store/store.hpp"
#include "weir/store/target.hpp"

namespace weir::s3 {

/// Of `<Error>`; all empty where the body is none.
struct ErrorBody {
  std::string code, message, request_id, region;
};
ErrorBody parse_error(std::string_view body);
/// Whether the body is an `<Error>`, whatever the HTTP status said.
bool is_error(std::string_view body);

/// The id that CreateMultipartUpload answered.
Result<std::string> parse_upload_id(std::string_view body);

struct Completed {
  std::string etag;
  std::string checksum;  ///< base64 CRC64NVME; may be empty
};
/// CompleteMultipartUploadResult. Without an ETag it is a protocol error: the answer cannot be trusted.
Result<Completed> parse_completed(std::string_view body);
std::string complete_body(const std::vector<PartReceipt>& parts, bool with_checksums);

struct PartsPage {
  std::vector<PartReceipt> parts;  ///< offsets count from the page's first part
  bool truncated = false;
  std::uint32_t next_marker = 0;
  std::string algorithm;  ///< "CRC64NVME"; empty where the store does not say
};
Result<PartsPage> parse_parts(std::string_view body);

struct UploadsPage {
  std::vector<OpenUpload> uploads;
  bool truncated = false;
  std::string next_key, next_id;
};
/// ListMultipartUploadsResult.
Result<UploadsPage> parse_uploads(std::string_view body);

Result<Listing> parse_listing(std::string_view body);

/// Whether XML 1.0 can carry `key` as text (section 2.2): most control characters it cannot.
bool fits_xml(std::string_view key);
/// The body of DeleteObjects. Keys must fit.
std::string delete_body(std::span<const std::string> keys);
struct NotDeleted {
  std::string key;
  ErrorBody error;
};
/// Those that DeleteObjects could not remove.
Result<std::vector<NotDeleted>> parse_deleted(std::string_view body);

/// CopyObjectResult and CopyPartResult: the ETag, and the checksum if there is one.
Result<Completed> parse_copied(std::string_view body, const char* root_name);

/// What GetObjectTagging answers.
Result<std::map<std::string, std::string>> parse_tags(std::string_view body);

/// From base64 of eight big-endian bytes; nothing for what is no CRC64NVME.
std::optional<std::uint64_t> parse_crc64nvme(std::string_view base64);
/// Seconds of "2026-11-24T12:00:00.000Z"; 0 for what is none.
std::int64_t parse_iso_time(const std::string& text);
using net::parse_http_time;
using net::plain_etag;

}  // namespace weir::s3
