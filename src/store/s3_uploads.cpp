// Uploads in parts that nobody has finished (API reference, ListMultipartUploads, AbortMultipartUpload).
#include "net/url.hpp"
#include "store/s3_store.hpp"
#include "store/s3_xml.hpp"

namespace weir::s3 {
namespace {

// A page goes on behind a key and an id. Ids have no line ends; keys may.
constexpr char kBetween = '\n';

}  // namespace

Result<OpenUploads> S3Store::open_uploads(const std::string& prefix, const std::string& token) {
  WireRequest request;
  request.operation = "list the unfinished uploads of " + place(prefix).url();
  request.bucket = bucket_;
  request.payload_hash = net::sha256_hex("");
  request.query = {{"uploads", ""}, {"encoding-type", "url"}};
  if (!prefix.empty()) request.query.emplace_back("prefix", prefix);
  if (const std::size_t end = token.find(kBetween); end != std::string::npos) {
    request.query.emplace_back("key-marker", token.substr(end + 1));
    if (end != 0) request.query.emplace_back("upload-id-marker", token.substr(0, end));
  }
  auto answer = wire_->call(request);
  const bool has_id = request.query.back().first == "upload-id-marker";
  if (has_id && answer.status().error().service_code == "InvalidArgument") {
    // versitygw 1.8 refuses its own: behind the key, then; what else there is to this very key the next list has.
    request.query.pop_back();
    answer = wire_->call(request);
  }
  WEIR_ASSIGN(const net::Response response, std::move(answer));
  auto page = parse_uploads(response.body);
  if (!page) return page.status().during(request.operation);
  OpenUploads found;
  found.uploads = std::move(page->uploads);
  found.exact_key_only = response.header("server").starts_with("MinIO");  // "prefix" is a key to it, to this day
  if (page->truncated) found.next_token = page->next_id + kBetween + page->next_key;
  if (page->truncated && found.next_token == token) {
    return Status(Kind::protocol, "the store answered the same page again, the list would never end")
        .during(request.operation);
  }
  return found;
}

Status S3Store::abort_upload(const OpenUpload& upload) {
  WireRequest request;
  request.operation = "remove the unfinished upload of " + place(upload.key).url();
  request.method = "DELETE";
  request.bucket = bucket_;
  request.key = upload.key;
  request.query = {{"uploadId", upload.id}};
  request.payload_hash = net::sha256_hex("");
  WEIR_TRY(place(upload.key).check_object().during(request.operation));
  const Status status = wire_->call(request).status();
  return status.error().service_code == "NoSuchUpload" ? Status() : status;
}

}  // namespace weir::s3
