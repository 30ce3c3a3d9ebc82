// What is told of many: how far they are, and each that is done.
#include "cli/many_report.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/json_events.hpp"

using namespace weir::cli;  // NOLINT(google-build-using-namespace)
using weir::CopyItem;
using weir::CopyOutcome;
using weir::CopyProgress;

namespace {

CopyProgress some() {
  CopyProgress progress;
  progress.copied = 1200;
  progress.kept = 34;
  progress.found = 10'000;
  progress.bytes_found = 640 << 20;
  progress.bytes_read = 100 << 20;
  progress.bytes_done = 120 << 20;
  progress.bytes_per_second = 51 << 20;
  return progress;
}

LineStyle wide() { return {200, true, false}; }

}  // namespace

TEST_CASE("While a listing runs the total and the remaining time are unknown, and that is said") {
  CHECK(many_line(some(), wide()) ==
        "1,234 of 10,000+ files  34 kept  120 MiB  51.0 MiB/s  ETA unknown: still listing");
  const auto json = nlohmann::json::parse(many_progress_event(some()));
  CHECK(json["found"] == 10'000);
  for (const char* name : {"total_files", "total_bytes", "eta_s"}) {
    INFO(name);
    CHECK(json[name].is_null());
  }
}

TEST_CASE("Once all is found the line has total and remaining time, or says that nothing moves") {
  CopyProgress progress = some();
  progress.all_found = true;
  CHECK(many_line(progress, wide()) == "1,234 of 10,000 files  34 kept  120 MiB of 640 MiB  51.0 MiB/s  ETA -");
  progress.eta_seconds = 10.2;
  progress.retries = 1;
  CHECK(many_line(progress, wide()) ==
        "1,234 of 10,000 files  34 kept  120 MiB of 640 MiB  51.0 MiB/s  ETA 10s  1 retry");
  const auto json = nlohmann::json::parse(many_progress_event(progress));
  CHECK(json["total_files"] == 10'000);
  CHECK(json["total_bytes"] == 640 << 20);
  CHECK(json["eta_s"] == Approx(10.2));
  progress.stalled_seconds = 12;
  CHECK(many_line(progress, wide()).find("stalled 12s") != std::string::npos);
}

TEST_CASE("Once all is found many have a bar too, of the bytes or else the files, as far as there is room") {
  CopyProgress progress = some();
  CHECK(many_bar_line(progress, wide()) == many_line(progress, wide()));  // it would be of nobody knows what
  progress.all_found = true;
  progress.bytes_done = progress.bytes_found / 2;
  const std::string line = many_line(progress, wide());
  CHECK(many_bar_line(progress, {200, false, false}) == "==========>----------  " + line);
  CHECK(many_bar_line(progress, {line.size() + 11, false, false}) == "====>---  " + line);
  CHECK(many_bar_line(progress, {line.size() + 10, false, false}) == line);
  progress.bytes_found = progress.bytes_done = 0;
  progress.found = 1234;
  CHECK(many_bar_line(progress, {200, false, false}).starts_with("=====================  1,234 of 1,234 files"));
}

TEST_CASE("On a narrow terminal the line of many loses its end, and at last itself") {
  CopyProgress progress = some();
  progress.all_found = true;
  CHECK(many_line(progress, {40, true, false}) == "1,234 of 10,000 files  34 kept  ETA -");
  CHECK(many_line(progress, {22, true, false}) == "1,234 of 10,000 files");
  CHECK(many_line(progress, {10, true, false}).empty());
}

TEST_CASE("Each that is done has a line that cannot steer the terminal") {
  CopyItem item;
  item.source = "in/a\x1b[2J";
  item.destination = "s3://b/a";
  item.bytes = 3 << 20;
  item.outcome = CopyOutcome::copied;
  CHECK(item_line(item, true) == "copied in/a?[2J → s3://b/a (3.00 MiB)");
  CHECK(item_line(item, false) == "copied in/a?[2J -> s3://b/a (3.00 MiB)");
  item.outcome = CopyOutcome::kept;
  CHECK(item_line(item, true) == "kept s3://b/a");
  item.outcome = CopyOutcome::skipped;
  item.reason = "it is there already";
  CHECK(item_line(item, true) == "skipped s3://b/a: it is there already");
  item.outcome = CopyOutcome::planned;
  CHECK(item_line(item, false) == "would copy in/a?[2J -> s3://b/a");
}
