// Splits a CSV, whose second column is a time such as 2026-11-27T10:00:00Z, into a compressed object for each day.
//
//   example_split_by_date events.csv s3://bucket/events
//   example_split_by_date events.csv ./events
#include <weir/weir.hpp>

namespace {

// What it gives is part of a name: the library refuses what could lead elsewhere, "../../x" say.
weir::Result<std::string> day_of(std::string_view line) {
  const std::size_t comma = line.find(',');
  if (comma == std::string_view::npos || line.size() < comma + 11)
    return weir::Status(weir::Kind::invalid_argument, "the line has no date in its second column");
  return std::string(line.substr(comma + 1, 10));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: {} CSV PLACE\n", argv[0]);
    return 2;
  }
  const std::string place = argv[2];
  const auto object_of = [&](std::string_view day) -> weir::To {
    return weir::Through(weir::zstd()) | weir::To(weir::to(fmt::format("{}/{}.csv.zst", place, day)));
  };
  weir::JobOptions options;
  options.budget_bytes = 256 * weir::kMiB;  // several days are under way at once where the lines are not in order
  const auto receipt =
      weir::start(weir::file(argv[1]) | weir::lines() | weir::split_by(day_of, object_of, {.header = true}), options)
          .wait();
  if (!receipt) {
    fmt::print(stderr, "{}\n", receipt.error());
    return 1;
  }
  for (const auto& [fact, value] : receipt->facts) fmt::print("{} = {}\n", fact, value);
  return 0;
}
