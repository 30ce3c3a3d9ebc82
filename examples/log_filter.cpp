// Lines that match a pattern, compressed, into a bucket or wherever the second argument names.
//
//   example_log_filter access.log s3://bucket/errors.zst ' 5[0-9][0-9] '
#include <weir/weir.hpp>

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: {} LOG DESTINATION PATTERN\n", argv[0]);
    return 2;
  }
  weir::GrepOptions pattern;
  pattern.regex = true;
  const auto receipt =
      weir::start(weir::file(argv[1]) | weir::lines() | weir::grep(argv[3], pattern) | weir::zstd() | weir::to(argv[2]))
          .wait();
  if (!receipt.ok()) {
    fmt::print(stderr, "{}\n", receipt.error());
    return 1;
  }
  fmt::print("{} of log, {} stored as {}\n", weir::format_size(receipt->bytes_read),
             weir::format_size(receipt->bytes_stored), receipt->destination);
}
