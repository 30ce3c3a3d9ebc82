// What a 404 of a store means, where a look beside the object can tell.
#include "progress_bar.hpp"
#include "transfer.hpp"
#include "weir/transfer/open_store.hpp"

namespace weir::cli {

Status explain_missing(Status status, const std::string& url, const EndpointOptions& endpoint) {
  if (status.kind() != Kind::not_found || status.error().http_status != 404 || !is_store(end_kind(url))) return status;
  const auto place = open_store(url, endpoint);
  if (!place) return status;
  ListOptions below;
  below.prefix = place->key.ends_with('/') ? place->key : place->key + "/";
  below.limit = 1;
  const auto listed = place->store->list(below);
  Error error = status.error();
  if (listed.status().error().service_code == "NoSuchBucket") {
    const std::size_t begins = url.find("://") + 3;
    error.cause = fmt::format("there is no bucket \"{}\"", url.substr(begins, url.find('/', begins) - begins));
    error.service_code = listed.error().service_code;
    error.advice = listed.error().advice;
  } else if (listed.ok() && !listed->objects.empty()) {
    error.advice = "There are objects below that name: cp with -r (recursive) copies them, ls lists them.";
  } else {
    return status;
  }
  return Status(std::move(error));
}

}  // namespace weir::cli
