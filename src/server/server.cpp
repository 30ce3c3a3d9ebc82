#include "weir/server/server.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

#include "ledger/state_dir.hpp"
#include "server/gate.hpp"
#include "server/root.hpp"
#include "server/sockets.hpp"
#include "weir/codec/checksum.hpp"

namespace weir::server {
namespace {

constexpr std::chrono::seconds kExpiryEvery{30};

/// Tells this run of the machine from others; empty where it does not say: then nothing unsynced is believed.
std::string boot_id() {
  auto file = platform::open_file("/proc/sys/kernel/random/boot_id", O_RDONLY);
  std::array<std::byte, 64> bytes{};
  const auto count =
      file.ok() ? platform::read_fully(file->get(), bytes, "boot_id") : Result<std::size_t>(file.status());
  return count.ok() ? std::string(reinterpret_cast<const char*>(bytes.data()), *count) : std::string();
}

class UploadServer final : public Server {
 public:
  UploadServer(std::unique_ptr<Sockets> sockets, std::shared_ptr<Uploads> uploads, std::shared_ptr<Storing> storing,
               GateRules rules, bool interim)
      : sockets_(std::move(sockets)),
        uploads_(std::move(uploads)),
        storing_(std::move(storing)),
        root_(uploads_, storing_, interim),
        gate_(root_, root_.places(), uploads_, std::move(rules)),
        thread_([this] { run(); }) {}
  ~UploadServer() override { UploadServer::stop(std::chrono::milliseconds(0)); }
  UploadServer(const UploadServer&) = delete;
  UploadServer& operator=(const UploadServer&) = delete;

  std::string url() const override { return "http://" + sockets_->address(); }
  void stop(std::chrono::milliseconds grace) override {
    sockets_->stop(grace);
    if (storing_) sockets_->executor()->post([storing = storing_] { storing->stop(); });
    const std::lock_guard lock(mutex_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    expire();
    if (storing_) storing_->begin(uploads_);
    sockets_->run(gate_, [this] { return uploads_->quiet() && gate_.quiet() && (!storing_ || storing_->quiet()); });
  }
  void expire() {
    uploads_->expire();
    sockets_->executor()->post_after(kExpiryEvery, [this] { expire(); });
  }

  const std::unique_ptr<Sockets> sockets_;
  const std::shared_ptr<Uploads> uploads_;
  const std::shared_ptr<Storing> storing_;  // null: uploads stay as they are in their folder
  Root root_;
  Gate gate_;
  std::mutex mutex_;
  std::thread thread_;
};

/// The same for the same place, so that the next server finds what this one leaves.
Result<std::string> spool_of(const ServerOptions& options) {
  if (!options.spool.empty()) return options.spool;
  WEIR_ASSIGN(const std::string state, ledger::state_dir_of(options.state_dir));
  WEIR_ASSIGN(const std::string real, ledger::prepare_state_dir(state));
  return fmt::format("{}/serve-{:08x}", real, crc32c(0, std::as_bytes(std::span(options.to))));
}

Result<std::shared_ptr<Storing>> storing_of(const ServerOptions& options, std::string to) {
  StoringOptions storing;
  storing.to = to.ends_with('/') ? std::move(to) : std::move(to) + "/";
  storing.through = options.through;
  storing.endpoint = options.endpoint;
  if (!storing.endpoint.upload.ledger) storing.endpoint.upload.ledger = Ledger::on_demand({options.state_dir, {}});
  storing.budget_bytes = options.store_budget_bytes;
  storing.at_once = std::max<std::size_t>(options.stores_at_once, 1);
  return Storing::make(std::move(storing));
}

}  // namespace

static Result<std::unique_ptr<Server>> start_server(const ServerOptions& options) {
  if (options.to.empty()) {
    return Status(Kind::invalid_argument, "nothing says where finished uploads go")
        .during("start a server")
        .advise("Name a folder or a place in a store in ServerOptions::to.");
  }
  const bool remote = is_store(options.to);
  WEIR_ASSIGN(const std::string folder, remote ? spool_of(options) : Result<std::string>(options.to));
  WEIR_ASSIGN(auto files, UploadFiles::open(folder));
  std::shared_ptr<Storing> storing;
  if (remote || !options.through.empty()) {
    WEIR_ASSIGN(storing, storing_of(options, remote ? options.to : files->folder()));
  }
  WEIR_ASSIGN(auto known, ledger::ServedUploads::open(options.state_dir, files->folder()));
  SocketLimits limits;
  limits.connections = options.max_connections;
  WEIR_ASSIGN(auto sockets, Sockets::listen(options.listen, limits));
  Uploads::Setup setup;
  setup.files = std::move(files);
  setup.known = std::move(known);
  setup.loop = sockets->executor();
  setup.pool = Executor::default_pool();
  setup.limits.bytes = options.max_upload_bytes;
  setup.limits.lifetime = options.lifetime;
  setup.limits.unfinished = options.max_unfinished;
  setup.limits.unfinished_of_one = options.max_unfinished_of_one;
  setup.boot = boot_id();
  setup.stays_here = storing == nullptr;
  WEIR_ASSIGN(auto uploads, Uploads::open(std::move(setup)));
  return std::unique_ptr<Server>(
      std::make_unique<UploadServer>(std::move(sockets), std::move(uploads), std::move(storing),
                                     GateRules{options.authorize, options.origins}, options.interim_responses));
}

}  // namespace weir::server

namespace weir {

Result<std::unique_ptr<Server>> Server::start(ServerOptions options) { return server::start_server(options); }

}  // namespace weir
