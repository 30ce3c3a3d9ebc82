#include "weir/server/server.hpp"

#include <fcntl.h>

#include <array>
#include <mutex>
#include <thread>
#include <utility>

#include "server/root.hpp"
#include "server/sockets.hpp"

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

class FolderServer final : public Server {
 public:
  FolderServer(std::unique_ptr<Sockets> sockets, std::shared_ptr<Uploads> uploads, bool interim)
      : sockets_(std::move(sockets)),
        uploads_(std::move(uploads)),
        root_(uploads_, interim),
        thread_([this] { run(); }) {}
  ~FolderServer() override { FolderServer::stop(std::chrono::milliseconds(0)); }
  FolderServer(const FolderServer&) = delete;
  FolderServer& operator=(const FolderServer&) = delete;

  std::string url() const override { return "http://" + sockets_->address(); }
  void stop(std::chrono::milliseconds grace) override {
    sockets_->stop(grace);
    const std::lock_guard lock(mutex_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    expire();
    sockets_->run(root_, [this] { return uploads_->quiet(); });
  }
  void expire() {
    uploads_->expire();
    sockets_->executor()->post_after(kExpiryEvery, [this] { expire(); });
  }

  const std::unique_ptr<Sockets> sockets_;
  const std::shared_ptr<Uploads> uploads_;
  Root root_;
  std::mutex mutex_;
  std::thread thread_;
};

}  // namespace

static Result<std::unique_ptr<Server>> start_server(const ServerOptions& options) {
  if (options.to.empty()) {
    return Status(Kind::invalid_argument, "there is no folder for finished uploads")
        .during("start a server")
        .advise("Name one in ServerOptions::to.");
  }
  WEIR_ASSIGN(auto files, UploadFiles::open(options.to));
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
  setup.boot = boot_id();
  WEIR_ASSIGN(auto uploads, Uploads::open(std::move(setup)));
  return std::unique_ptr<Server>(
      std::make_unique<FolderServer>(std::move(sockets), std::move(uploads), options.interim_responses));
}

}  // namespace weir::server

namespace weir {

Result<std::unique_ptr<Server>> Server::start(ServerOptions options) { return server::start_server(options); }

}  // namespace weir
