#include "cli/progress_bar.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "weir/text/terminal_text.hpp"

using namespace weir;
using namespace weir::cli;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::uint64_t kGiB = 1ull << 30;

ProgressView example() {
  ProgressView view;
  view.name = "big.csv";
  view.source = EndKind::file;
  view.sink = EndKind::s3;
  view.progress.bytes_per_second = 412.0 * 1024 * 1024;
  view.progress.eta_seconds = 11;
  view.progress.bytes_done = static_cast<std::uint64_t>(7.4 * static_cast<double>(kGiB));
  view.progress.total_bytes = static_cast<std::uint64_t>(12.1 * static_cast<double>(kGiB));
  view.progress.elapsed_ns = 18'000'000'000;
  view.progress.memory_bytes = 62u << 20;
  view.progress.memory_limit_bytes = 64u << 20;
  view.progress.limited_by = "zstd";
  view.progress.stages = {{"file", 0, 0, 10, 0, 0, 0}, {"zstd", 0, 0, 100, 0, 0, 0}, {"s3", 0, 0, 10, 5, 0, 0}};
  return view;
}

}  // namespace

TEST_CASE("A wide terminal shows everything: bar, share, sizes, rate, remaining time, limit, memory") {
  CHECK(progress_line(example(), {140, true, false}) ==
        "big.csv  ━━━━━━━━━━━━╺┈┈┈┈┈┈┈┈   61 %  7.40/12.1 GiB  412 MiB/s  ETA 11s  limited by: cpu (zstd)  62.0/64.0 "
        "MiB");
  CHECK(progress_line(example(), {140, false, false}) ==
        "big.csv  ============>--------   61 %  7.40/12.1 GiB  412 MiB/s  ETA 11s  limited by: cpu (zstd)  62.0/64.0 "
        "MiB");
}

TEST_CASE("Every width from 0 to 300 columns gives a line that is narrower, with any name") {
  for (const std::string name : {"x", "a-very-long-name-of-a-file-that-does-not-end.csv.zst",
                                 "雪雪雪雪雪雪雪雪雪雪雪雪雪雪雪.zst", "e\xCC\x81\xCC\x81\xCC\x81", ""}) {
    ProgressView view = example();
    view.name = name;
    for (std::size_t columns = 0; columns <= 300; ++columns) {
      for (const bool unicode : {true, false}) {
        const std::string line = progress_line(view, {columns, unicode, false});
        CAPTURE(name, columns, line);
        REQUIRE(display_width(line) <= (columns > 0 ? columns - 1 : 0));
        REQUIRE(line.find('\n') == std::string::npos);
        if (!unicode) REQUIRE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }));
      }
    }
  }
}

TEST_CASE("At 80 columns there is a bar with name, sizes, rate and time, at 40 a bar with rate and time") {
  CHECK(progress_line(example(), {80, true, false}) ==
        "big.csv  ━━━━━━━━━━━━╺┈┈┈┈┈┈┈┈   61 %  7.40/12.1 GiB  412 MiB/s  ETA 11s");
  CHECK(progress_line(example(), {40, true, false}) == "━━━━━━━╺┈┈┈┈   61 %  412 MiB/s  ETA 11s");
  ProgressView view = example();
  view.name = "a-name-that-is-rather-long-for-a-file.csv.zst";
  view.progress.retries = 3;
  view.progress.parts_done = 100;
  CHECK(progress_line(view, {80, true, false}) ==
        "a-name-that-…ile.csv.zst  ━━━━━━╺┈┈┈┈   61 %  7.40/12.1 GiB  412 MiB/s  ETA 11s");
}

TEST_CASE("A narrow terminal keeps the share longest, then the rate, then the time") {
  CHECK(progress_line(example(), {8, true, false}) == " 61 %");
  CHECK(progress_line(example(), {17, true, false}) == " 61 %  412 MiB/s");
  CHECK(progress_line(example(), {26, true, false}) == " 61 %  412 MiB/s  ETA 11s");
  CHECK(progress_line(example(), {1, true, false}).empty());
}

TEST_CASE("A source of unknown length shows bytes and time instead of a share and a bar") {
  ProgressView view = example();
  view.progress.total_bytes.reset();
  view.name = "standard input";
  CHECK(progress_line(view, {100, true, false}) ==
        "standard input  7.40 GiB  412 MiB/s  18s  limited by: cpu (zstd)  62.0/64.0 MiB");
}

