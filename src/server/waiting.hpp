// A handler of a request whose body nobody wants, while its answer is being made.
#pragma once

#include "server/alive.hpp"
#include "server/exchange.hpp"

namespace weir::server {

class Waiting final : public Handler, public Alive {
 public:
  bool ready() const override { return true; }
  void content(Chunk) override {}
  void content_end(const ChunkedReader&) override {}
};

}  // namespace weir::server
