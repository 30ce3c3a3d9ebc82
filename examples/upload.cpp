// Streams a file through SHA-256 and zstd to wherever its second argument names, and says what is proven.
//
//   example_upload big.csv s3://bucket/big.csv.zst
//   example_upload big.csv big.csv.zst
#include <weir/weir.hpp>

namespace {

// Called about ten times a second on a thread of the library, and once at the end.
void show(const weir::Progress& now) {
  fmt::print(stderr, "{} of {} read, {} stored, {} retries, limited by {}\n", weir::format_size(now.bytes_read),
             now.total_bytes ? weir::format_size(*now.total_bytes) : "?", weir::format_size(now.bytes_confirmed),
             now.retries, now.limited_by.empty() ? "nothing yet" : now.limited_by);
}

// What a program can do about a failure depends on its kind, never on its text.
int failed(const weir::Error& error) {
  fmt::print(stderr, "{}\n", error);
  switch (error.kind) {
    case weir::Kind::network:
    case weir::Kind::timeout:
    case weir::Kind::unavailable:
      return 75;  // EX_TEMPFAIL: the same call may work later
    case weir::Kind::access_denied:
      return 77;  // EX_NOPERM: somebody has to look at the keys
    default:
      return 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: {} FILE DESTINATION\n", argv[0]);
    return 2;
  }
  weir::JobOptions options;
  options.budget_bytes = 64 * weir::kMiB;
  options.on_progress = show;
  auto job = weir::start(weir::file(argv[1]) | weir::sha256() | weir::zstd({.level = 3}) | weir::to(argv[2]),
                         std::move(options));
  const auto receipt = job.wait();
  if (!receipt.ok()) return failed(receipt.error());
  fmt::print("{} bytes read, sha256 {}\n", receipt->bytes_read, receipt->facts.at("sha256"));
  fmt::print("{} bytes stored as {} in {} parts, {} {}\n", receipt->bytes_stored, receipt->destination, receipt->parts,
             receipt->checksum, receipt->checksum_verified ? "verified" : "not verified: the store has no checksum");
}