TEST_CASE("The share is never a hundred before the last byte is read") {
  ProgressView view = example();
  view.progress.bytes_done = *view.progress.total_bytes - 1;
  CHECK_THAT(progress_line(view, {140, true, false}), Catch::Contains(" 99 %") && !Catch::Contains("100 %"));
  view.progress.bytes_done = *view.progress.total_bytes;
  CHECK_THAT(progress_line(view, {140, true, false}), Catch::Contains("100 %") && Catch::Contains("finishing"));
  view.progress.bytes_done = 0;
  view.progress.total_bytes = 0;
  CHECK_THAT(progress_line(view, {140, true, false}), Catch::Contains("100 %"));
}

TEST_CASE("A transfer that does not move says how long it has stalled, not a growing ETA") {
  ProgressView view = example();
  view.progress.stalled_seconds = 12;
  CHECK_THAT(progress_line(view, {140, true, false}), Catch::Contains("stalled 12s") && !Catch::Contains("ETA"));
  view.progress.state = weir::JobState::paused;
  CHECK_THAT(progress_line(view, {140, true, false}), Catch::Contains("paused"));
}

TEST_CASE("What limits the speed is told in words: source, network, disk, cpu") {
  ProgressView view = example();
  CHECK(limited_by(view) == "cpu (zstd)");
  view.progress.limited_by = "s3";
  CHECK(limited_by(view) == "network (s3)");
  view.progress.limited_by = "file";
  CHECK(limited_by(view) == "source");
  view.progress.limited_by = "";
  CHECK(limited_by(view).empty());
  view.rate_limited = true;
  CHECK(limited_by(view) == "rate limit");
  view.rate_limited = false;
  // Both ends of one name: the one with more work.
  view.progress.stages = {{"file", 0, 0, 10, 0, 0, 0}, {"file", 0, 0, 10, 50, 0, 0}};
  view.sink = EndKind::file;
  view.progress.limited_by = "file";
  CHECK(limited_by(view) == "disk");
}

TEST_CASE("Colour adds escape sequences and nothing else") {
  const std::string plain = progress_line(example(), {140, false, false});
  std::string coloured = progress_line(example(), {140, false, true});
  CHECK(coloured != plain);
  for (std::size_t at; (at = coloured.find('\x1b')) != std::string::npos;) {
    coloured.erase(at, coloured.find('m', at) - at + 1);
  }
  CHECK(coloured == plain);
}

TEST_CASE("Text from outside cannot steer the terminal") {
  CHECK(printable("a\x1b[31mb\x07\r\n\x7f") == "a?[31mb????");
  CHECK(printable("a\nb", false, true) == "a\nb");
  CHECK(printable("\xC2\x9B\x31m") == "?1m");             // CSI as one C1 character
  CHECK(printable("\xE2\x80\xAEgpj.exe") == "?gpj.exe");  // right-to-left override
  CHECK(printable("\xC0\x80\xED\xA0\x80\xF5") == "??????");
  CHECK(printable("Grüße 雪") == "Grüße 雪");
  CHECK(printable("Grüße", true) == "Gr??e");
}

TEST_CASE("Cutting keeps both ends and never parts a letter from its accent") {
  CHECK(fit("short", 10, false) == "short");
  CHECK(fit("a-long-name.csv", 9, false) == "a-lo….csv");
  CHECK(fit("a-long-name.csv", 9, true) == "a-lo~.csv");
  CHECK(fit("abc", 0, false).empty());
  CHECK(display_width("e\xCC\x81") == 1);
  CHECK(display_width("👩‍👩‍👧") == 2);
  std::mt19937 random(7);
  const std::string pieces[] = {"a", "雪", "e\xCC\x81", "👩‍👩‍👧", "🇩🇪", "."};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (unsigned i = random() % 12; i > 0; --i) text += pieces[random() % std::size(pieces)];
    const std::size_t columns = random() % 16;
    const std::string cut = fit(text, columns, false);
    CAPTURE(text, columns, cut);
    REQUIRE(display_width(cut) <= columns);
    REQUIRE(printable(cut).find('?') == std::string::npos);
    REQUIRE(cut.find("…\xCC\x81") == std::string::npos);
  }
}
