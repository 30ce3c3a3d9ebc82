// Uploads in parts that nobody has finished (API reference, ListMultipartUploads, AbortMultipartUpload).
#include "net/url.hpp"
#include "store/s3_store.hpp"
#include "store/s3_target.hpp"
#include "store/s3_xml.hpp"

namespace weir::s3 {
namespace {

// A page goes on behind a key and an id. Ids have no line ends; keys may.
constexpr char kBetween = '\n';
constexpr std::size_t kMaxUploadsBytes = 16 * 1024 * 1024;

/// The page behind that key and id; both empty: the first.
WireRequest page_of_uploads(const std::string& bucket, const std::string& prefix, const std::string& next_key,
                            const std::string& next_id) {
  WireRequest request;
  request.bucket = bucket;
  request.payload_hash = net::sha256_hex("");
  request.query = {{"uploads", ""}, {"encoding-type", "url"}};
  if (!prefix.empty()) request.query.emplace_back("prefix", prefix);
  if (!next_key.empty()) request.query.emplace_back("key-marker", next_key);
  if (!next_id.empty()) request.query.emplace_back("upload-id-marker", next_id);
  return request;
}

}  // namespace

Result<OpenUploads> S3Store::open_uploads(const std::string& prefix, const std::string& token) {
  const std::size_t end = token.find(kBetween);
  const bool behind = end != std::string::npos;
  WireRequest request = page_of_uploads(bucket_, prefix, behind ? token.substr(end + 1) : std::string(),
                                        behind ? token.substr(0, end) : std::string());
  request.operation = "list the unfinished uploads of " + place(prefix).url();
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

/// One page after another. What a store refuses to go on behind (versitygw 1.8, its own ids) cannot be told whole.
void S3Target::uploads_page(const std::string& next_key, const std::string& next_id, std::vector<OpenUpload> uploads,
                            std::shared_ptr<Chain> chain, Done<OpenHere> done) {
  auto self = shared_from_this();
  const std::string operation = "list the unfinished uploads to " + location_.url();
  chain->next(
      *wire_,
      [self, operation, next_key, next_id]() -> Result<WireRequest> {
        WEIR_TRY(self->location_.check_object());
        WireRequest request = page_of_uploads(self->location_.bucket, self->location_.key, next_key, next_id);
        request.operation = operation;
        request.max_body_bytes = kMaxUploadsBytes;
        return request;
      },
      [self, operation, next_key, next_id, uploads = std::move(uploads), chain,
       done = std::move(done)](Result<net::Response> answer) mutable {
        if (!answer) return done(answer.status());
        auto page = parse_uploads(answer->body);
        if (!page) return done(page.status().during(operation));
        for (OpenUpload& upload : page->uploads) {
          if (upload.key == self->location_.key) uploads.push_back(std::move(upload));
        }
        if (!page->truncated)
          return done(OpenHere{std::move(uploads), parse_http_time(std::string(answer->header("date")))});
        if (page->next_key == next_key && page->next_id == next_id) {
          return done(Status(Kind::protocol, "the store answered the same page again, the list would never end")
                          .during(operation));
        }
        self->uploads_page(page->next_key, page->next_id, std::move(uploads), chain, std::move(done));
      });
}

Target::Cancel S3Target::open_uploads(Done<OpenHere> done) {
  auto chain = std::make_shared<Chain>();
  uploads_page({}, {}, {}, chain, std::move(done));
  return [chain] { chain->cancel(); };
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
