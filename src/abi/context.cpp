#include "abi/context.hpp"

#include <cstring>
#include <utility>

#include "abi/credentials.hpp"
#include "abi/entry.hpp"
#include "abi/executor.hpp"
#include "abi/host.hpp"
#include "abi/stages.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

constexpr std::uint32_t kMostThreads = 4096;

Answer read_logger(const weir_logger* given, std::function<void(const std::string&)>& into) {
  if (given == nullptr) return {};
  weir_logger table;
  WEIR_ABI_TRY(read_struct(given, "weir_logger", table));
  std::shared_ptr<Host> host = take_host(table);
  if (table.log == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "weir_logger.log is NULL");
  into = [host = std::move(host), log = table.log](const std::string& line) {
    const CallbackScope inside;
    log(host->get(), WEIR_LOG_NOTICE, line.c_str());
  };
  return {};
}

/// The tables of callbacks first, and all of them whatever is wrong with one: each that is taken is released.
Answer read_tables(const weir_context_options& options, ContextSettings& into) {
  Answer executor = read_executor(options.executor, into.executor);
  Answer logger = read_logger(options.logger, into.notice);
  Answer credentials = read_credentials(options.credentials, into.endpoint.s3.credentials);
  WEIR_ABI_TRY(std::move(executor));
  WEIR_ABI_TRY(std::move(logger));
  return credentials;
}

Answer read_threads(const weir_context_options& options, ContextSettings& into) {
  if (options.threads == 0) return {};
  if (options.executor != nullptr)
    return Answer(WEIR_E_INVALID_ARGUMENT, "threads and an executor of the host's exclude each other");
  if (options.threads > kMostThreads)
    return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("threads is above {}", kMostThreads));
  into.executor = Executor::make_pool(options.threads);
  return {};
}

Answer read_context(const weir_context_options* given, ContextSettings& into) {
  weir_context_options options;
  WEIR_ABI_TRY(read_struct(given, "weir_context_options", options));
  WEIR_ABI_TRY(read_tables(options, into));
  WEIR_ABI_TRY(read_threads(options, into));
  if (options.budget_bytes != 0) into.budget_bytes = options.budget_bytes;
  EndpointOptions& endpoint = into.endpoint;
  endpoint.s3.no_sign_request = options.no_sign_request != 0;
  into.ledger = options.ledger != 0;
  WEIR_ABI_TRY(read_optional_text(options.state_dir, "state_dir", into.state_dir));
  WEIR_ABI_TRY(read_optional_text(options.s3_endpoint_url, "s3_endpoint_url", endpoint.s3.endpoint_url));
  WEIR_ABI_TRY(read_optional_text(options.s3_region, "s3_region", endpoint.s3.region));
  WEIR_ABI_TRY(read_optional_text(options.aws_profile, "aws_profile", endpoint.s3.profile));
  WEIR_ABI_TRY(read_optional_text(options.ca_bundle, "ca_bundle", endpoint.s3.ca_bundle));
  endpoint.http.ca_bundle = endpoint.vercel.ca_bundle = endpoint.s3.ca_bundle;
  if (options.bytes_per_second != 0)
    endpoint.upload.limiter = endpoint.download.limiter = RateLimiter::make(options.bytes_per_second);
  return {};
}

}  // namespace

SharedContext::SharedContext(ContextSettings settings)
    : settings_([&] {
        settings.endpoint.s3.on_notice = settings.endpoint.upload.on_notice = settings.notice;
        return std::move(settings);
      }()),
      registry_(common_registry()) {
  if (settings_.ledger) ledger_ = Ledger::on_demand({settings_.state_dir, settings_.notice});
}

EndpointOptions SharedContext::endpoint(std::string_view names) const {
  EndpointOptions options = settings_.endpoint;
  options.upload.ledger = ledger_;
  if (names.find("s3://") == std::string_view::npos) return options;
  const std::lock_guard lock(mutex_);
  if (!client_) {
    if (auto made = s3_client(options)) client_ = *made;  // why there is none is told by who wants it
  }
  options.client = client_;
  return options;
}

std::shared_ptr<const StageRegistry> SharedContext::registry() const {
  const std::lock_guard lock(mutex_);
  return registry_;
}

Status SharedContext::add_stage(StageType type) {
  const auto taken = [&](const char* why) {
    return Status(Kind::invalid_argument, why).during(fmt::format("add the stage \"{}\"", type.name));
  };
  if (type.name == "push" || type.name == "pull") return taken("the name means a handle");
  const std::lock_guard lock(mutex_);
  if (own_stages_.count(type.name) != 0) return taken("there is one of that name");
  auto with = std::make_shared<StageRegistry>(*registry_);
  const auto own = own_stages_.insert(type.name).first;
  if (Status added = with->replace(std::move(type)); !added.ok()) return own_stages_.erase(own), added;
  registry_ = std::move(with);
  return {};
}

Result<std::shared_ptr<Ledger>> SharedContext::ledger() const {
  if (ledger_) return ledger_;
  return Ledger::open({settings_.state_dir, settings_.notice});
}

void SharedContext::flush() const {
  if (ledger_) (void)ledger_->flush();
}

Answer find_context(weir_context* handle, std::shared_ptr<SharedContext>& into) {
  if (handle != nullptr) return find_handle(handle, into);
  into = std::make_shared<SharedContext>(ContextSettings());
  return {};
}

}  // namespace weir::abi

weir_status weir_context_new(const weir_context_options* options, weir_context** context, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    if (context != nullptr) *context = nullptr;
    ContextSettings settings;
    WEIR_ABI_TRY(read_context(options, settings).during("make a context"));
    if (context == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the context is NULL");
    auto made = std::make_shared<SharedContext>(std::move(settings));
    *context = static_cast<weir_context*>(HandleTable::of_process().add(std::move(made)));
    return {};
  });
}

void weir_context_free(weir_context* context) {
  weir::abi::run_free([&] { (void)weir::abi::HandleTable::of_process().remove<weir::abi::SharedContext>(context); });
}
