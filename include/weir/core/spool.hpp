// Spool: what a producer has handed over and no store has confirmed yet, kept on a disk, so that a producer that cannot
// begin again need only go on.
//
// A source and the sink right behind it agree on it: the sink says what is confirmed, the source delivers what the
// spool has behind that, asks its producer to go on from there, and has all that then comes kept before it hands it on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "weir/core/status.hpp"

namespace weir {

/// Made by the sink. All calls come from the source, one thread at a time.
class Spool {
 public:
  virtual ~Spool() = default;
  /// Called in open() by a source that will do all of this. `stream` tells its bytes from any others, today and next
  /// year; `wake` runs its segment again.
  virtual void attend(std::string stream, std::function<void()> wake) = 0;
  /// Fills the front of `into` with the next bytes that an earlier run has kept; 0: there are no more. pending until it
  /// is known what is confirmed. Looks into a file.
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
  /// Once read() gave 0: the offset from which the producer goes on. None: it had come to its end.
  virtual std::optional<std::uint64_t> goes_on_from() = 0;
  /// How many bytes of the front of `bytes` may be handed on: they are kept. pending where there is no room for any
  /// until more is confirmed. Writes a file; where that fails, bytes are handed on all the same, and that is told.
  virtual Result<std::size_t> keep(std::span<const std::byte> bytes) = 0;
  /// The producer has come to its end.
  virtual void ended() = 0;
  /// The producer failed, or would not go on from there: what there is of the stream is left to another run.
  virtual void failed() = 0;
};

}  // namespace weir
