// SharedContext: what the jobs of a host share.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "abi/handles.hpp"
#include "weir/core/executor.hpp"
#include "weir/ledger/ledger.hpp"
#include "weir/text/registry.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir::abi {

/// What weir_context_options said.
struct ContextSettings {
  EndpointOptions endpoint;
  std::shared_ptr<Executor> executor;  ///< null: that of the process
  std::uint64_t budget_bytes = kDefaultBudgetBytes;
  std::string state_dir;
  bool ledger = false;
  std::function<void(const std::string&)> notice;  ///< may be empty
};

/// Thread-safe. Jobs keep it.
class SharedContext final : public Object {
 public:
  static constexpr const char* kType = "context";
  explicit SharedContext(ContextSettings settings);
  const char* type() const noexcept override { return kType; }

  const ContextSettings& settings() const noexcept { return settings_; }
  /// Options for places; where one of `names` may be in S3, with the client that all share.
  EndpointOptions endpoint(std::string_view names) const;
  /// The stages that its pipelines may have.
  std::shared_ptr<const StageRegistry> registry() const;
  /// A stage of the host's, in place of one of the library's that has its name: a later version of the library, with
  /// more stages, must not break a host. invalid_argument for a name that is none, that another of the host's stages
  /// has, or that means a handle.
  Status add_stage(StageType type);
  /// That of its jobs; where they have none, one that is opened for the call.
  Result<std::shared_ptr<Ledger>> ledger() const;
  /// What is to be recorded is written.
  void flush() const;

 private:
  const ContextSettings settings_;
  std::shared_ptr<Ledger> ledger_;  // null: nothing is recorded
  mutable std::mutex mutex_;
  mutable std::shared_ptr<S3Client> client_;
  std::set<std::string> own_stages_;
  std::shared_ptr<const StageRegistry> registry_;  // replaced, never changed: who reads a pipeline keeps it
};

/// The context of a handle, or for NULL a new one with the defaults.
Answer find_context(weir_context* handle, std::shared_ptr<SharedContext>& into);

}  // namespace weir::abi
