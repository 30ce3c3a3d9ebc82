// A Vercel Blob store as a Store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/vercel_wire.hpp"
#include "weir/store/store.hpp"

namespace weir::vercel {

/// Thread-safe.
class VercelStore : public Store {
 public:
  explicit VercelStore(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

  const Abilities& abilities() const override;
  std::string url(const std::string& key) const override { return wire_->settings().url(key); }
  Status check_key(const std::string& key) const override { return check_vercel_path(key); }
  Status check_storable(const ObjectOptions& options) const override;
  Result<Listing> list(const ListOptions& options) override;
  Result<ObjectInfo> head(const std::string& key) override { return look(key, nullptr); }
  Status remove(const std::string& key) override;
  Result<std::vector<NotRemoved>> remove_many(const std::vector<std::string>& keys) override;
  using Store::copy;
  Cancel copy(const std::string& from_url, const std::string& key, const ObjectOptions& options,
              CopyDone done) override;
  Result<std::string> presign(const std::string& method, const std::string& key, std::chrono::seconds valid) override;
  std::shared_ptr<Origin> origin(const std::string& key) override;
  std::shared_ptr<Target> target(const std::string& key, const ObjectOptions& options) override;

 private:
  Status remove_all(const std::vector<std::string>& keys, const std::string& operation);
  Result<ObjectInfo> look(const std::string& key, store::Cancellation* stop) const;
  Result<ObjectInfo> copy_here(const std::string& from_url, const std::string& key, const ObjectOptions& options,
                               store::Cancellation& stop) const;
  Result<ObjectInfo> after_refusal(const std::string& key, const ObjectInfo& source, Status refusal, bool conditional,
                                   store::Cancellation& stop) const;
  Status check_destination(const std::string& key, const ObjectOptions& options, store::Cancellation& stop) const;

  const std::shared_ptr<Wire> wire_;
};

}  // namespace weir::vercel
