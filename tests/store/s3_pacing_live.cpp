// How fast requests and bytes go: a service of a fixed request rate, and limits on bandwidth.
#include <atomic>
#include <thread>

#include "store/s3_fault_tools.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"
#include "weir/transfer/download.hpp"
#include "weir/transfer/upload.hpp"

namespace weir::live {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

double seconds_since(Clock::time_point begun) { return std::chrono::duration<double>(Clock::now() - begun).count(); }

/// How many requests had this status so far, by the server's own account.
std::uint64_t answered(int status) {
  net::Request request;
  request.url = variable("WEIR_TEST_S3_ENDPOINT") + "/_weir/state";
  request.max_body_bytes = 64u << 20;
  const auto state = net::Client::make({})->fetch(request);
  REQUIRE(state.ok());
  const std::string wanted = fmt::format("\"status\": {},", status);
  std::uint64_t count = 0;
  for (std::size_t at = 0; (at = state->body.find(wanted, at)) != std::string::npos; ++at) ++count;
  return count;
}

std::shared_ptr<S3Client> impatient_client() {
  S3Options options;
  options.endpoint_url = variable("WEIR_TEST_S3_ENDPOINT");
  options.stall_timeout = milliseconds(1000);
  auto made = S3Client::make(options);
  REQUIRE(made.ok());
  return *made;
}

UploadOptions limited(std::uint64_t rate) {
  UploadOptions options;
  options.limiter = RateLimiter::make(rate);
  return options;
}

/// Never faster, whatever the machine does; slower only as far as a busy machine explains. How exact the limiter is by
/// itself is a test with a clock of its own.
void check_pace(std::size_t bytes, double seconds, double rate) {
  const double measured = static_cast<double>(bytes) / seconds;
  CHECK(measured < 1.1 * rate);
  CHECK(measured > 0.5 * rate);
}

}  // namespace

TEST_CASE("At a store that permits a fixed request rate the client settles near it, and few requests are refused",
          "[s3][fault]") {
  if (!has_faults()) return;
  for (const int retry_after : {0, 1}) {
    constexpr double kPermitted = 25;
    Faults faults;
    Faults::rate(fmt::format("{{\"per_s\":{},\"burst\":5,\"retry_after\":{}}}", kPermitted, retry_after));
    const auto shared = client();
    std::atomic<bool> over{false};
    std::atomic<unsigned> failed{0};
    std::vector<std::thread> workers;
    for (int worker = 0; worker < 8; ++worker) {
      workers.emplace_back([&, worker] {
        for (int i = 0; !over; ++i) {
          auto target = s3_target(shared, location(fmt::format("paced-{}-{}", worker, i)));
          if (!start(memory(noise(2000)) | upload_to(std::move(target))).wait().ok()) ++failed;
        }
      });
    }
    std::this_thread::sleep_for(milliseconds(6000));
    const std::uint64_t served_before = answered(200);
    const std::uint64_t refused_before = answered(503);
    const auto begun = Clock::now();
    std::this_thread::sleep_for(milliseconds(10000));
    const double rate = static_cast<double>(answered(200) - served_before) / seconds_since(begun);
    const std::uint64_t refused = answered(503) - refused_before;
    over = true;
    for (std::thread& worker : workers) worker.join();
    CAPTURE(retry_after, rate, refused, refused_before, failed.load());
    CHECK(failed == 0);
    CHECK(rate > 0.6 * kPermitted);
    CHECK(rate < 1.1 * kPermitted);
    CHECK(refused < 20);
    CHECK(refused_before < 60);
    WARN(fmt::format("{:.1f} of {} requests a second served, {} refused in 10 s, {} before it settled", rate,
                     kPermitted, refused, refused_before));
  }
}

TEST_CASE("A bandwidth limit holds up and down", "[s3]") {
  if (variable("WEIR_TEST_S3_SERVER") == "fault") {
    WARN("this server is too slow for that");
    return;
  }
  constexpr std::uint64_t kRate = 4 << 20;
  const std::string bytes = noise(12 << 20);
  const auto shared = client();
  auto begun = Clock::now();
  auto job = start(memory(bytes) | upload_to(s3_target(shared, location("limited")), limited(kRate)));
  const auto receipt = job.wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  check_pace(bytes.size(), seconds_since(begun), kRate);
  CHECK(job.progress().bytes_sent >= bytes.size());
  CHECK(job.progress().bytes_durable == bytes.size());

  DownloadOptions down;
  down.limiter = RateLimiter::make(kRate);
  begun = Clock::now();
  auto back = start(download_from(s3_origin(shared, location("limited")), down) | null());
  REQUIRE(back.wait().ok());
  check_pace(bytes.size(), seconds_since(begun), kRate);
  CHECK(back.progress().bytes_received >= bytes.size());
}

TEST_CASE("At 64 KiB/s nothing runs into a stall timeout of one second, and nothing is repeated", "[s3]") {
  constexpr std::uint64_t kRate = 64 << 10;
  const std::string bytes = noise(256 << 10);
  const auto shared = impatient_client();
  auto begun = Clock::now();
  const auto stored = start(memory(bytes) | upload_to(s3_target(shared, location("slow")), limited(kRate))).wait();
  INFO(stored.status().message());
  REQUIRE(stored.ok());
  CHECK(stored->retries == 0);
  CHECK(seconds_since(begun) > 3.5);

  DownloadOptions down;
  down.limiter = RateLimiter::make(kRate);
  begun = Clock::now();
  const auto read = start(download_from(s3_origin(shared, location("slow")), down) | null()).wait();
  INFO(read.status().message());
  REQUIRE(read.ok());
  CHECK(read->retries == 0);
  CHECK(seconds_since(begun) > 3.5);
}

}  // namespace weir::live
