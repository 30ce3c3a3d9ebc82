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

Result<OpenUploads> Store::open_uploads(const std::string& prefix, const std::string&) {
  return Status(Kind::unsupported, "there is no list of them").during("list the unfinished uploads of " + url(prefix));
}

Status Store::abort_upload(const OpenUpload& upload) {
  return Status(Kind::unsupported, "the store has no call for it")
      .during("remove the unfinished upload of " + url(upload.key));
}

}  // namespace weir
