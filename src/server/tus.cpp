#include "server/tus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/append_request.hpp"
#include "server/http_date.hpp"
#include "server/resumable_http.hpp"
#include "server/tus_fields.hpp"
#include "server/waiting.hpp"

namespace weir::server {
namespace {

using Problem = AppendWords::Problem;

constexpr std::string_view kTusVersion = "1.0.0";
constexpr std::string_view kOffsetType = "application/offset+octet-stream";
constexpr std::string_view kExtensions =
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,checksum-trailer,termination,"
    "concatenation,concatenation-unfinished";

Response said(int status, std::string why = {}) {
  Response response = why.empty() ? Response{ResponseHead(status), {}} : text_response(status, std::move(why));
  response.head.add("Tus-Resumable", kTusVersion);
  return response;
}

void add_expiry(ResponseHead& head, const Upload& upload) {
  const std::int64_t expires = upload.record().expires_unix;
  if (upload.unfinished() && expires != 0) head.add("Upload-Expires", http_date(expires));
}

class TusWords final : public AppendWords {
 public:
  explicit TusWords(const Places& places, bool with_body) : places_(places), with_body_(with_body) {}

  Response appended(const Upload& upload, bool created) const override {
    Response response = said(created ? 201 : 204);
    if (created) response.head.add("Location", places_.place_of(upload.id()));
    if (!created || with_body_) response.head.add("Upload-Offset", upload.record().durable);
    add_expiry(response.head, upload);
    return response;
  }

  Response refused(const Upload* upload, Problem problem, const std::string& why) const override {
    switch (problem) {
      case Problem::other_offset: {
        Response response = said(409, fmt::format("the upload is at {}", upload->received()));
        return response;
      }
      case Problem::too_long:
        return said(413, "that is more than the length of the upload, or than this server takes");
      case Problem::other_length:
        return said(400, "the length is another than was told before, or less than is there");
      case Problem::bad_checksum:
        return said(460, "the bytes that came are not those of Upload-Checksum: nothing of them was added");
      case Problem::unknown_digest:
        return said(400, "there is no good Upload-Checksum in the trailers: nothing was added");
      case Problem::fenced:
        return said(409, "a newer request goes on with this upload");
      case Problem::finished:
        return said(410, "nothing more is taken: " + why);
      case Problem::disk:
        break;
    }
    return said(500, why);
  }

