// What is stored, for those who read it (RFC 9110: ranges, conditions). Nobody is made to run what somebody uploaded:
// it is an attachment.
#pragma once

#include <memory>

#include "server/exchange.hpp"
#include "server/uploads.hpp"

namespace weir::server {

class Downloads {
 public:
  explicit Downloads(std::shared_ptr<Uploads> uploads) : uploads_(std::move(uploads)) {}
  /// GET and HEAD of an upload.
  std::unique_ptr<Handler> handle(const Request& request, const std::shared_ptr<Upload>& upload, Exchange& exchange);

 private:
  const std::shared_ptr<Uploads> uploads_;
};

}  // namespace weir::server
