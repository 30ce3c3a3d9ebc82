#include "weir/store/store.hpp"

#include <future>
#include <memory>

namespace weir {

Result<ObjectInfo> Store::copy(const std::string& from_url, const std::string& key, const ObjectOptions& options) {
  const auto made = std::make_shared<std::promise<Result<ObjectInfo>>>();
  auto answer = made->get_future();
  copy(from_url, key, options, [made](Result<ObjectInfo> result) { made->set_value(std::move(result)); });
  return answer.get();
}

}  // namespace weir
