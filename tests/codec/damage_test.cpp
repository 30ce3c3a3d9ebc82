// Every damage to a small file, through whole pipelines: an error, or the same bytes, and never anything else.
#include <catch2/catch.hpp>

#include "codec/drive.hpp"
#include "weir/codec/gzip.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/memory.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

struct Codec {
  const char* name;
  std::unique_ptr<Transform> (*pack)();
  std::unique_ptr<Transform> (*unpack)();
  const char* while_;
};

constexpr Codec kCodecs[] = {
    {"gzip", [] { return gzip(); }, [] { return gunzip(); }, "decompress gzip"},
    {"zstd", [] { return zstd(); }, [] { return unzstd(); }, "decompress zstd"},
};

struct Outcome {
  Result<Receipt> receipt;
  std::string bytes;
};

class Runner {
 public:
  Outcome run(const std::string& input, std::unique_ptr<Transform> stage) const {
    auto into = std::make_shared<std::string>();
    JobOptions options;
    options.executor = pool_;
    Job job = start(memory(input) | Through(std::move(stage)) | to_memory(into), std::move(options));
    auto receipt = job.wait_for(60s);
    REQUIRE(receipt);
    return {*std::move(receipt), *into};
  }

 private:
  std::shared_ptr<Executor> pool_ = Executor::make_pool(2);
};

/// An error that names stage and offset, and leaves nothing; or all of `content`.
void check_outcome(const Outcome& outcome, const Codec& codec, std::size_t size, const std::string& content) {
  if (outcome.receipt.ok()) {
    REQUIRE(outcome.bytes == content);
    return;
  }
  const Error& error = outcome.receipt.error();
  INFO(outcome.receipt.status().message());
  REQUIRE(outcome.bytes.empty());
  REQUIRE((error.kind == Kind::corrupt || error.kind == Kind::unsupported || error.kind == Kind::limit ||
           error.kind == Kind::budget_too_small));
  REQUIRE(outcome.receipt.status().message().find(codec.while_) != std::string::npos);
  REQUIRE(error.offset);
  REQUIRE(*error.offset <= size);
}

}  // namespace

TEST_CASE("no flipped byte and no cut of a compressed file passes as whole with other bytes") {
  const Runner runner;
  const std::string content = test::words(700);
  for (const Codec& codec : kCodecs) {
    const Outcome whole = runner.run(content, codec.pack());
    REQUIRE(whole.receipt.ok());
    const std::string& packed = whole.bytes;
    REQUIRE(runner.run(packed, codec.unpack()).bytes == content);
    std::size_t unharmed = 0;
    for (std::size_t at = 0; at < packed.size(); ++at) {
      for (const int flip : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
        std::string damaged = packed;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        INFO(codec.name << ": byte " << at << " ^ " << flip);
        const Outcome outcome = runner.run(damaged, codec.unpack());
        check_outcome(outcome, codec, damaged.size(), content);
        if (outcome.receipt.ok()) ++unharmed;
      }
    }
    // What means nothing to the content: time, system and kind of level of gzip; the seek table of zstd (33 bytes).
    CHECK(unharmed < 250);
    for (std::size_t size = 0; size < packed.size(); ++size) {
      INFO(codec.name << ": cut to " << size);
      check_outcome(runner.run(packed.substr(0, size), codec.unpack()), codec, size, content);
    }
  }
}
