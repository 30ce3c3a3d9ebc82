#include "server/downloads.hpp"

#include <fmt/format.h>

#include <utility>

#include "server/http_conditions.hpp"
#include "server/http_date.hpp"
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

Response of(const RequestHead& head, const ServedUpload& upload, std::shared_ptr<platform::Fd> file,
            const struct stat& there) {
  const Representation what{static_cast<std::uint64_t>(there.st_size), '"' + upload.id + '"', there.st_mtim.tv_sec};
  const Selection chosen = select(head, what);
  Response response{ResponseHead(chosen.status), {}};
  ResponseHead& told = response.head;
  told.add("ETag", what.etag);
  told.add("Last-Modified", http_date(*what.modified_s));
  told.add("Accept-Ranges", "bytes");
  told.add("Cache-Control", "private, no-transform");
  if (chosen.status == 416) told.add("Content-Range", fmt::format("bytes */{}", what.bytes));
  if (chosen.status == 206)
    told.add("Content-Range",
             fmt::format("bytes {}-{}/{}", chosen.offset, chosen.offset + chosen.bytes - 1, what.bytes));
  if (chosen.status != 200 && chosen.status != 206) return response;
  std::string name = said_of(upload, {"filename", "name"});
  if (name.empty()) name = upload.id;
  const std::string type = said_of(upload, {"filetype", "type", "content-type"});
  if (type.empty() || !told.add("Content-Type", type)) told.add("Content-Type", "application/octet-stream");
  told.add("Content-Disposition", content_disposition("attachment", name));
  told.add("X-Content-Type-Options", "nosniff");
  told.add("Content-Security-Policy", "sandbox; default-src 'none'");
  response.body = FileRange{std::move(file), chosen.offset, chosen.bytes};
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
  auto waiting = std::make_unique<Waiting>();
  auto answer = std::make_shared<std::function<void(Response)>>(
      waiting->here([&exchange](Response response) { exchange.respond(std::move(response)); }));
  uploads_->pool().post_blocking([uploads = uploads_, upload = upload->record(), head = request.head,
                                  answer]() mutable {
    auto file = uploads->files().open_finished(upload.id);
    const auto there = file.ok() ? platform::stat_of((*file)->get(), upload.id) : Result<struct stat>(file.status());
    Response response{ResponseHead(404), std::string("what was stored is not there any more\n")};
    if (there.ok()) response = of(head, upload, *std::move(file), *there);
    uploads->loop().post([answer = std::move(answer), response = std::move(response)] { (*answer)(response); });
  });
  return waiting;
}

}  // namespace weir::server
