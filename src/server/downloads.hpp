// What is stored, for those who read it (RFC 9110: ranges, conditions). Nobody is made to run what somebody uploaded:
// it is an attachment.
#pragma once

#include <memory>

#include "server/exchange.hpp"
#include "server/storing.hpp"
#include "server/uploads.hpp"

namespace weir::server {

class Downloads {
 public:
  /// `storing`: the stored ones are in its store; null: in the folder.
  Downloads(std::shared_ptr<Uploads> uploads, std::shared_ptr<Storing> storing)
      : uploads_(std::move(uploads)), storing_(std::move(storing)) {}
  /// GET and HEAD of an upload.
  std::unique_ptr<Handler> handle(const Request& request, const std::shared_ptr<Upload>& upload, Exchange& exchange);

 private:
  std::unique_ptr<Handler> from_store(const Request& request, const ServedUpload& record, Exchange& exchange);

  const std::shared_ptr<Uploads> uploads_;
  const std::shared_ptr<Storing> storing_;
};

}  // namespace weir::server
