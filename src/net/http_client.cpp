// The client: a loop and the thread that runs it.
#include <curl/curl.h>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "net/http.hpp"
#include "net/loop.hpp"
#include "weir/core/thread_pool.hpp"

namespace weir::net {
namespace {

// The loops that run. A process that exits ends them first, since what they use does not outlive its statics: TLS, and
// whatever a reply is handed to.
class LiveLoops {
 public:
  static LiveLoops& get() {
    static auto* const kLoops = new LiveLoops;  // loops may end after statics are gone
    return *kLoops;
  }
  void run(std::shared_ptr<Loop> loop) {
    const std::shared_ptr<Mailbox> mailbox = loop->mailbox();
    {
      std::lock_guard lock(mutex_);
      live_.insert(mailbox);
    }
    loop->run();
    loop.reset();
    std::lock_guard lock(mutex_);
    live_.erase(mailbox);
    ended_.notify_all();
  }
  void end_all() {
    std::unique_lock lock(mutex_);
    for (const auto& mailbox : live_) mailbox->stop();
    ended_.wait_for(lock, std::chrono::seconds(2), [&] { return live_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<std::shared_ptr<Mailbox>> live_;
};

void init_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    std::atexit([] { LiveLoops::get().end_all(); });  // before what curl_global_init registered
  });
}

class CurlClient final : public Client {
 public:
  explicit CurlClient(const ClientOptions& options) : CurlClient(std::make_shared<Loop>(options)) {}
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;
  ~CurlClient() override {
    mailbox_->stop();
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();  // the last owner let go in a `done`: the loop ends by itself, right after it
    } else {
      thread_.join();
    }
  }

  std::shared_ptr<Call> send(Request request, Done done) override {
    auto transfer = std::make_shared<Transfer>(std::move(request), std::move(done), mailbox_);
    mailbox_->post(Wish::start, transfer);
    return transfer;
  }

 private:
  explicit CurlClient(std::shared_ptr<Loop> loop)
      : mailbox_(loop->mailbox()),
        thread_(detail::quiet_thread([loop = std::move(loop)]() mutable { LiveLoops::get().run(std::move(loop)); })) {}

  const std::shared_ptr<Mailbox> mailbox_;
  std::thread thread_;
};

}  // namespace

std::string_view Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

Result<Response> Client::fetch(Request request) {
  std::promise<Result<Response>> promise;
  auto answer = promise.get_future();
  send(std::move(request), [&promise](Result<Response> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

std::shared_ptr<Client> Client::make(const ClientOptions& options) {
  init_curl_once();
  return std::make_shared<CurlClient>(options);
}

}  // namespace weir::net
