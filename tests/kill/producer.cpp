// For kill_and_resume.py: a producer that cannot begin again, in a process of its own that may be killed at any moment.
//
//   kill_producer URL STATE MEMORY BYTES SEED PIECE MIB_PER_SECOND
//   kill_producer BYTES SEED                                          writes the whole stream to standard output
//
// What it gave before it is asked for more it forgets, and writes down in the file MEMORY how far that is: whatever
// happens, it must not be asked for that again. Service and keys come from the environment.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <weir/weir.hpp>

namespace {

/// Eight bytes of the stream, which depend on their place alone.
std::uint64_t word_at(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

std::string stream(std::uint64_t seed, std::uint64_t from, std::uint64_t count) {
  std::string bytes;
  for (std::uint64_t index = from / 8; index * 8 < from + count; ++index) {
    const std::uint64_t word = word_at(seed, index);
    for (unsigned i = 0; i < 8; ++i) bytes += static_cast<char>(word >> (8 * i));
  }
  return bytes.substr(from % 8, count);
}

class Producer {
 public:
  Producer(const std::string& memory, std::uint64_t bytes, std::uint64_t seed, std::uint64_t piece)
      : memory_(::open(memory.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)), bytes_(bytes), seed_(seed), piece_(piece) {
    if (::pread(memory_, &forgotten_, sizeof forgotten_, 0) != sizeof forgotten_) forgotten_ = 0;
  }
  weir::Status go_on_from(std::uint64_t offset) {
    fmt::print("asked {} forgotten {}\n", offset, forgotten_);
    std::fflush(stdout);
    if (offset < forgotten_) return weir::Status(weir::Kind::unsupported, "what is asked for is forgotten");
    at_ = offset;
    return {};
  }
  weir::Result<weir::Chunk> next() {
    forgotten_ = at_;
    if (::pwrite(memory_, &forgotten_, sizeof forgotten_, 0) != sizeof forgotten_)
      return weir::Status(weir::Kind::io, "no");
    const std::uint64_t count = std::min(piece_, bytes_ - at_);
    at_ += count;
    return weir::Chunk::copy_of(stream(seed_, at_ - count, count));
  }

 private:
  const int memory_;
  const std::uint64_t bytes_, seed_, piece_;
  std::uint64_t at_ = 0;
  std::uint64_t forgotten_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index) { return std::strtoull(argv[index], nullptr, 10); };
  if (argc == 3) {
    for (std::uint64_t at = 0; at < number(1); at += weir::kMiB) {
      const std::string bytes = stream(number(2), at, std::min<std::uint64_t>(weir::kMiB, number(1) - at));
      if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) return 1;
    }
    return 0;
  }
  if (argc != 8) return 2;
  Producer producer(argv[3], number(4), number(5), number(6));
  weir::LedgerOptions ledger;
  ledger.state_dir = argv[2];
  weir::EndpointOptions options;
  if (const char* endpoint = std::getenv("WEIR_TEST_S3_ENDPOINT")) options.s3.endpoint_url = endpoint;
  options.upload.ledger = weir::Ledger::on_demand(ledger);
  options.upload.concurrency = 2;
  options.upload.spool_bytes = 24 * weir::kMiB;
  options.upload.limiter = weir::RateLimiter::make(number(7) * weir::kMiB);
  weir::CallbackOptions how;
  how.stream = std::string("stream of seed ") + argv[5];
  how.go_on_from = [&](std::uint64_t offset) { return producer.go_on_from(offset); };
  const auto receipt =
      weir::start(weir::from_callback([&] { return producer.next(); }, how) | weir::to(argv[1], options)).wait();
  if (!receipt.ok()) {
    fmt::print(stderr, "{}\n", receipt.error());
    return 1;
  }
  fmt::print("stored {} resumed {} skipped {}\n", receipt->bytes_stored, receipt->bytes_resumed,
             receipt->bytes_skipped);
  return 0;
}
