#include "server/websocket_reader.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace weir::server {
namespace {

/// A client's frame; `first` is its first byte: FIN, reserved bits, opcode.
std::string frame(unsigned first, const std::string& payload, bool masked = true) {
  std::string made = frame_head(Opcode::text, payload.size());
  made[0] = static_cast<char>(first);
  if (!masked) return made + payload;
  made[1] = static_cast<char>(static_cast<unsigned char>(made[1]) | 0x80U);
  const std::string mask("\x12\xf3\x00\x9c", 4);
  made += mask;
  for (std::size_t at = 0; at < payload.size(); ++at) made += static_cast<char>(payload[at] ^ mask[at % 4]);
  return made;
}

constexpr unsigned kFinal = 0x80;
std::string text(const std::string& payload, bool final = true) { return frame((final ? kFinal : 0) | 1U, payload); }
std::string more(const std::string& payload, bool final = true) { return frame(final ? kFinal : 0, payload); }
std::string ping(const std::string& payload) { return frame(kFinal | 9U, payload); }
std::string close_frame(const std::string& payload) { return frame(kFinal | 8U, payload); }
std::string code(unsigned number) { return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)}; }

/// What came of it, one word for each: "text:", "binary:", "ping:", "pong:", "close:" and "closing:" with its code.
std::vector<std::string> heard(std::string bytes, std::size_t piece, WebSocketLimits limits = {}) {
  std::vector<std::string> words;
  WebSocketReader reader(limits);
  std::string message;
  for (std::size_t at = 0;;) {
    WebSocketReader::Step step;
    const std::size_t size = std::min(piece, bytes.size() - at);
    if (const auto closing = reader.take({bytes.data() + at, size}, step)) {
      words.push_back("closing:" + std::to_string(static_cast<int>(closing->code)));
      return words;
    }
    at += step.taken;
    switch (step.event) {
      case WebSocketReader::Event::data:
        message += step.payload;
        break;
      case WebSocketReader::Event::message_end:
        words.push_back((step.text ? "text:" : "binary:") + message);
        message.clear();
        break;
      case WebSocketReader::Event::ping:
        words.push_back("ping:" + std::string(step.payload));
        break;
      case WebSocketReader::Event::pong:
        words.push_back("pong:" + std::string(step.payload));
        break;
      case WebSocketReader::Event::close:
        words.push_back("close:" + (step.close_code ? std::to_string(*step.close_code) : "") +
                        std::string(step.payload));
        return words;
      case WebSocketReader::Event::none:
        if (at == bytes.size()) return words;
        REQUIRE(step.taken > 0);
    }
  }
}

using Words = std::vector<std::string>;

void check(const std::string& bytes, const Words& expected, WebSocketLimits limits = {}) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, bytes.size()}) {
    INFO(piece << " bytes at a time");
    CHECK(heard(bytes, piece, limits) == expected);
  }
}

}  // namespace

TEST_CASE("messages of every form of length arrive whole") {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 128U, 65535U, 65536U, 70000U}) {
    const std::string payload(size, '*');
    check(text(payload), {"text:" + payload});
    check(frame(kFinal | 2U, payload), {"binary:" + payload});
  }
}

TEST_CASE("a message comes in fragments, and control frames between them") {
  check(text("frag", false) + more("ment"), {"text:fragment"});
  check(text("", false) + more("", false) + more(""), {"text:"});
  check(text("a", false) + ping("?") + more("b", false) + frame(kFinal | 10U, "!") + more("c"),
        {"ping:?", "pong:!", "text:abc"});
  check(ping("") + ping(std::string(125, '\xfe')) + text("x"), {"ping:", "ping:" + std::string(125, '\xfe'), "text:x"});
}

