// A handler of a request whose body nobody wants, while its answer is being made.
#pragma once

#include <memory>
#include <utility>

#include "server/alive.hpp"
#include "server/exchange.hpp"

namespace weir::server {

class Waiting final : public Handler {
 public:
  bool ready() const override { return true; }
  void content(Chunk) override {}
  void content_end(const ChunkedReader&) override {}
  template <class Inside>
  auto here(Inside inside) const {
    return alive_.here(std::move(inside));
  }

 private:
  Alive alive_;
};

}  // namespace weir::server
