// One read of a file feeds two stores, one of them compressed, and a digest.
//
//   example_one_read_two_stores big.csv s3://here/big.csv.zst s3://there/big.csv
#include <weir/weir.hpp>

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: {} FILE COMPRESSED-DESTINATION DESTINATION\n", argv[0]);
    return 2;
  }
  const auto receipt =
      weir::start(weir::file(argv[1]) | weir::sha256() | weir::tee(weir::zstd() | weir::to(argv[2]), weir::to(argv[3])))
          .wait();
  if (!receipt.ok()) {
    fmt::print(stderr, "{}\n", receipt.error());
    return 1;
  }
  fmt::print("{} read, sha256 {}\n", weir::format_size(receipt->bytes_read), receipt->facts.at("sha256"));
  for (const char* branch : {"1", "2"}) {
    const auto fact = [&](const char* name) { return receipt->facts.at(fmt::format("{}.{}", branch, name)); };
    fmt::print("{} bytes as {}\n", fact("bytes_stored"), fact("destination"));
  }
}
