// Plain classes of the host's that throw: each call of each shape.
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

#include "weir/core/job.hpp"

using namespace weir;

namespace {

enum class Where { nowhere, next, process, finish, write, close, abort };

/// Throws in the call `where`: a std::exception, or something odd.
struct Thrower {
  Where where = Where::nowhere;
  bool odd = false;
  void at(Where here) const {
    if (here != where) return;
    if (odd) throw 7;
    throw std::runtime_error("boom");
  }
};

struct Letters {
  Thrower thrower;
  int left = 3;
  Result<Chunk> next() {
    if (left == 1) thrower.at(Where::next);
    return left-- > 0 ? Chunk::copy_of("abc") : Chunk();
  }
};

struct Same {
  Thrower thrower;
  Status process(Chunk chunk, Emit& out) {
    thrower.at(Where::process);
    if (!chunk.empty()) out(std::move(chunk));
    return {};
  }
  Status finish(Emit&) {
    thrower.at(Where::finish);
    return {};
  }
};

struct Count {
  Thrower thrower;
  std::shared_ptr<int> aborts;
  std::uint64_t bytes = 0;
  Status write(Chunk chunk) {
    thrower.at(Where::write);
    bytes += chunk.size();
    return {};
  }
  Result<Receipt> close() {
    thrower.at(Where::close);
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = bytes;
    return receipt;
  }
  void abort() {
    ++*aborts;
    thrower.at(Where::abort);
  }
};

}  // namespace

TEST_CASE("what a plain class throws ends the job as an error with its text, and the sink is aborted") {
  for (const Where where : {Where::next, Where::process, Where::finish, Where::write, Where::close}) {
    for (const bool odd : {false, true}) {
      CAPTURE(static_cast<int>(where), odd);
      const Thrower thrower{where, odd};
      auto aborts = std::make_shared<int>(0);
      const auto result = start(Letters{thrower} | Same{thrower} | Count{thrower, aborts}).wait();
      REQUIRE_FALSE(result.ok());
      CHECK(result.error().kind == Kind::io);
      CHECK(result.error().cause == (odd ? "the host's function threw something that is no std::exception"
                                         : "the host's function threw: boom"));
      CHECK(result.error().stage == (where == Where::next                                ? "source"
                                     : where == Where::process || where == Where::finish ? "transform"
                                                                                         : "sink"));
      CHECK(*aborts == 1);
    }
  }
}

TEST_CASE("an abort that throws does not hide why the job failed") {
  struct Fails {
    Result<Chunk> next() { return Status(Kind::corrupt, "bad bytes"); }
  };
  auto aborts = std::make_shared<int>(0);
  const auto result = start(Fails{} | Count{{Where::abort, false}, aborts}).wait();
  CHECK(result.error().kind == Kind::corrupt);
  CHECK(*aborts == 1);
}
