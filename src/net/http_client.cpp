// The client: its loops and the threads that run them.
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "net/http.hpp"
#include "net/loop.hpp"
#include "weir/core/thread_pool.hpp"

namespace weir::net {
namespace {

constexpr std::size_t kMostLoops = 4;

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
    // What TLS keeps for this thread goes before a process that exits may go on: at the thread's own end, which nobody
    // waits for, the library may be gone.
    OPENSSL_thread_stop();
    std::lock_guard lock(mutex_);
    live_.erase(mailbox);
    ended_.notify_all();
  }
  void end_all() {
    if (::getpid() != process_)
      return;  // the child of a fork: its parent's loops are not here, and the lock may be held
    std::unique_lock lock(mutex_);
    for (const auto& mailbox : live_) mailbox->stop();
    ended_.wait_for(lock, std::chrono::seconds(2), [&] { return live_.empty(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<std::shared_ptr<Mailbox>> live_;
  const pid_t process_ = ::getpid();
};

void init_curl_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)LiveLoops::get();                           // which knows its process
    std::atexit([] { LiveLoops::get().end_all(); });  // before what curl_global_init registered
  });
}

// One thread moves about 3 GB/s in the clear, and what a core encrypts with TLS: a client with much to do uses several.
class CurlClient final : public Client {
 public:
  explicit CurlClient(const ClientOptions& options) : options_(options), most_(most_loops(options)) { start_loop(); }
  CurlClient(const CurlClient&) = delete;
  CurlClient& operator=(const CurlClient&) = delete;
  ~CurlClient() override {
    for (const Lane& lane : lanes_) lane.mailbox->stop();
    // The last owner let go in a `done`: what the other loops hand over may need what that one holds, so all end by
    // themselves, right after it.
    const bool inside = std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) {
      return lane.thread.get_id() == std::this_thread::get_id();
    });
    for (Lane& lane : lanes_) inside ? lane.thread.detach() : lane.thread.join();
  }

  std::shared_ptr<Call> send(Request request, Done done) override {
    const auto mailbox = least_busy();
    auto transfer = std::make_shared<Transfer>(std::move(request), std::move(done), mailbox);
    mailbox->post(Wish::start, transfer);
    return transfer;
  }

 private:
  struct Lane {
    std::shared_ptr<Mailbox> mailbox;
    std::thread thread;
  };

  static std::size_t most_loops(const ClientOptions& options) {
    return std::clamp<std::size_t>(std::min(detail::usable_cpus(), options.max_connections_per_host), 1, kMostLoops);
  }

  // The first that is idle keeps its connections warm; another one starts only where all are at work.
  std::shared_ptr<Mailbox> least_busy() {
    const std::lock_guard lock(mutex_);
    const auto load = [](const Lane& lane) { return lane.mailbox->under_way.load(); };
    auto least = std::min_element(lanes_.begin(), lanes_.end(),
                                  [&](const Lane& one, const Lane& other) { return load(one) < load(other); });
    if (load(*least) > 0 && lanes_.size() < most_) {
      try {
        start_loop();
        least = std::prev(lanes_.end());
      } catch (const std::system_error&) {  // no thread to be had: those that run do it all
        most_ = lanes_.size();
        least = lanes_.begin();
      }
    }
    ++least->mailbox->under_way;
    return least->mailbox;
  }

  void start_loop() {
    ClientOptions own = options_;
    own.max_connections_per_host = (options_.max_connections_per_host + most_ - 1 - lanes_.size()) / most_;
    auto loop = std::make_shared<Loop>(std::move(own));
    auto mailbox = loop->mailbox();
    lanes_.push_back(
        {mailbox, detail::quiet_thread([loop = std::move(loop)]() mutable { LiveLoops::get().run(std::move(loop)); })});
  }

  const ClientOptions options_;
  std::mutex mutex_;
  std::size_t most_;
  std::vector<Lane> lanes_;
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
