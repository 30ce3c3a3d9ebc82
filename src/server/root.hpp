// Which part of a server answers a request.
#pragma once

#include <memory>
#include <string>

#include "server/assembly.hpp"
#include "server/downloads.hpp"
#include "server/events.hpp"
#include "server/exchange.hpp"
#include "server/places.hpp"
#include "server/resumable_http.hpp"
#include "server/tus.hpp"
#include "server/uploads.hpp"

namespace weir::server {

class Root final : public Endpoint {
 public:
  Root(const std::shared_ptr<Uploads>& uploads, std::shared_ptr<Storing> storing, bool interim);
  std::unique_ptr<Handler> handle(Request& request, Exchange& exchange) override;
  const Places& places() const { return places_; }

 private:
  const std::shared_ptr<Uploads> uploads_;
  const std::shared_ptr<Assembly> assembly_;
  const std::shared_ptr<Events> events_;
  const Places places_{"/files"};
  Downloads downloads_;
  Tus tus_;
  ResumableHttp http_;
};

}  // namespace weir::server
