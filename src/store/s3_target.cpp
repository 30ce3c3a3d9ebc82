// The object of an upload: what Target asks, in S3's words (API reference: CreateMultipartUpload, UploadPart,
// CompleteMultipartUpload, AbortMultipartUpload, ListParts, PutObject, HeadObject).
#include "store/s3_target.hpp"

#include <algorithm>
#include <atomic>

#include "net/md5.hpp"
#include "net/paced_body.hpp"
#include "net/sigv4.hpp"
#include "store/content_type.hpp"
#include "store/s3_error.hpp"
#include "store/s3_metadata.hpp"
#include "store/s3_xml.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/executor.hpp"

namespace weir::s3 {
namespace {

/// Below this a range is read twice rather than sent as aws-chunked: the second read comes from memory, and some
/// services keep "aws-chunked" as the object's Content-Encoding.
constexpr std::uint64_t kReadTwiceBytes = 8 * kMiB;
constexpr std::size_t kMaxListBytes = 16 * 1024 * 1024;
constexpr const char* kChecksumHeader = "x-amz-checksum-crc64nvme";

std::uint64_t crc_of(const Part& part) {
  if (part.crc64nvme) return *part.crc64nvme;
  std::uint64_t crc = 0;
  for (const Chunk& chunk : part.chunks) crc = crc64nvme(crc, chunk.bytes());
  return crc;
}

Status differs(const char* what, std::string_view theirs, std::uint64_t ours) {
  return Status(Kind::corrupt,
                fmt::format("the store's CRC64NVME of the {} is {}, ours is {}", what, theirs, crc64nvme_base64(ours)))
      .with(Retry::transient);
}

/// These credentials may not look, or nobody may: it says nothing of what is there.
bool is_refused(const Status& status) {
  return !status.retryable() && (status.kind() == Kind::access_denied || status.kind() == Kind::unsupported);
}

/// A conditional Complete that met another writer has lost its upload (API reference, CompleteMultipartUpload): to send
/// it again cannot help.
Status conflict(Status status) {
  if (status.error().service_code != "ConditionalRequestConflict") return status;
  return std::move(status)
      .with(Retry::never)
      .advise("Another writer was at work on this object. Run the same command again.");
}

Result<std::string> md5_of(const Part& part) {
  net::Md5 md5;
  for (const Chunk& chunk : part.chunks) md5.update(chunk.bytes());
  return md5.finish();
}

Stored stored_of(const S3ObjectInfo& info) { return {info.size, info.etag, info.crc64nvme, {}}; }

}  // namespace

/// What is sent as one body, and its checksum: known before for bytes in memory, after for a range.
struct Payload {
  std::atomic<bool> cancelled{false};  ///< a range that is read before it is sent need not be read on
  std::uint64_t length = 0;
  std::optional<std::uint64_t> crc;
  std::shared_ptr<RangeBody> range;

