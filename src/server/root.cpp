#include "server/root.hpp"

#include <utility>

namespace weir::server {
namespace {

std::unique_ptr<Handler> answer(Exchange& exchange, int status, std::string text) {
  Response response{ResponseHead(status), std::move(text)};
  response.head.add("Content-Type", "text/plain; charset=utf-8");
  response.head.add("X-Content-Type-Options", "nosniff");
  response.head.add("Cache-Control", "no-store");
  exchange.respond(std::move(response));
  return nullptr;
}

}  // namespace

Root::Root(const std::shared_ptr<Uploads>& uploads)
    : uploads_(uploads),
      assembly_(std::make_shared<Assembly>(uploads)),
      tus_(uploads, assembly_, places_),
      downloads_(uploads) {
  assembly_->assemble_earlier();
}

std::unique_ptr<Handler> Root::handle(const Request& request, Exchange& exchange) {
  const RequestHead& head = request.head;
  const auto path = path_of(head);
  if (path == "/health" && (head.method == "GET" || head.method == "HEAD")) return answer(exchange, 200, "ok\n");
  const auto id = path ? places_.id_in(*path) : std::nullopt;
  const bool here = path && (id || places_.is_base(*path));
  if (!here) return answer(exchange, 404, "there is nothing here\n");
  const bool reads = head.method == "GET" || (head.method == "HEAD" && !speaks_tus(head));
  if (!reads || !id) return tus_.handle(request, exchange);
  const auto upload = uploads_->find(*id);
  if (!upload) return answer(exchange, uploads_->was_here(*id) ? 410 : 404, "there is no such upload\n");
  return downloads_.handle(request, upload, exchange);
}

}  // namespace weir::server
