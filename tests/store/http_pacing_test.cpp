// A plain HTTP server that permits a fixed request rate: what is asked of it by one client comes near that.
#include <algorithm>
#include <thread>

#include "store/http_tools.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"
#include "weir/transfer/put.hpp"

namespace weir {
namespace {

using test::OneObject;
using test::Peer;
using test::reply_of;
using test::Seen;
using Clock = std::chrono::steady_clock;

constexpr double kPermitted = 25;
constexpr double kBurst = 5;
const std::string kBytes(2000, 'w');

/// Answers 503 to what comes faster.
class Limited {
 public:
  explicit Limited(std::string retry_after)
      : retry_after_(std::move(retry_after)),
        object(kBytes, [this](Peer& peer, const Seen& seen, int) { return answer(peer, seen); }) {}
  std::pair<int, int> counts() {  ///< served, refused
    const std::lock_guard lock(mutex_);
    return {served_, refused_};
  }

 private:
  bool answer(Peer& peer, const Seen& seen) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    const double passed = std::chrono::duration<double>(now - filled_at_).count();
    tokens_ = std::min(tokens_ + passed * kPermitted, kBurst);
    filled_at_ = now;
    if (tokens_ < 1) {
      ++refused_;
      return peer.send(reply_of(503, "", retry_after_));
    }
    tokens_ -= 1;
    ++served_;
    return seen.method() == "PUT" && peer.send(reply_of(201));
  }
  const std::string retry_after_;
  std::mutex mutex_;
  double tokens_ = kBurst;
  Clock::time_point filled_at_ = Clock::now();
  int served_ = 0;
  int refused_ = 0;

 public:
  OneObject object;  // last: its threads use the rest
};

}  // namespace

TEST_CASE("At an HTTP server that permits a fixed request rate a client settles near it, and few requests are refused",
          "[http]") {
  const auto [puts, retry_after] = GENERATE(table<bool, std::string>({{true, ""}, {false, "Retry-After: 1\r\n"}}));
  Limited server(retry_after);
  HttpOptions options;
  options.client = http_client();
  std::atomic<bool> over{false};
  std::atomic<unsigned> failed{0};
  std::vector<std::thread> workers;
  for (int worker = 0; worker < 8; ++worker) {
    workers.emplace_back([&, put = puts] {
      while (!over) {
        const Status ended =
            put ? start(memory(kBytes) | *put_to(server.object.url(), options)).wait().status()
                : start(download_from(*http_origin(server.object.url(), options)) | null()).wait().status();
        if (!ended.ok()) ++failed;
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::seconds(6));
  const auto [served_before, refused_before] = server.counts();
  const auto begun = Clock::now();
  std::this_thread::sleep_for(std::chrono::seconds(7));
  const auto [served, refused] = server.counts();
  const double rate = (served - served_before) / std::chrono::duration<double>(Clock::now() - begun).count();
  over = true;
  for (std::thread& worker : workers) worker.join();
  CAPTURE(puts, retry_after, rate, refused - refused_before, refused_before, failed.load());
  CHECK(failed == 0);
  CHECK(rate > 0.6 * kPermitted);
  CHECK(rate < 1.1 * kPermitted);
  CHECK(refused - refused_before < 15);
  CHECK(refused_before < 60);
}

}  // namespace weir
