// What is called back later, and not any more once its owner is gone.
#pragma once

#include <memory>
#include <utility>

namespace weir::server {

/// On one thread: an owner may go while one of its calls is under way.
class Alive {
 public:
  Alive() = default;
  ~Alive() { end(); }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;

  /// From now on nothing is called.
  void end() { *flag_ = false; }
  /// Calls `inside` with whatever it is given, until the end.
  template <class Inside>
  auto here(Inside inside) const {
    return [flag = flag_, inside = std::move(inside)](auto&&... given) {
      if (*flag) inside(std::forward<decltype(given)>(given)...);
    };
  }
  std::shared_ptr<const bool> flag() const { return flag_; }

 private:
  const std::shared_ptr<bool> flag_ = std::make_shared<bool>(true);
};

}  // namespace weir::server
