// In front of whoever answers: which web pages may ask, who may ask for what, and whose it is.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "server/exchange.hpp"
#include "server/places.hpp"
#include "server/uploads.hpp"
#include "weir/server/access.hpp"

namespace weir::server {

struct GateRules {
  Authorize authorize = nullptr;          ///< none: everybody may
  std::vector<std::string> origins = {};  ///< of web pages that may, as "https://app.example.com"; "*": all
};

class Gate final : public Endpoint {
 public:
  /// All of these outlive it.
  Gate(Endpoint& inside, const Places& places, std::shared_ptr<Uploads> uploads, GateRules rules)
      : inside_(inside), places_(places), uploads_(std::move(uploads)), rules_(std::move(rules)) {}
  std::unique_ptr<Handler> handle(Request& request, Exchange& exchange) override;
  /// The host is not being asked: until then this must live.
  bool quiet() const { return asking_ == 0; }

 private:
  class Deciding;
  bool passes_origin(const Request& request, Exchange& exchange) const;

  Endpoint& inside_;
  const Places& places_;
  const std::shared_ptr<Uploads> uploads_;
  const GateRules rules_;
  std::size_t asking_ = 0;
};

}  // namespace weir::server
