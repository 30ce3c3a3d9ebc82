// The library prints nothing: whole transfers, good and bad, with standard output and standard error looked at.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <iostream>
#include <stdexcept>

#include "net/script_server.hpp"
#include "support/temp_dir.hpp"
#include "weir/weir.hpp"

using namespace weir;
using test::reply_of;
using test::ScriptServer;

namespace {

/// While it lives, descriptors 1 and 2 are files.
class Redirected {
 public:
  explicit Redirected(const test::TempDir& directory) : paths_{directory.path("stdout"), directory.path("stderr")} {
    flush();
    for (int i = 0; i < 2; ++i) {
      saved_[i] = ::dup(i + 1);
      const int file = ::open(paths_[i].c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
      ::dup2(file, i + 1);
      ::close(file);
    }
  }
  ~Redirected() { end(); }
  /// What was printed. From here on the descriptors are what they were.
  std::string end() {
    flush();
    for (int i = 0; i < 2; ++i) {
      if (saved_[i] < 0) continue;
      ::dup2(saved_[i], i + 1);
      ::close(std::exchange(saved_[i], -1));
    }
    return test::read_file(paths_[0]) + test::read_file(paths_[1]);
  }

 private:
  static void flush() {
    std::cout.flush();
    std::cerr.flush();
    std::fflush(nullptr);
  }
  std::string paths_[2];
  int saved_[2] = {-1, -1};
};

EndpointOptions store_at(const std::string& url) {
  EndpointOptions options;
  options.s3.endpoint_url = url;
  options.s3.credentials = static_credentials({"id", "secret", ""});
  options.s3.attempts = 1;
  options.s3.connect_timeout = std::chrono::milliseconds(500);
  options.upload.retry.max_attempts = 1;
  return options;
}

std::unique_ptr<Source> megabyte() { return generator({.bytes = 1'000'000, .seed = 1}); }

}  // namespace

TEST_CASE("the library prints nothing, whatever succeeds or fails") {
  const test::TempDir directory;
  std::atomic<int> turn{0};
  ScriptServer refusing(ScriptServer::answering([&](const test::Seen&) {
    const std::string xml = "<Error><Code>SlowDown</Code><Message>not now</Message></Error>";
    switch (turn++ % 4) {
      case 0:
        return reply_of(503, xml);
      case 1:
        return reply_of(200, "<not xml");
      case 2:
        return std::string("no HTTP at all\r\n\r\n");
      default:
        return reply_of(403, "<Error><Code>AccessDenied</Code></Error>");
    }
  }));
  const std::string closed = "http://127.0.0.1:" + std::to_string([] {
                               const ScriptServer gone(ScriptServer::answering([](auto&) { return reply_of(200); }));
                               return gone.port();
                             }());
  int succeeded = 0;
  int failed = 0;
  const auto run = [&](Pipeline pipeline, JobOptions options = {}) {
    ++(start(std::move(pipeline), std::move(options)).wait().ok() ? succeeded : failed);
  };

  Redirected redirected(directory);
  run(megabyte() | sha256() | zstd({.level = 1}) | to(directory.path("whole.zst")));
  run(file(directory.path("whole.zst")) | unzstd() | null());
  run(file(directory.path("missing")) | null());
  run(megabyte() | unzstd() | null());
  run(megabyte() | to("/proc/no/such/place"));
  run(megabyte() | to("s4://mistyped"));
  run(megabyte() | zstd() | null(), {.budget_bytes = 1, .executor = {}, .on_progress = {}});
  run(megabyte() | map([](Chunk) -> Chunk { throw std::runtime_error("boom"); }) | null());
  for (int i = 0; i < 8; ++i) {
    run(megabyte() | to("s3://bucket/key", store_at(refusing.url(""))));
    run(from("s3://bucket/key", store_at(refusing.url(""))) | null());
  }
  run(megabyte() | to("s3://bucket/key", store_at(closed)));
  run(megabyte() | to("s3://bucket/key", store_at("https://" + refusing.authority())));  // TLS with what speaks none
  {
    Job job = start(generator({.bytes = 1ull << 40, .seed = 1}) | sha256() | null());
    job.cancel();
    ++(job.wait().ok() ? succeeded : failed);
  }
  const std::string printed = redirected.end();

  CHECK(printed == "");
  CHECK(succeeded == 2);
  CHECK(failed == 25);
}
