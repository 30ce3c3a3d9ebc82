// Uploads that are made of others (tus, concatenation): copied together once all of them are whole.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/uploads.hpp"

namespace weir::server {

class Assembly : public std::enable_shared_from_this<Assembly> {
 public:
  explicit Assembly(const std::shared_ptr<Uploads>& uploads) : uploads_(uploads) {}

  /// What ServedUpload::concat says of one of these parts.
  static std::string text_of(const std::vector<std::string>& ids);
  /// The ids; empty where it is no such upload.
  static std::vector<std::string> parts_of(const ServedUpload& record);

  /// Once it can be. `upload` may be one that an earlier process began. `settled` is called when it is stored, or has
  /// failed, or its parts are not whole yet.
  void assemble(const std::shared_ptr<Upload>& upload, std::function<void()> settled);
  /// Those of an earlier process.
  void assemble_earlier();

 private:
  void look(const std::string& id, std::function<void()> settled);
  void copy(const std::shared_ptr<Upload>& upload, std::vector<std::shared_ptr<Upload>> parts, std::uint64_t bytes,
            std::function<void()> settled);

  const std::weak_ptr<Uploads> uploads_;
  std::map<std::string, Upload::Watch> watched_;  // by id of those that wait for their parts
};

}  // namespace weir::server
