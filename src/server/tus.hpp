// tus 1.0 (https://tus.io/protocols/resumable-upload): what its requests ask of uploads, and how it answers.
#pragma once

#include <memory>

#include "server/append_request.hpp"
#include "server/assembly.hpp"
#include "server/downloads.hpp"
#include "server/exchange.hpp"
#include "server/places.hpp"
#include "server/tus_fields.hpp"
#include "server/uploads.hpp"

namespace weir::server {

/// Whether a request speaks it.
bool speaks_tus(const RequestHead& head);
/// What is to be done: of X-HTTP-Method-Override, where there is one.
std::string tus_method_of(const RequestHead& head);

class Tus final {
 public:
  Tus(std::shared_ptr<Uploads> uploads, std::shared_ptr<Assembly> assembly, Downloads& downloads, const Places& places)
      : uploads_(std::move(uploads)), assembly_(std::move(assembly)), downloads_(downloads), places_(places) {}
  /// Of what lies at or below the places' base.
  std::unique_ptr<Handler> handle(const Request& request, Exchange& exchange);

 private:
  std::unique_ptr<Handler> create(const Request& request, Exchange& exchange);
  std::unique_ptr<Handler> append(const Request& request, const std::shared_ptr<Upload>& upload, Exchange& exchange);
  std::unique_ptr<Handler> look(const std::shared_ptr<Upload>& upload, Exchange& exchange);
  std::unique_ptr<Handler> remove(const std::shared_ptr<Upload>& upload, Exchange& exchange);
  std::unique_ptr<Handler> concatenate(const Request& request, NewUpload what, const UploadConcat& concat,
                                       Exchange& exchange);
  /// Into `plan`; or what is wrong with it.
  static std::optional<std::string> read_checksum(const RequestHead& head, AppendPlan& plan);
  Response options() const;

  const std::shared_ptr<Uploads> uploads_;
  const std::shared_ptr<Assembly> assembly_;
  Downloads& downloads_;
  const Places& places_;
};

}  // namespace weir::server
