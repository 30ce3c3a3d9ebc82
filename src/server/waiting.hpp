// A handler of a request whose body nobody wants, while its answer is being made.
#pragma once

#include <memory>
#include <utility>

#include "server/exchange.hpp"

namespace weir::server {

class Waiting final : public Handler {
 public:
  bool ready() const override { return true; }
  void content(Chunk) override {}
  void content_end(const ChunkedReader&) override {}
  /// `inside`, unless the client is gone by then.
  template <class Inside>
  auto here(Inside inside) {
    return [alive = std::weak_ptr<bool>(alive_), inside = std::move(inside)](auto&&... given) {
      if (const auto held = alive.lock()) inside(std::forward<decltype(given)>(given)...);
    };
  }

 private:
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace weir::server
