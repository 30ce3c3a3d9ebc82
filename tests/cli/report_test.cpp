#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/json_events.hpp"
#include "cli/output.hpp"
#include "cli/reporter.hpp"

using namespace weir::cli;  // NOLINT(google-build-using-namespace)

namespace {

weir::Receipt receipt() {
  weir::Receipt receipt;
  receipt.bytes_read = 12'992'276'070;
  receipt.bytes_acked = receipt.bytes_stored = 3'221'225'472;
  receipt.duration_ns = 32'000'000'000;
  receipt.retries = 2;
  receipt.checksum = "crc64nvme:rosUhgp5mIg=";
  receipt.checksum_verified = true;
  return receipt;
}

}  // namespace

TEST_CASE("The last line says what is proven") {
  CHECK(done_text(receipt(), EndKind::file, EndKind::s3, true) ==
        "done 12.1 GiB → 3.00 GiB in 32s (387 MiB/s), 2 retries, crc64nvme rosUhgp5mIg= verified by the store");
}

TEST_CASE("The last line says what is not proven") {
  weir::Receipt unproven = receipt();
  unproven.checksum_verified = false;
  unproven.bytes_stored = unproven.bytes_acked = unproven.bytes_read;
  unproven.retries = 1;
  CHECK(done_text(unproven, EndKind::file, EndKind::s3, false) ==
        "done 12.1 GiB in 32s (387 MiB/s), 1 retry, crc64nvme rosUhgp5mIg=, not verified: the store has no checksum");
  unproven.checksum.clear();
  unproven.facts = {{"sha256", "ab12"}};
  CHECK(done_text(unproven, EndKind::file, EndKind::standard, false) ==
        "done 12.1 GiB in 32s (387 MiB/s), 1 retry, sha256 ab12");
}

TEST_CASE("The last line has words where JSON has names of facts") {
  weir::Receipt downloaded = receipt();
  downloaded.retries = 0;
  downloaded.bytes_stored = downloaded.bytes_read;
  downloaded.facts = {{"source_etag", "ab12"}, {"source_crc64nvme_verified", "AAA="}, {"xxh3_64", "99"}};
  CHECK(done_text(downloaded, EndKind::s3, EndKind::file, true) ==
        "done 12.1 GiB in 32s (387 MiB/s), source crc64nvme AAA= verified, source etag ab12, xxh3_64 99, "
        "crc64nvme rosUhgp5mIg= verified");
  downloaded.in_file = true;
  downloaded.checksum_verified = false;
  downloaded.facts.erase("source_crc64nvme_verified");
  CHECK(done_text(downloaded, EndKind::http, EndKind::file, true) ==
        "done 12.1 GiB in 32s (387 MiB/s), source etag ab12, xxh3_64 99, crc64nvme rosUhgp5mIg=, not verified: the "
        "source has no checksum");
  CHECK(done_text(downloaded, EndKind::file, EndKind::file, true) ==
        "done 12.1 GiB in 32s (387 MiB/s), source etag ab12, xxh3_64 99, crc64nvme rosUhgp5mIg=");
  CHECK(nlohmann::json::parse(done_event(downloaded))["facts"]["source_etag"] == "ab12");
}

TEST_CASE("An error is one line of what failed and an indented one of what to do, without control characters") {
  weir::Error error;
  error.kind = weir::Kind::access_denied;
  error.operation = "store part 7 of s3://b/\x1b[2J";
  error.cause = "403 ExpiredToken from the store";
  error.request_id = "4442";
  error.advice = "Refresh them.\nThen go on.";
  CHECK(error_text(error, false) ==
        "weir: cannot store part 7 of s3://b/?[2J: 403 ExpiredToken from the store, request 4442\n"
        "      Refresh them.\n      Then go on.\n");
}

TEST_CASE("A line's end in a name or in a store's words ends no line, and no full stop stands before a comma") {
  weir::Error error;
  error.kind = weir::Kind::already_exists;
  error.operation = "store s3://b/a\nb";
  error.cause = "412 from the store: at least one condition\ndid not hold.";
  error.request_id = "7";
  error.advice = "One.\nTwo.";
  CHECK(error_text(error, false) ==
        "weir: cannot store s3://b/a?b: 412 from the store: at least one condition?did not hold, request 7\n"
        "      One.\n      Two.\n");
}

TEST_CASE("Names that are no UTF-8 still give valid JSON on one line") {
  weir::Error error;
  error.cause = "bad \xFF\xFE name\n\"quoted\"";
  const std::string line = error_event(error, 3);
  CHECK(line.find('\n') == std::string::npos);
  const auto json = nlohmann::json::parse(line);
  CHECK(json["schema"] == "weir.v1");
  CHECK(json["event"] == "error");
  CHECK(json["exit_code"] == 3);
  CHECK(json["request_id"].is_null());
}

TEST_CASE("A retry says what it was for, and null where nobody knows") {
  weir::Error error;
  error.kind = weir::Kind::unavailable;
  error.retry = weir::Retry::throttled;
  error.operation = "store part 7 of s3://b/k";
  error.cause = "503 SlowDown from the store";
  weir::Progress progress;
  progress.retries = 2;
  progress.last_retry = weir::Status(error);
  progress.retries_by_cause.count(progress.last_retry);
  const auto json = nlohmann::json::parse(retry_event(progress));
  CHECK(json["retries"] == 2);
  CHECK(json["retries_by_cause"]["throttled"] == 1);
  CHECK(json["retries_by_cause"]["network"] == 0);
  CHECK(json["kind"] == "unavailable");
  CHECK(json["operation"] == "store part 7 of s3://b/k");
  CHECK(json["cause"] == "503 SlowDown from the store");
  const auto unknown = nlohmann::json::parse(retry_event(weir::Progress()));
  CHECK(unknown["kind"].is_null());
  CHECK(unknown["cause"].is_null());
}

TEST_CASE("What is unknown is null, and sizes are whole numbers") {
  ProgressView view;
  view.progress.bytes_read = (1ull << 62) + 1;
  const auto json = nlohmann::json::parse(progress_event(view));
  CHECK(json["total_bytes"].is_null());
  CHECK(json["eta_s"].is_null());
  CHECK(json["bytes_read"] == (1ull << 62) + 1);
}

TEST_CASE("Times are UTC") {
  CHECK(utc_time(1'714'564'984) == "2024-05-01T12:03:04Z");
  CHECK(utc_time(0).empty());
}

TEST_CASE("A full disk and a reader that left are told by the first write and by every later one") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  Output output(full, "the disk");
  output.print("held, so not yet written");
  CHECK(output.status().kind() == weir::Kind::no_space);
  CHECK_THAT(output.status().message(), Catch::Contains("cannot write to the disk: No space left"));
  ::close(full);

  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ::signal(SIGPIPE, SIG_IGN);
  ::close(ends[0]);
  Output pipe(ends[1], "the pipe");
  pipe.print_line("x");
  CHECK(pipe.status().kind() == weir::Kind::broken_pipe);
  ::close(ends[1]);
}

TEST_CASE("Writing waits for a slow reader of a non-blocking pipe and loses nothing") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const std::string text(1 << 20, 'x');
  std::thread writer([&] {
    CHECK(write_all(ends[1], text, "the pipe").ok());
    ::close(ends[1]);
  });
  std::size_t total = 0;
  std::vector<char> buffer(4096);
  for (ssize_t count; (count = ::read(ends[0], buffer.data(), buffer.size())) != 0;) {
    if (count > 0) total += static_cast<std::size_t>(count);
  }
  writer.join();
  ::close(ends[0]);
  CHECK(total == text.size());
}