TEST_CASE("frames that no client may send end the connection with 1002") {
  const Words broken{"closing:1002"};
  for (const unsigned bits : {0x10U, 0x20U, 0x40U, 0x70U}) check(frame(kFinal | bits | 1U, "x"), broken);
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) check(frame(kFinal | opcode, ""), broken);
  check(frame(kFinal | 1U, "x", /*masked=*/false), broken);
  check(ping(std::string(126, 'x')), broken);
  check(close_frame(code(1000) + std::string(124, 'x')), broken);
  check(frame(9U, "x"), broken);
  check(frame(8U, ""), broken);
  check(more("x"), broken);
  check(more("x", false), broken);
  check(text("a", false) + text("b"), broken);
  check(text("a") + more("b"), {"text:a", "closing:1002"});
  check(text("a", false) + more("b") + more("c"), {"text:ab", "closing:1002"});
  check(std::string("\x81\xfe\x00\x05", 4) + "MASK", broken);               // 16 bits for 5
  check(std::string("\x81\xff\0\0\0\0\0\0\xff\xff", 10) + "MASK", broken);  // 64 bits for 65535
  check(std::string("\x81\xff\x80\0\0\0\0\0\0\0", 10) + "MASK", broken);    // 2^63
  check(std::string("\xc1\x80", 2), broken);                                // told without the rest of the head
}

TEST_CASE("texts are UTF-8, wherever they are cut, and what is none is told before the message ends") {
  const std::string good =
      "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5 \xf0\x90\x80\x80\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80 \x7f";
  check(text(good), {"text:" + good});
  for (std::size_t cut = 0; cut <= good.size(); ++cut)
    check(text(good.substr(0, cut), false) + more(good.substr(cut)), {"text:" + good});
  const Words none{"closing:1007"};
  for (const char* wrong : {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
                            "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "\xc2 ",
                            "\xe1\x80 ", "\xf1\x80\x80 ", "\xce\xba\xe1\xbd\xb9\xed\xa0\x80"}) {
    check(text(wrong), none);
    check(text(wrong, false), none);  // the message goes on
    check(frame(kFinal | 2U, wrong), {"binary:" + std::string(wrong)});
  }
  for (const char* cut_off : {"\xc2", "\xe1", "\xe1\x80", "\xf1\x80\x80"}) check(text(cut_off), none);
}

TEST_CASE("a close frame has a code that may be sent and a reason that is text, or nothing") {
  check(close_frame(""), {"close:"});
  check(close_frame(code(1000) + "bye \xc3\xbc") + text("not heard"), {"close:1000bye \xc3\xbc"});
  for (const unsigned good :
       {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U, 1014U, 3000U, 3999U, 4000U, 4999U})
    check(close_frame(code(good)), {"close:" + std::to_string(good)});
  for (const unsigned wrong : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U})
    check(close_frame(code(wrong)), {"closing:1002"});
  check(close_frame("x"), {"closing:1002"});
  check(close_frame(code(1000) + "\xce\xba\xed\xa0\x80"), {"closing:1007"});
  check(close_frame(code(1000) + "\xc3"), {"closing:1007"});
  check(close_frame(code(1000) + std::string(123, 'x')), {"close:1000" + std::string(123, 'x')});
}

TEST_CASE("a message that is too long, or in too many pieces, is refused before it has come") {
  const WebSocketLimits limits{.message_bytes = 10, .frames = 3};
  check(text("0123456789"), {"text:0123456789"}, limits);
  check(text("01234567890").substr(0, 6), {"closing:1009"}, limits);
  check(text("01234", false) + more("567890").substr(0, 6), {"closing:1009"}, limits);
  check(std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10) + "MASK", {"closing:1009"}, limits);
  check(text("", false) + more("", false) + more(""), {"text:"}, limits);
  check(text("", false) + more("", false) + more("", false) + more("", false), {"closing:1008"}, limits);
  check(text("012345678") + text("012345678"), {"text:012345678", "text:012345678"}, limits);  // each by itself
}

TEST_CASE("frames of this side are written as RFC 6455 says") {
  CHECK(frame_head(Opcode::text, 5) == "\x81\x05");
  CHECK(frame_head(Opcode::binary, 126, false) == std::string("\x02\x7e\x00\x7e", 4));
  CHECK(frame_head(Opcode::binary, 65535) == "\x82\x7e\xff\xff");
  CHECK(frame_head(Opcode::continuation, 65536) == std::string("\x80\x7f\0\0\0\0\0\x01\0\0", 10));
  CHECK(close_payload(CloseCode::too_big, "why") == "\x03\xf1why");
  CHECK(close_payload(CloseCode::normal, std::string(121, 'x') + "\xc3\xbc").size() == 125);
  CHECK(close_payload(CloseCode::normal, std::string(122, 'x') + "\xc3\xbc").size() == 124);  // not half a character
}

}  // namespace weir::server
