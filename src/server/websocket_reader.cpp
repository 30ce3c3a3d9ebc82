#include "server/websocket_reader.hpp"

#include <algorithm>
#include <utility>

namespace weir::server {

namespace {

constexpr std::size_t kMostControlBytes = 125;
constexpr std::size_t kMaskBytes = 4;

Closing broken(const char* why) { return {CloseCode::protocol_error, why}; }

/// 7.4: those that a peer may send; 1004 to 1006 and 1015 never go over the wire.
bool may_be_sent(unsigned code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

std::optional<Closing> WebSocketReader::take(std::span<char> bytes, Step& step) {
  step = {};
  while (step.event == Event::none && where_ != Where::closed) {
    const bool empty_frame = where_ == Where::payload && left_ == 0;
    if (step.taken == bytes.size() && !empty_frame) return {};
    auto closing = where_ == Where::head ? take_head(bytes, step) : take_payload(bytes, step);
    if (closing) {
      where_ = Where::closed;
      return closing;
    }
  }
  return {};
}

/// 5.2: two bytes, up to eight more of length, and the mask.
std::optional<Closing> WebSocketReader::take_head(std::span<char> bytes, Step& step) {
  const auto wanted = [this]() -> std::size_t {
    if (head_bytes_ < 2) return 2;
    const unsigned length = head_[1] & 0x7fU;
    return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + kMaskBytes;
  };
  while (head_bytes_ < wanted() && step.taken < bytes.size()) {
    head_[head_bytes_++] = static_cast<unsigned char>(bytes[step.taken++]);
    if (head_bytes_ != 2) continue;
    // Told at once: who sends such a head may never send the rest.
    if ((head_[0] & 0x70U) != 0) return broken("a reserved bit is set");
    if ((head_[1] & 0x80U) == 0) return broken("a client's frame has no mask");
  }
  return head_bytes_ < wanted() ? std::nullopt : begin_frame(step);
}

std::optional<Closing> WebSocketReader::begin_frame(Step& /*step*/) {
  final_ = (head_[0] & 0x80U) != 0;
  const unsigned code = head_[0] & 0x0fU;
  const unsigned length = head_[1] & 0x7fU;
  left_ = length;
  if (length >= 126) {
    left_ = 0;
    for (std::size_t at = 2; at < (length == 126 ? 4U : 10U); ++at) left_ = left_ << 8U | head_[at];
    if (left_ < (length == 126 ? 126U : 65536U)) return broken("a length is written in more bytes than it needs");
    if (left_ >> 63U != 0) return broken("a length has its highest bit set");
  }
  mask_at_ = head_bytes_ - kMaskBytes;
  if ((code > 2 && code < 8) || code > 10) return broken("an opcode is reserved");
  opcode_ = static_cast<Opcode>(code);
  where_ = Where::payload;
  if (!is_control()) return begin_data();
  if (!final_) return broken("a control frame comes in fragments");
  if (left_ > kMostControlBytes) return broken("a control frame is too long");
  control_.clear();
  return {};
}

std::optional<Closing> WebSocketReader::begin_data() {
  if ((opcode_ == Opcode::continuation) != in_message_)
    return broken(in_message_ ? "a message begins inside another" : "there is no message to go on with");
  if (!in_message_) {
    in_message_ = true;
    text_ = opcode_ == Opcode::text;
    message_bytes_ = frames_ = 0;
    utf8_ = {};
  }
  if (++frames_ > limits_.frames) return Closing{CloseCode::policy, "a message comes in too many frames"};
  // By what it says, so that nobody has to send it first.
  if (left_ > limits_.message_bytes - message_bytes_) return Closing{CloseCode::too_big, "a message is too long"};
  message_bytes_ += left_;
  return {};
}

std::optional<Closing> WebSocketReader::take_payload(std::span<char> bytes, Step& step) {
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - step.taken));
  const std::span<char> piece = bytes.subspan(step.taken, size);
  std::size_t phase = 0;
  for (char& c : piece) c = static_cast<char>(static_cast<unsigned char>(c) ^ head_[mask_at_ + (phase++ & 3U)]);
  // The rest of the frame goes on with the mask where this piece has ended.
  std::rotate(head_.begin() + static_cast<std::ptrdiff_t>(mask_at_),
              head_.begin() + static_cast<std::ptrdiff_t>(mask_at_ + (phase & 3U)),
              head_.begin() + static_cast<std::ptrdiff_t>(mask_at_ + kMaskBytes));
  step.taken += size;
  left_ -= size;
  const std::string_view text(piece.data(), piece.size());
  if (is_control()) {
    control_ += text;
    return left_ == 0 ? end_frame(step) : std::nullopt;
  }
  if (text_ && !utf8_.take(text)) return Closing{CloseCode::no_text, "a text is not UTF-8"};
  if (!text.empty()) {
    step.event = Event::data;
    step.payload = text;
    step.text = text_;
    return {};  // where the frame ends with it, the next call tells so
  }
  return end_frame(step);
}

std::optional<Closing> WebSocketReader::end_frame(Step& step) {
  where_ = Where::head;
  head_bytes_ = 0;
  if (opcode_ == Opcode::close) return end_close(step);
  if (is_control()) {
    step.event = opcode_ == Opcode::ping ? Event::ping : Event::pong;
    step.payload = control_;
  } else if (final_) {
    if (text_ && !utf8_.whole()) return Closing{CloseCode::no_text, "a text ends inside a character"};
    in_message_ = false;
    step.event = Event::message_end;
    step.text = text_;
  }
  return {};
}

/// 5.5.1: nothing, or a code and a reason.
std::optional<Closing> WebSocketReader::end_close(Step& step) {
  where_ = Where::closed;
  step.event = Event::close;
  if (control_.empty()) return {};
  if (control_.size() == 1) return broken("a close frame has half a code");
  const unsigned code = static_cast<unsigned char>(control_[0]) * 256U + static_cast<unsigned char>(control_[1]);
  if (!may_be_sent(code)) return broken("a close frame has a code that is not sent");
  step.payload = std::string_view(control_).substr(2);
  Utf8Checker reason;
  if (!reason.take(step.payload) || !reason.whole())
    return Closing{CloseCode::no_text, "the reason of a close frame is not UTF-8"};
  step.close_code = static_cast<std::uint16_t>(code);
  return {};
}

std::string frame_head(Opcode opcode, std::uint64_t payload_bytes, bool final) {
  std::string head(1, static_cast<char>((final ? 0x80U : 0U) | static_cast<unsigned>(opcode)));
  const std::size_t bytes = payload_bytes < 126 ? 0 : payload_bytes < 65536 ? 2 : 8;
  head += static_cast<char>(bytes == 0 ? payload_bytes : bytes == 2 ? 126U : 127U);
  for (std::size_t left = bytes; left > 0; --left) head += static_cast<char>(payload_bytes >> (8 * (left - 1)) & 0xffU);
  return head;
}

std::string close_payload(CloseCode code, std::string_view why) {
  std::size_t size = std::min(why.size(), kMostControlBytes - 2);
  while (size < why.size() && size > 0 && (static_cast<unsigned char>(why[size]) & 0xc0U) == 0x80U) --size;
  const auto number = static_cast<std::uint16_t>(code);
  return std::string{static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)} +
         std::string(why.substr(0, size));
}

}  // namespace weir::server
