#include "server/downloads.hpp"

#include <fmt/format.h>

#include <utility>

#include "server/http_conditions.hpp"
#include "server/http_date.hpp"
#include "server/stored_body.hpp"
#include "server/tus_fields.hpp"
#include "server/waiting.hpp"

namespace weir::server {
namespace {

/// What the client that sent it said of it: names by which other servers and clients call the same.
std::string said_of(const ServedUpload& upload, std::initializer_list<std::string_view> keys) {
  const auto metadata = read_upload_metadata(upload.metadata);
  if (!metadata) return {};
  for (const std::string_view key : keys) {
    for (const auto& [name, value] : *metadata) {
      if (name == key && !value.empty()) return value;
    }
  }
  return {};
}

void describe(ResponseHead& told, const ServedUpload& upload) {
  std::string name = said_of(upload, {"filename", "name"});
  if (name.empty()) name = upload.id;
  const std::string type = said_of(upload, {"filetype", "type", "content-type"});
  if (type.empty() || !told.add("Content-Type", type)) told.add("Content-Type", "application/octet-stream");
  told.add("Content-Disposition", content_disposition("attachment", name));
  told.add("X-Content-Type-Options", "nosniff");
  told.add("Content-Security-Policy", "sandbox; default-src 'none'");
}

std::string etag_of(const ServedUpload& upload) { return '"' + upload.id + '"'; }

bool has_body(const Selection& chosen) { return chosen.status == 200 || chosen.status == 206; }

/// What a representation of that many bytes is, for who asks so; its body is not in it.
Response of(const RequestHead& head, const ServedUpload& upload, const Representation& what, Selection& chosen) {
  chosen = select(head, what);
  Response response{ResponseHead(chosen.status), {}};
  ResponseHead& told = response.head;
  told.add("ETag", what.etag);
  if (what.modified_s) told.add("Last-Modified", http_date(*what.modified_s));
  told.add("Accept-Ranges", "bytes");
  told.add("Cache-Control", "private, no-transform");
  if (chosen.status == 416) told.add("Content-Range", fmt::format("bytes */{}", what.bytes));
  if (chosen.status == 206)
    told.add("Content-Range",
             fmt::format("bytes {}-{}/{}", chosen.offset, chosen.offset + chosen.bytes - 1, what.bytes));
  if (has_body(chosen)) describe(told, upload);
  return response;
}

}  // namespace

std::unique_ptr<Handler> Downloads::handle(const Request& request, const std::shared_ptr<Upload>& upload,
                                           Exchange& exchange) {
  if (!upload->stored()) {
    Response response{ResponseHead(404), std::string("the upload is not finished\n")};
    response.head.add("Content-Type", "text/plain; charset=utf-8");
    response.head.add("Cache-Control", "no-store");
    exchange.respond(std::move(response));
    return nullptr;
  }
  if (storing_ && storing_->is_remote()) return from_store(request, upload->record(), exchange);
  auto waiting = std::make_unique<Waiting>();
  auto answer = std::make_shared<std::function<void(Response)>>(
      waiting->here([&exchange](Response response) { exchange.respond(std::move(response)); }));
  uploads_->pool().post_blocking([uploads = uploads_, record = upload->record(), head = request.head,
                                  answer]() mutable {
    auto file = uploads->files().open_finished(record.id);
    const auto there = file.ok() ? platform::stat_of((*file)->get(), record.id) : Result<struct stat>(file.status());
    Response response{ResponseHead(404), std::string("what was stored is not there any more\n")};
    if (there.ok()) {
      Selection chosen;
      response = of(head, record, {static_cast<std::uint64_t>(there->st_size), etag_of(record), there->st_mtim.tv_sec},
                    chosen);
      if (has_body(chosen)) response.body = FileRange{*std::move(file), chosen.offset, chosen.bytes};
    }
    uploads->loop().post([answer = std::move(answer), response = std::move(response)] { (*answer)(response); });
  });
  return waiting;
}

/// What stages have made of it has a length that nobody here knows: it comes whole.
std::unique_ptr<Handler> Downloads::from_store(const Request& request, const ServedUpload& record, Exchange& exchange) {
  Response response{ResponseHead(200), {}};
  Selection chosen;
  EndpointOptions endpoint = storing_->endpoint();
  if (storing_->changes_bytes()) {
    response.head.add("Cache-Control", "private, no-transform");
    describe(response.head, record);
  } else {
    response = of(request.head, record, {record.length.value_or(0), etag_of(record)}, chosen);
    endpoint.download.range = {chosen.offset, chosen.bytes};
    if (has_body(chosen)) response.head.add("Content-Length", chosen.bytes);
  }
  if (!has_body(chosen) || request.head.method == "HEAD" || (chosen.bytes == 0 && !storing_->changes_bytes())) {
    exchange.respond(std::move(response));
    return nullptr;
  }
  auto waiting = std::make_unique<Waiting>();
  const auto body = std::make_shared<StoredBody>(record.result, std::move(endpoint), uploads_->loop_executor());
  auto answer = std::make_shared<Response>(std::move(response));
  answer->body = std::shared_ptr<BodyStream>(body);
  body->begin(waiting->here([&exchange, answer](const Status& status) {
    if (status.ok()) return exchange.respond(std::move(*answer));
    const bool gone = status.kind() == Kind::not_found;  // what else the store says is not for clients
    exchange.respond(gone ? text_response(404, "what was stored is not there any more")
                          : text_response(502, "the store does not give it now"));
  }));
  return waiting;
}

}  // namespace weir::server