  bool reads_crc() const { return range && range->form() != RangeBody::Form::plain; }
  std::optional<std::uint64_t> crc64nvme() const { return reads_crc() ? range->crc64nvme() : crc; }
};

namespace {

Target::Cancel cancel_of(std::shared_ptr<Payload> payload, Target::Cancel cancel) {
  return [payload = std::move(payload), cancel = std::move(cancel)] {
    payload->cancelled.store(true, std::memory_order_relaxed);
    cancel();
  };
}

}  // namespace

S3Target::S3Target(std::shared_ptr<Wire> wire, S3Location location, ObjectOptions options, Proof most)
    : wire_(std::move(wire)), location_(std::move(location)), options_(std::move(options)), most_(most) {
  if (options_.content_type.empty()) options_.content_type = content_type_of(location_.key);
}

Proof S3Target::proof() const { return std::min(wire_->proof(), most_); }

WireRequest S3Target::request(std::string operation, std::string method) const {
  WireRequest request;
  request.operation = std::move(operation) + " " + location_.url();
  request.method = std::move(method);
  request.bucket = location_.bucket;
  request.key = location_.key;
  request.payload_hash = net::sha256_hex("");
  return request;
}

bool S3Target::declares_checksum(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto known = declared_.find(id);
  return proof() >= Proof::header && (known == declared_.end() || known->second);
}

Status S3Target::set_payload(WireRequest& request, const Part& part, Proof proof, bool whole, Payload& payload) const {
  payload.length = part.length;
  payload.crc = part.crc64nvme;
  request.payload_hash = net::kUnsignedPayload;
  request.proof = std::min(proof, Proof::header);
  std::string md5;
  if (part.replay) {
    WEIR_TRY(set_range(request, part, proof, whole, payload, md5));
  } else {
    WEIR_ASSIGN(request.body, store::body_of_chunks(part));
    if (proof != Proof::none) payload.crc = crc_of(part);
    if (proof == Proof::md5) {
      WEIR_ASSIGN(md5, md5_of(part));
    }
  }
  request.body = net::paced(std::move(request.body), part.flow);
  if (request.proof == Proof::header) request.headers.emplace_back(kChecksumHeader, crc64nvme_base64(*payload.crc));
  if (!md5.empty()) request.headers.emplace_back("content-md5", md5);
  return {};
}

/// What its headers must say of a range is read first.
Status S3Target::set_range(WireRequest& request, const Part& part, Proof proof, bool whole, Payload& payload,
                           std::string& md5) const {
  const bool trails = proof == Proof::trailer && !part.crc64nvme && options_.content_encoding.empty() &&
                      !(whole && part.length <= kReadTwiceBytes);
  if (proof == Proof::md5 || (proof >= Proof::header && !part.crc64nvme && !trails)) {
    WEIR_ASSIGN(store::RangeSums sums,
                store::sums_of_range(*part.replay, part.offset, part.length, proof == Proof::md5, payload.cancelled));
    payload.crc = sums.crc64nvme;
    md5 = std::move(sums.md5);
  }
  const auto form = proof == Proof::none ? RangeBody::Form::plain
                    : trails             ? RangeBody::Form::trailer
                                         : RangeBody::Form::checksum;
  payload.range = std::make_shared<RangeBody>(part.replay, part.offset, part.length, form, Executor::default_pool());
  request.body = payload.range;
  if (!trails) return {};
  request.proof = Proof::trailer;
  request.payload_hash = net::kUnsignedTrailer;
  request.headers.emplace_back("content-encoding", "aws-chunked");
  request.headers.emplace_back("x-amz-decoded-content-length", std::to_string(part.length));
  request.headers.emplace_back("x-amz-trailer", kChecksumHeader);
  return {};
}

Result<net::Headers> S3Target::creating_headers() const {
  WEIR_TRY(location_.check_object());
  WEIR_TRY(check_abilities(options_, wire_->provider()));
  if (most_ != Proof::none) wire_->tell_proof();
  return object_headers(options_);
}

Status S3Target::conditional(Status status) const {
  const bool gone = !options_.if_match.empty() && status.error().service_code == "NoSuchKey";
  if (status.error().http_status != 412 && !gone) return status;
  Error error = status.error();
  error.kind = Kind::already_exists;
  error.cause = (options_.no_clobber ? "there is an object already"
                                     : "what is there is not the object with ETag " + options_.if_match) +
                (": " + error.cause);
  if (error.advice.empty()) error.advice = "What is there stays as it is.";
  return Status(std::move(error));
}

/// The hash also covers a customer's key, which all parts need; a hash does not tell it.
std::optional<UploadIdentity> S3Target::identity() const {
  const Settings& settings = wire_->settings();
  const auto headers = object_headers(options_);
  if (!location_.check_object().ok() || !headers) return {};
  std::string all;
  for (const net::Headers& some : {*headers, settings.customer_key}) {
    for (const auto& [name, value] : some) all += fmt::format("{}:{}:{}\n", name, value.size(), value);
  }
  const std::string service =
      settings.aws ? "aws" : fmt::format("{}://{}{}", settings.scheme, settings.authority, settings.base_path);
  return UploadIdentity{fmt::format("s3 {} {}/{}", service, location_.bucket, location_.key), net::sha256_hex(all)};
}

Target::Cancel S3Target::begin(Done<std::string> done) {
  auto self = shared_from_this();
  const Proof proof = this->proof();
  return wire_->start(
      [self, proof]() -> Result<WireRequest> {
        WireRequest request = self->request("begin an upload to", "POST");
        request.query = {{"uploads", ""}};
        auto headers = self->creating_headers();
        if (!headers) return headers.status().during(request.operation);
        request.headers = *std::move(headers);
        if (proof >= Proof::header) {
          request.proof = Proof::header;
          request.headers.emplace_back("x-amz-checksum-algorithm", "CRC64NVME");
          request.headers.emplace_back("x-amz-checksum-type", "FULL_OBJECT");
        }
        return request;
      },
      [self, proof, done = std::move(done)](Result<net::Response> answer) {
        if (!answer) return done(answer.status());
        auto id = parse_upload_id(answer->body);
        if (!id) return done(id.status().during("begin an upload to " + self->location_.url()));
        {
          std::lock_guard lock(self->mutex_);
          self->declared_[*id] = proof >= Proof::header;
        }
        done(std::move(id));
      });
}

Target::Cancel S3Target::put_part(const std::string& id, Part part, Done<PartReceipt> done) {
  auto self = shared_from_this();
  auto payload = std::make_shared<Payload>();
  PartReceipt receipt{part.number, part.offset, part.length, {}, {}, {}};
  const std::string operation = fmt::format("store part {} of", part.number);
  return cancel_of(payload,
                   wire_->start(
                       [self, id, operation, payload, part = std::move(part)]() -> Result<WireRequest> {
                         WireRequest request = self->request(operation, "PUT");
                         request.query = {{"partNumber", std::to_string(part.number)}, {"uploadId", id}};
                         Status status = self->set_payload(request, part, self->proof_of_part(id), false, *payload);
                         if (!status.ok()) return status.during(request.operation);
                         return request;
                       },
                       [self, operation, payload, receipt = std::move(receipt),
                        done = std::move(done)](Result<net::Response> answer) mutable {
                         if (!answer) return done(answer.status().at(receipt.offset));
                         receipt.crc64nvme = payload->crc64nvme();
                         receipt.etag = plain_etag(answer->header("etag"));
                         receipt.checksum = answer->header(kChecksumHeader);
                         Status status = self->check_answer(receipt.etag, receipt.checksum, receipt.crc64nvme, "part");
                         if (!status.ok())
                           return done(status.during(operation + " " + self->location_.url()).at(receipt.offset));
                         done(std::move(receipt));
                       }));
}

Status S3Target::check_answer(const std::string& etag, const std::string& checksum, std::optional<std::uint64_t> ours,
                              const char* what) const {
  if (etag.empty()) return Status(Kind::protocol, "the store's answer has no ETag").with(Retry::transient);
  const auto theirs = parse_crc64nvme(checksum);
  if (most_ != Proof::none && wire_->settings().proof != Proof::none && theirs && ours && *theirs != *ours)
    return differs(what, checksum, *ours);
  return {};
}

Target::Cancel S3Target::put_whole(Part part, Done<Stored> done) {
  auto self = shared_from_this();
  auto payload = std::make_shared<Payload>();
  return cancel_of(
      payload, wire_->start(
                   [self, payload, part = std::move(part)]() -> Result<WireRequest> {
                     WireRequest request = self->request("store", "PUT");
                     auto headers = self->creating_headers();
                     if (!headers) return headers.status().during(request.operation);
                     request.headers = *std::move(headers);
                     self->add_conditions(request);
                     Status status = self->set_payload(request, part, self->proof(), true, *payload);
                     if (!status.ok()) return status.during(request.operation);
                     return request;
                   },
                   [self, payload, done = std::move(done)](Result<net::Response> answer) {
                     if (!answer) return done(self->conditional(answer.status()));
                     const std::string checksum(answer->header(kChecksumHeader));
                     Stored stored{payload->length, plain_etag(answer->header("etag")), parse_crc64nvme(checksum), {}};
                     Status status = self->check_answer(stored.etag, checksum, payload->crc64nvme(), "object");
                     if (!status.ok()) return done(status.during("store " + self->location_.url()));
                     stored.sent_crc64nvme = payload->crc64nvme();
                     done(std::move(stored));
                   }));
}

Target::Cancel S3Target::inspect(Done<Stored> done) {
  auto self = shared_from_this();
  return wire_->start(
      [self]() -> Result<WireRequest> {
        WEIR_TRY(self->location_.check_object());
        return head_request(self->location_);
      },
      [self, done = std::move(done)](Result<net::Response> answer) {
        if (!answer) return done(answer.status());
        const S3ObjectInfo info = object_info(self->location_, *answer);
        if (!info.etag.empty() && !answer->header("content-length").empty()) {
          return done(stored_of(info));
        }
        done(Status(Kind::protocol, "the store's answer has no ETag or no length")
                 .with(Retry::transient)
                 .during("look at " + self->location_.url()));
      });
}

/// One page after another, the next asked for by the answer of the one before.
void S3Target::list_page(const std::string& id, std::uint32_t marker, std::vector<PartReceipt> parts,
                         std::shared_ptr<Chain> chain, Done<std::vector<PartReceipt>> done) {
  auto self = shared_from_this();
  chain->next(
      *wire_,
      [self, id, marker]() -> Result<WireRequest> {
        WEIR_TRY(self->location_.check_object());
        WireRequest request = self->request("list the parts of an upload to", "GET");
        request.query = {{"uploadId", id}};
        if (marker != 0) request.query.emplace_back("part-number-marker", std::to_string(marker));
        request.max_body_bytes = kMaxListBytes;
        return request;
      },
      [self, id, marker, parts = std::move(parts), chain,
       done = std::move(done)](Result<net::Response> answer) mutable {
        if (!answer) return done(answer.status());
        const std::string operation = "list the parts of an upload to " + self->location_.url();
        auto page = parse_parts(answer->body);
        if (!page) return done(page.status().during(operation));
        const std::uint64_t base = parts.empty() ? 0 : parts.back().offset + parts.back().length;
        for (PartReceipt& part : page->parts) {
          part.offset += base;
          if (!parts.empty() && part.number <= parts.back().number) {
            return done(Status(Kind::protocol, "the store's list of parts does not go forward").during(operation));
          }
          parts.push_back(std::move(part));
        }
        if (!page->algorithm.empty()) {
          std::lock_guard lock(self->mutex_);
          self->declared_.try_emplace(id, page->algorithm == "CRC64NVME");
        }
        if (!page->truncated) return done(std::move(parts));
        if (page->next_marker <= marker) {
          return done(Status(Kind::protocol, "the store answered the same page of parts again").during(operation));
        }
        self->list_page(id, page->next_marker, std::move(parts), chain, std::move(done));
      });
}

Target::Cancel S3Target::list_parts(const std::string& id, Done<std::vector<PartReceipt>> done) {
  auto chain = std::make_shared<Chain>();
  list_page(id, 0, {}, chain, std::move(done));
  return [chain] { chain->cancel(); };
}

Target::Cancel S3Target::commit(const std::string& id, std::vector<PartReceipt> parts, Whole whole, Done<Stored> done) {
  auto self = shared_from_this();
  auto chain = std::make_shared<Chain>();
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  chain->next(
      *wire_,
      [self, id, whole, parts = std::move(parts)]() -> Result<WireRequest> {
        WireRequest request = self->request("complete", "POST");
        request.query = {{"uploadId", id}};
        const bool checksum = self->declares_checksum(id);
        if (checksum) {
          request.headers = {{"x-amz-checksum-type", "FULL_OBJECT"},
                             {"x-amz-mp-object-size", std::to_string(whole.length)}};
          if (whole.crc64nvme) request.headers.emplace_back(kChecksumHeader, crc64nvme_base64(*whole.crc64nvme));
        }
        self->add_conditions(request);
        request.set_text(complete_body(parts, checksum));
        return request;
      },
      [self, id, whole, chain, done = std::move(done)](Result<net::Response> answer) {
        if (!answer) return done(conflict(self->conditional(answer.status())));
        Status status = self->check_completed(*answer, whole);
        if (!status.ok()) return done(status.during("complete " + self->location_.url()));
        const auto expected = self->declares_checksum(id) ? whole.crc64nvme : std::nullopt;
        const Completed completed = *parse_completed(answer->body);
        self->prove({whole.length, completed.etag, parse_crc64nvme(completed.checksum), {}}, expected, chain, done);
      });
  return [chain] { chain->cancel(); };
}

Status S3Target::check_completed(const net::Response& answer, const Whole& whole) const {
  // The 200 was sent before the work was done, so the body decides (API reference, CompleteMultipartUpload).
  if (is_error(answer.body)) return error_of(answer);
  WEIR_ASSIGN(const Completed completed, parse_completed(answer.body));
  return check_answer(completed.etag, completed.checksum, whole.crc64nvme, "object");
}

/// Only a HEAD tells how long the object is that the parts became. A key that may write but not read has to do with
/// what Complete said.
void S3Target::prove(const Stored& completed, std::optional<std::uint64_t> crc, const std::shared_ptr<Chain>& chain,
                     const Done<Stored>& done) {
  auto self = shared_from_this();
  chain->next(
      *wire_, [self]() -> Result<WireRequest> { return head_request(self->location_); },
      [self, completed, crc, done](Result<net::Response> answer) {
        if (is_refused(answer.status())) return done(completed);
        if (!answer) return done(answer.status());
        const S3ObjectInfo info = object_info(self->location_, *answer);
        const std::string operation = "look at " + self->location_.url();
        if (info.etag != completed.etag) {
          return done(Status(Kind::already_exists, "another writer replaced the object right after it was stored")
                          .during(operation));
        }
        if (crc && info.crc64nvme && *info.crc64nvme != *crc) {
          return done(differs("object", crc64nvme_base64(*info.crc64nvme), *crc).during(operation));
        }
        done(stored_of(info));
      });
}

Target::Cancel S3Target::abort(const std::string& id, Done<None> done) {
  auto self = shared_from_this();
  auto chain = std::make_shared<Chain>();
  chain->next(
      *wire_,
      [self, id]() -> Result<WireRequest> {
        WireRequest request = self->request("abort the upload to", "DELETE");
        request.query = {{"uploadId", id}};
        return request;
      },
      [self, id, chain, done = std::move(done)](Result<net::Response> answer) {
        if (!answer) {
          const Status status = answer.status();
          return status.error().service_code == "NoSuchUpload" ? done(None{}) : done(status);
        }
        self->confirm_abort(id, chain, done);
      });
  return [chain] { chain->cancel(); };
}

/// Parts that were under way when the upload was aborted may keep it alive: then it must be aborted again.
void S3Target::confirm_abort(const std::string& id, const std::shared_ptr<Chain>& chain, const Done<None>& done) {
  auto self = shared_from_this();
  list_page(id, 0, {}, chain, [self, done](Result<std::vector<PartReceipt>> parts) {
    if (!parts && parts.error().kind == Kind::not_found) return done(None{});
    if (is_refused(parts.status())) return done(None{});  // the abort itself succeeded
    if (!parts) return done(parts.status());
    done(Status(Kind::unavailable, "the store still has the upload")
             .with(Retry::transient)
             .during("abort the upload to " + self->location_.url()));
  });
}

}  // namespace weir::s3

namespace weir {

std::shared_ptr<Target> s3_target(std::shared_ptr<S3Client> client, S3Location location, ObjectOptions options) {
  return std::make_shared<s3::S3Target>(std::static_pointer_cast<s3::Wire>(std::move(client)), std::move(location),
                                        std::move(options));
}

}  // namespace weir