 private:
  const Places& places_;
  const bool with_body_;
};

}  // namespace

std::string tus_method_of(const RequestHead& head) {
  return std::string(head.one("x-http-method-override").value_or(head.method));
}

bool speaks_tus(const RequestHead& head) {
  if (head.method == "OPTIONS" || head.count("tus-resumable") > 0) return true;
  // Its requests without their version are told so.
  if (head.count("upload-length") > 0 && !speaks_resumable_http(head)) return true;
  return head.count("upload-defer-length") > 0 || head.count("upload-concat") > 0 ||
         head.one("content-type") == kOffsetType;
}

Response Tus::options() const {
  Response response = said(204);
  response.head.add("Tus-Version", kTusVersion);
  response.head.add("Tus-Extension", kExtensions);
  response.head.add("Tus-Max-Size", uploads_->limits().bytes);
  response.head.add("Tus-Checksum-Algorithm", kTusChecksums);
  // Of resumable uploads for HTTP, which lie in the same places.
  response.head.add("Upload-Limit", fmt::format("max-size={}", uploads_->limits().bytes));
  response.head.add("Accept-Patch", "application/offset+octet-stream, application/partial-upload");
  return response;
}

std::unique_ptr<Handler> Tus::handle(const Request& request, Exchange& exchange) {
  const RequestHead& head = request.head;
  const auto answer = [&](Response response) {
    exchange.respond(std::move(response));
    return std::unique_ptr<Handler>();
  };
  const std::string method = tus_method_of(head);
  if (method == "OPTIONS") return answer(options());
  if (head.one("tus-resumable") != kTusVersion) {
    Response response = said(412, "this server speaks tus 1.0.0");
    response.head.add("Tus-Version", kTusVersion);
    return answer(std::move(response));
  }
  const auto path = path_of(head);
  if (path && places_.is_base(*path)) {
    if (method == "POST") return create(request, exchange);
    return answer(said(405, "uploads are made by POST"));
  }
  const auto id = path ? places_.id_in(*path) : std::nullopt;
  const auto upload = id ? uploads_->find(*id) : nullptr;
  if (!upload) {
    Response response = id && uploads_->was_here(*id) ? said(410) : said(404);
    if (method == "HEAD") response.head.add("Cache-Control", "no-store");
    return answer(std::move(response));
  }
  if (method == "HEAD") return look(upload, exchange);
  if (method == "PATCH") return append(request, upload, exchange);
  if (method == "DELETE") return remove(upload, exchange);
  if (method == "GET") return downloads_.handle(request, upload, exchange);
  return answer(said(405, "what is known here of an upload is HEAD, PATCH, DELETE and GET"));
}

std::unique_ptr<Handler> Tus::create(const Request& request, Exchange& exchange) {
  const RequestHead& head = request.head;
  const auto refuse = [&](int status, std::string why) {
    exchange.respond(said(status, std::move(why)));
    return std::unique_ptr<Handler>();
  };
  NewUpload what;
  what.owner = request.owner;
  if (head.count("upload-metadata") > 0) {
    const auto metadata = head.one("upload-metadata");
    if (!metadata || !read_upload_metadata(*metadata))
      return refuse(400, "the Upload-Metadata is malformed, or too much");
    what.metadata = *metadata;
  }
  const bool defers = head.count("upload-defer-length") > 0;
  if (head.count("upload-concat") > 0) {
    const auto text = head.one("upload-concat");
    const auto concat = text ? read_upload_concat(*text) : std::nullopt;
    if (!concat) return refuse(400, "the Upload-Concat is malformed, or names too many parts");
    if (concat->final) {
      if (defers || head.count("upload-length") > 0) return refuse(400, "a final upload has the length of its parts");
      return concatenate(request, std::move(what), *concat, exchange);
    }
    what.concat = ServedUpload::kPart;
  }
  if (defers == (head.count("upload-length") > 0) || (defers && head.one("upload-defer-length") != "1"))
    return refuse(400, "there must be one of Upload-Length and Upload-Defer-Length: 1");
  if (!defers) {
    const auto length = head.one("upload-length");
    what.length = length ? read_count(*length) : std::nullopt;
    if (!what.length) return refuse(400, "the Upload-Length is no length");
    if (*what.length > uploads_->limits().bytes)
      return refuse(413, fmt::format("this server takes {} bytes", uploads_->limits().bytes));
  }
  const bool with_body = head.one("content-type") == kOffsetType;
  AppendPlan plan;
  plan.most = uploads_->limits().bytes;
  if (with_body) {
    if (!request.framing.chunked) plan.body = request.framing.bytes;
    if (what.length && plan.body.value_or(0) > *what.length) return refuse(413, "the body is longer than the upload");
    if (auto wrong = read_checksum(head, plan)) return refuse(400, *wrong);
  } else if (request.framing.chunked || request.framing.bytes > 0) {
    plan.takes_body = false;
  }
  auto handler =
      std::make_unique<AppendRequest>(std::make_shared<TusWords>(places_, with_body), std::move(plan), exchange);
  handler->create(*uploads_, std::move(what), nullptr);
  return handler;
}

std::unique_ptr<Handler> Tus::append(const Request& request, const std::shared_ptr<Upload>& upload,
                                     Exchange& exchange) {
  const RequestHead& head = request.head;
  const auto refuse = [&](int status, std::string why) {
    exchange.respond(said(status, std::move(why)));
    return std::unique_ptr<Handler>();
  };
  if (upload->record().is_made_of_others()) return refuse(403, "a final upload takes no bytes of its own");
  if (head.one("content-type") != kOffsetType)
    return refuse(415, fmt::format("the Content-Type must be {}", kOffsetType));
  const auto offset = head.one("upload-offset");
  const auto at = offset ? read_count(*offset) : std::nullopt;
  if (!at) return refuse(400, "there must be one Upload-Offset, a number");
  AppendPlan plan;
  plan.offset = *at;
  plan.most = uploads_->limits().bytes;
  if (!request.framing.chunked) plan.body = request.framing.bytes;
  if (head.count("upload-length") > 0) {
    const auto length = head.one("upload-length");
    plan.length = length ? read_count(*length) : std::nullopt;
    if (!plan.length) return refuse(400, "the Upload-Length is no length");
    if (*plan.length > plan.most) return refuse(413, fmt::format("this server takes {} bytes", plan.most));
  }
  if (auto wrong = read_checksum(head, plan)) return refuse(400, *wrong);
  auto handler = std::make_unique<AppendRequest>(std::make_shared<TusWords>(places_, true), std::move(plan), exchange);
  handler->begin(upload);
  return handler;
}

std::optional<std::string> Tus::read_checksum(const RequestHead& head, AppendPlan& plan) {
  if (head.lists("trailer", "upload-checksum")) {
    plan.digest_in = [](const ChunkedReader& trailers) -> std::optional<UploadChecksum> {
      const auto text = trailers.trailer("upload-checksum");
      const auto checksum = text ? read_upload_checksum(*text) : std::nullopt;
      return checksum && BodyDigest::make(checksum->algorithm) ? checksum : std::nullopt;
    };
    return {};
  }
  if (head.count("upload-checksum") == 0) return {};
  const auto text = head.one("upload-checksum");
  const auto checksum = text ? read_upload_checksum(*text) : std::nullopt;
  if (!checksum) return "the Upload-Checksum is malformed";
  if (!BodyDigest::make(checksum->algorithm))
    return fmt::format("the algorithms of Upload-Checksum are {} here", kTusChecksums);
  plan.algorithm = checksum->algorithm;
  plan.digest = checksum->digest;
  return {};
}

std::unique_ptr<Handler> Tus::look(const std::shared_ptr<Upload>& upload, Exchange& exchange) {
  auto waiting = std::make_unique<Waiting>();
  // What it tells is what lasts; whoever adds to the upload goes on.
  upload->make_durable(waiting->here([this, upload, &exchange](const Status& status) {
    const ServedUpload& record = upload->record();
    Response response = said(status.ok() && record.state != ServedUpload::State::failed ? 200 : 410);
    response.head.add("Cache-Control", "no-store");
    if (response.head.status() == 200) {
      const auto parts = Assembly::parts_of(record);
      if (parts.empty() || upload->stored()) response.head.add("Upload-Offset", record.durable);
      if (record.length) {
        response.head.add("Upload-Length", *record.length);
      } else if (parts.empty()) {
        response.head.add("Upload-Defer-Length", "1");
      }
      if (!record.metadata.empty()) response.head.add("Upload-Metadata", record.metadata);
      std::string concat = parts.empty() ? record.concat : ServedUpload::kOthers;
      for (const std::string& part : parts) concat += (part == parts.front() ? "" : " ") + places_.place_of(part);
      if (!concat.empty()) response.head.add("Upload-Concat", concat);
      add_expiry(response.head, *upload);
    }
    exchange.respond(std::move(response));
  }));
  return waiting;
}

std::unique_ptr<Handler> Tus::remove(const std::shared_ptr<Upload>& upload, Exchange& exchange) {
  auto waiting = std::make_unique<Waiting>();
  uploads_->remove(upload, waiting->here([&exchange](const Status& status) {
    exchange.respond(status.ok() ? said(204) : said(500, status.message()));
  }));
  return waiting;
}

std::unique_ptr<Handler> Tus::concatenate(const Request& request, NewUpload what, const UploadConcat& concat,
                                          Exchange& exchange) {
  const auto refuse = [&](int status, std::string why) {
    exchange.respond(said(status, std::move(why)));
    return std::unique_ptr<Handler>();
  };
  std::vector<std::string> ids;
  std::uint64_t bytes = 0;
  bool known = true;
  for (const std::string& url : concat.parts) {
    const auto id = places_.id_in_url(url, request.head);
    if (!id) return refuse(400, "a part in Upload-Concat is no upload of this server");
    const auto part = uploads_->find(*id);
    // Another's is as one that is not there.
    if (!part || part->record().owner != what.owner) return refuse(404, "a part in Upload-Concat is not there");
    if (!part->record().is_part()) return refuse(400, "a part in Upload-Concat was not made as a partial upload");
    known = known && part->record().length.has_value();
    bytes += part->record().length.value_or(part->received());
    if (bytes > uploads_->limits().bytes) return refuse(413, "the parts together are more than this server takes");
    ids.push_back(*id);
  }
  if (known) what.length = bytes;
  if (bytes == 0) what.length.reset();  // nothing is whole before its parts are
  what.concat = Assembly::text_of(ids);
  auto waiting = std::make_unique<Waiting>();
  const auto told = waiting->here([this, &exchange](const Result<std::shared_ptr<Upload>>& made) {
    if (!made.ok()) return exchange.respond(said(500, made.status().message()));
    Response response = said(201);
    response.head.add("Location", places_.place_of((*made)->id()));
    exchange.respond(std::move(response));
  });
  // It is made whether or not the client waits for that.
  uploads_->create(std::move(what), [assembly = assembly_, told](const Result<std::shared_ptr<Upload>>& made) {
    if (!made.ok()) return told(made);
    assembly->assemble(*made, [told, made] { told(made); });
  });
  return waiting;
}

}  // namespace weir::server
