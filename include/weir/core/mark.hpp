// Marks: pieces of a transform's work that depend on nothing before them, so that another run need not do them again.
//
// The last transform of a pipeline and its sink may agree on it: the transform has its pieces written down as it makes
// them; in a later run over the same source it still reads all input, recognises by its hash what it has made before,
// and leaves that out as far as the sink has it. Taps before it see every byte in every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "weir/core/status.hpp"

namespace weir {

/// The next so many bytes of input became the next so many bytes of output.
struct Mark {
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
  std::uint64_t input_hash = 0;   ///< as the transform takes it
  std::uint64_t output_hash = 0;  ///< likewise
  std::uint64_t note = 0;         ///< the transform's own

  bool operator==(const Mark&) const = default;
};

// What transforms say where the marks of an earlier run are gone, or not those of the input.

inline Status mark_lost() { return Status(Kind::io, "what an earlier run made cannot be looked up any more"); }
inline Status other_input() {
  return Status(Kind::source_changed, "the source has other bytes than in an earlier run");
}
inline Status other_output(const char* who) {
  return Status(Kind::corrupt, fmt::format("{} makes other bytes of the same input than in an earlier run", who))
      .advise("Run this again; if it says the same, begin anew, without resuming.");
}

/// Kept by the sink. Thread-safe.
class Marks {
 public:
  virtual ~Marks() = default;
  /// Called in open() by a transform that will leave out what skip_bytes() says. `wake` runs its segment again.
  virtual void attend(std::function<void()> wake) = 0;
  /// So many bytes of output, from the beginning, are to be left out. pending until that is known.
  virtual Result<std::uint64_t> skip_bytes() = 0;
  /// Of an earlier run, by number from 0. Known for all that lies before skip_bytes(), and for the piece around it.
  /// May look into a file.
  virtual std::optional<Mark> earlier(std::uint64_t index) = 0;
  /// Of the earlier run: the transform's state behind that piece. None: it had none, or it is lost.
  virtual std::optional<std::string> state(std::uint64_t index) = 0;
  /// What is not told is made again. `state`: all that the transform needs to go on behind the piece; empty: nothing.
  virtual void made(std::uint64_t index, const Mark& mark, std::string state) = 0;
  /// A hash for those who have none: of what `before` is the hash of, and `bytes` after it.
  virtual std::uint64_t hash(std::uint64_t before, std::span<const std::byte> bytes) const = 0;
  /// What is made now does not fit what an earlier run left: that stays, and people say what becomes of it. Returns
  /// `why`, which the transform is to fail with.
  virtual Status differs(Status why) = 0;
  /// False: nobody writes them down, so they need not be made.
  virtual bool wanted() const = 0;
};

}  // namespace weir
