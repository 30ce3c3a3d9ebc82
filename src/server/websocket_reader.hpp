// Frames of a WebSocket's client (RFC 6455, 5) as they arrive: messages of any size go through without being gathered,
// control frames come between their pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/utf8.hpp"

namespace weir::server {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Codes of 7.4.1 that this side sends.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported = 1003,
  no_text = 1007,
  policy = 1008,
  too_big = 1009,
  internal = 1011,
  try_later = 1013
};

/// Why a connection is to be closed.
struct Closing {
  CloseCode code = CloseCode::protocol_error;
  std::string why;
};

struct WebSocketLimits {
  std::uint64_t message_bytes = 16 << 20;  ///< of all of its frames
  std::size_t frames = 100'000;            ///< of one message: frames may be empty
};

class WebSocketReader {
 public:
  enum class Event : std::uint8_t { none, data, message_end, ping, pong, close };
  struct Step {
    std::size_t taken = 0;
    Event event = Event::none;
    /// Of data: the next bytes of the message, inside those that were given. Of a control frame: all of it, until the
    /// next call.
    std::string_view payload;
    bool text = false;                                       ///< of data and message_end
    std::optional<std::uint16_t> close_code = std::nullopt;  ///< of close, if the client has said one
  };

  explicit WebSocketReader(WebSocketLimits limits = {}) : limits_(limits) {}

  /// Takes some of `bytes`, whose mask it takes off in place; ends with the first event. Call again with the rest.
  /// After Event::close nothing more is taken.
  std::optional<Closing> take(std::span<char> bytes, Step& step);

 private:
  enum class Where : std::uint8_t { head, payload, closed };

  std::optional<Closing> take_head(std::span<char> bytes, Step& step);
  std::optional<Closing> begin_frame(Step& step);
  std::optional<Closing> begin_data();
  std::optional<Closing> take_payload(std::span<char> bytes, Step& step);
  std::optional<Closing> end_frame(Step& step);
  std::optional<Closing> end_close(Step& step);
  bool is_control() const { return static_cast<std::uint8_t>(opcode_) >= 8; }

  const WebSocketLimits limits_;
  Where where_ = Where::head;
  std::array<unsigned char, 14> head_{};
  std::size_t head_bytes_ = 0;
  Opcode opcode_ = Opcode::continuation;
  bool final_ = false;
  std::uint64_t left_ = 0;  // of the frame
  std::size_t mask_at_ = 0;
  std::string control_;  // payload of a control frame

  bool in_message_ = false;
  bool text_ = false;
  std::uint64_t message_bytes_ = 0;
  std::size_t frames_ = 0;
  Utf8Checker utf8_;
};

/// What stands before the payload of a frame of this side, which has no mask (5.1).
std::string frame_head(Opcode opcode, std::uint64_t payload_bytes, bool final = true);
/// The payload of a close frame (5.5.1): of `why` what fits, cut between characters.
std::string close_payload(CloseCode code, std::string_view why);

}  // namespace weir::server
