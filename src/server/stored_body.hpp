// The bytes of an upload that lies in a store, as the body of a response.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/exchange.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/handles.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir::server {

/// Reads while its client does, a few chunks ahead.
class StoredBody final : public BodyStream, public std::enable_shared_from_this<StoredBody> {
 public:
  /// `endpoint.download.range` is what is read.
  StoredBody(std::string place, EndpointOptions endpoint, std::shared_ptr<Executor> loop);
  /// `ready` is told, on the server's thread, once the first bytes are there, or why there are none.
  void begin(std::function<void(Status)> ready);

  bool next(std::string& into) override;
  bool broke() const override { return broke_; }
  void on_more(std::function<void()> wake) override { wake_ = std::move(wake); }

 private:
  void look();

  const std::string place_;
  const EndpointOptions endpoint_;
  const std::shared_ptr<Executor> loop_;
  PullHandle handle_;
  std::optional<Job> job_;
  std::optional<Chunk> first_;
  std::function<void(Status)> ready_;
  std::function<void()> wake_;
  bool broke_ = false;
};

}  // namespace weir::server
