// Copying inside the service (API reference, CopyObject).
#include "net/url.hpp"
#include "store/s3_error.hpp"
#include "store/s3_metadata.hpp"
#include "store/s3_store.hpp"
#include "store/s3_xml.hpp"

namespace weir::s3 {
namespace {

/// What the options leave empty stays as the source has it.
ObjectOptions merged(ObjectOptions options, const ObjectInfo& source) {
  const auto keep = [](std::string& into, const std::string& from) {
    if (into.empty()) into = from;
  };
  keep(options.content_type, source.content_type);
  keep(options.content_encoding, source.content_encoding);
  keep(options.cache_control, source.cache_control);
  keep(options.content_disposition, source.content_disposition);
  keep(options.storage_class, source.storage_class);
  if (options.metadata.empty()) options.metadata = source.metadata;
  return options;
}

}  // namespace

Result<ObjectInfo> copy_object(Wire& wire, const S3Location& from, const S3Location& to, const ObjectOptions& options) {
  const std::string operation = "copy " + from.url() + " to " + to.url();
  WEIR_ASSIGN(const S3ObjectInfo source, wire.head(from));
  WireRequest request;
  request.operation = operation;
  request.method = "PUT";
  request.bucket = to.bucket;
  request.key = to.key;
  request.payload_hash = net::sha256_hex("");
  request.body_decides = true;
  auto headers = object_headers(merged(options, source));
  if (!headers) return headers.status().during(operation);
  request.headers = *std::move(headers);
  request.headers.emplace_back("x-amz-copy-source", "/" + from.bucket + "/" + net::percent_encode(from.key, true));
  request.headers.emplace_back("x-amz-copy-source-if-match", "\"" + source.etag + "\"");
  request.headers.emplace_back("x-amz-metadata-directive", "REPLACE");
  WEIR_ASSIGN(const net::Response answer, wire.call(request));
  auto copied = parse_copied(answer.body, "CopyObjectResult");
  if (!copied) return copied.status().during(operation);
  WEIR_ASSIGN(const S3ObjectInfo info, wire.head(to));
  if (info.size != source.size || (info.crc64nvme && source.crc64nvme && *info.crc64nvme != *source.crc64nvme)) {
    return Status(Kind::corrupt, "what the store has made is not what the source is").during(operation);
  }
  return ObjectInfo(info);
}

}  // namespace weir::s3
