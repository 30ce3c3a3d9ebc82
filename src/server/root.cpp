#include "server/root.hpp"

#include <utility>

#include "server/form_request.hpp"

namespace weir::server {
namespace {

std::unique_ptr<Handler> answer(Exchange& exchange, int status, std::string text) {
  Response response = text_response(status, std::move(text));
  response.head.add("Cache-Control", "no-store");
  exchange.respond(std::move(response));
  return nullptr;
}

}  // namespace

Root::Root(const std::shared_ptr<Uploads>& uploads, std::shared_ptr<Storing> storing, bool interim)
    : uploads_(uploads),
      assembly_(std::make_shared<Assembly>(uploads)),
      events_(std::make_shared<Events>(uploads, EventLimits())),
      downloads_(uploads, std::move(storing)),
      tus_(uploads, assembly_, downloads_, places_),
      http_(uploads, places_, interim) {
  uploads_->watched_by(events_);
  assembly_->assemble_earlier();
}

std::unique_ptr<Handler> Root::handle(Request& request, Exchange& exchange) {
  const RequestHead& head = request.head;
  const auto path = path_of(head);
  if (path == "/health" && (head.method == "GET" || head.method == "HEAD")) return answer(exchange, 200, "ok");
  if (path == "/events" && head.method == "GET") return events_->handle(request, exchange);
  if (!path || !places_.covers(*path)) return answer(exchange, 404, "there is nothing here");
  if (speaks_tus(head)) return tus_.handle(request, exchange);
  const auto type = lower_case(head.one("content-type").value_or(""));
  if (head.method == "POST" && type.starts_with("multipart/form-data") && places_.is_base(*path))
    return FormRequest::begin(request, exchange, uploads_, places_);
  const auto id = places_.id_in(*path);
  const auto upload = id ? uploads_->find(*id) : nullptr;
  // HEAD of what is not finished is a question for the offset.
  const bool reads = head.method == "GET" || (head.method == "HEAD" && upload && upload->stored());
  if (reads && upload && !speaks_resumable_http(head)) return downloads_.handle(request, upload, exchange);
  return http_.handle(request, exchange);
}

}  // namespace weir::server
