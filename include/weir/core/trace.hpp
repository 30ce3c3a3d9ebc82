// What a job's segments do and when, for whoever wants to see it: JobOptions::on_trace.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

struct TraceEvent {
  enum class What : std::uint8_t {
    started,   ///< the stages are open
    ran,       ///< a segment had its turn on a thread
    stopping,  ///< cancelled, suspended or failed: the segments wind up
    ended,     ///< the last event
  };
  /// Why a segment's turn was over.
  enum class Then : std::uint8_t { others_turn, waits_for_input, waits_for_output, done };

  What what = What::started;
  Then then = Then::done;        ///< of `ran`
  std::string_view first_stage;  ///< of the segment that ran; valid during the call
  std::string_view last_stage;   ///< the same where the segment is one stage
  std::uint64_t begin_ns = 0;    ///< monotonic time; of what has no length the same as end_ns
  std::uint64_t end_ns = 0;
};

}  // namespace weir
