// A blob as an Origin: looked at through the API, read from its own URL.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "store/object_identity.hpp"
#include "store/vercel_wire.hpp"
#include "weir/store/origin.hpp"

namespace weir::vercel {

/// Thread-safe. Held by shared_ptr; calls under way keep what they need.
class VercelOrigin : public Origin, public std::enable_shared_from_this<VercelOrigin> {
 public:
  VercelOrigin(std::shared_ptr<Wire> wire, std::string path) : wire_(std::move(wire)), path_(std::move(path)) {}

  std::string url() const override { return wire_->settings().url(path_); }
  bool ranges() const override { return *ranges_; }
  std::optional<SourceIdentity> lasting_identity(const ObjectInfo& object) const override {
    return store::object_identity(url(), object);
  }
  std::function<void()> look(std::function<void(Result<ObjectInfo>)> done) override;
  /// After a look(): it tells where the bytes are.
  Running read(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length, OnData on_data,
               std::function<void(Status)> done) override;

 private:
  Result<WireRequest> read_request();

  const std::shared_ptr<Wire> wire_;
  const std::string path_;
  const std::shared_ptr<std::atomic<bool>> ranges_ = std::make_shared<std::atomic<bool>>(true);
  std::mutex mutex_;
  std::string blob_url_;  ///< as the last look() found it
};

}  // namespace weir::vercel
