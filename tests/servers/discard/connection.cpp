#include "discard/connection.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>

namespace discard {
namespace {

constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
constexpr std::uint64_t kDiscardStep = 1024 * 1024;
constexpr std::size_t kMaxLine = 64 * 1024;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool parse_number(std::string_view text, int base, std::uint64_t& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() && !text.empty();
}

void parse_query(std::string_view text, std::map<std::string, std::string>& query) {
  while (!text.empty()) {
    const auto amp = std::min(text.find('&'), text.size());
    const auto pair = text.substr(0, amp);
    const auto equals = std::min(pair.find('='), pair.size());
    const auto value = equals < pair.size() ? pair.substr(equals + 1) : std::string_view();
    if (!pair.empty()) query[percent_decode(pair.substr(0, equals))] = percent_decode(value);
    text.remove_prefix(std::min(amp + 1, text.size()));
  }
}

bool add_header(Request& request, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  request.header[lower(std::string(line.substr(0, colon)))] = std::string(trimmed(line.substr(colon + 1)));
  return true;
}

}  // namespace

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint64_t byte = 0;
    if (text[i] == '%' && i + 2 < text.size() && parse_number(text.substr(i + 1, 2), 16, byte)) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Connection::~Connection() { ::close(fd_); }

bool Connection::fill() {
  for (;;) {
    const ssize_t got = ::recv(fd_, buffer_, kBuffer, 0);
    if (got > 0) {
      begin_ = 0;
      end_ = static_cast<std::size_t>(got);
      return true;
    }
    if (got == 0 || errno != EINTR) return false;
  }
}

bool Connection::read_line(std::string& line, std::uint64_t& left) {
  line.clear();
  while (left > 0 && line.size() < kMaxLine) {
    if (begin_ == end_ && !fill()) return false;
    const char c = buffer_[begin_++];
    --left;
    if (c == '\n') {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return true;
    }
    line += c;
  }
  return false;
}

bool Connection::read_head(Request& request) {
  request = Request();
  std::uint64_t left = kNoLimit;
  std::string line;
  if (!read_line(line, left)) return false;
  const auto first = line.find(' ');
  const auto second = line.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos || line.compare(second + 1, 5, "HTTP/") != 0)
    return false;
  request.method = line.substr(0, first);
  const std::string target = line.substr(first + 1, second - first - 1);
  const auto mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  if (mark < target.size()) parse_query(std::string_view(target).substr(mark + 1), request.query);
  while (read_line(line, left)) {
    if (line.empty()) return true;
    if (!add_header(request, line)) return false;
  }
  return false;
}

bool Connection::take(std::uint64_t count, const Look& look) {
  while (count > 0) {
    const std::uint64_t allowed = throttle_.allow(std::min(count, kDiscardStep));
    std::uint64_t got = 0;
    if (begin_ < end_ || look) {
      if (begin_ == end_ && !fill()) return false;
      got = std::min<std::uint64_t>(allowed, end_ - begin_);
      if (look) look(buffer_ + begin_, got);
      begin_ += got;
    } else {
      // The kernel drops the bytes instead of copying them: buffer_ is not written, whatever the length says.
      // By its number, since sanitizers take recv() at its word and see an overflow.
      const ssize_t dropped = ::syscall(SYS_recvfrom, fd_, buffer_, allowed, MSG_TRUNC, nullptr, nullptr);
      if (dropped < 0 && errno == EINTR) continue;
      if (dropped <= 0) return false;
      got = static_cast<std::uint64_t>(dropped);
    }
    throttle_.taken(got);
    count -= got;
  }
  return true;
}

bool Connection::read_chunks(Request& request, std::uint64_t encoded, const Look& look, std::uint64_t& length) {
  std::string line;
  for (;;) {
    std::uint64_t size = 0;
    if (!read_line(line, encoded)) return false;
    if (!parse_number(std::string_view(line).substr(0, line.find(';')), 16, size)) return false;
    if (size == 0) break;
    if (size > encoded || !take(size, look)) return false;
    encoded -= size;
    length += size;
    if (!read_line(line, encoded) || !line.empty()) return false;
  }
  while (encoded > 0) {  // trailers, and the empty line that ends them
    if (!read_line(line, encoded)) return false;
    if (!line.empty() && !add_header(request, line)) return false;
  }
  return true;
}

bool Connection::read_body(Request& request, const Look& look, std::uint64_t& length) {
  length = 0;
  std::uint64_t declared = 0;
  const std::string text = request.get("content-length");
  if (!text.empty() && !parse_number(text, 10, declared)) return false;
  if (declared == 0) return true;
  if (lower(request.get("expect")) == "100-continue" && !write_all("HTTP/1.1 100 Continue\r\n\r\n")) return false;
  if (request.get("x-amz-content-sha256").rfind("STREAMING-", 0) == 0) {
    return read_chunks(request, declared, look, length);
  }
  length = declared;
  return take(declared, look);
}

bool Connection::send(const Reply& reply) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reply.reason);
  for (const auto& [name, value] : reply.header) head += fmt::format("{}: {}\r\n", name, value);
  if (reply.make) head += fmt::format("Content-Length: {}\r\n", reply.make_bytes);
  const bool no_length = reply.make || reply.header.count("Content-Length") != 0 || reply.status == 204;
  if (!no_length) head += fmt::format("Content-Length: {}\r\n", reply.body.size());
  if (reply.close) head += "Connection: close\r\n";
  head += "\r\n";
  if (!reply.head_only) head += reply.body;
  if (!write_all(head)) return false;
  if (!reply.make || reply.head_only) return true;
  for (std::uint64_t done = 0; done < reply.make_bytes;) {
    const auto count = std::min<std::uint64_t>(Reply::kMadeAtOnce, reply.make_bytes - done);
    if (!write_all({reply.make(reply.make_from + done), static_cast<std::size_t>(count)})) return false;
    done += count;
  }
  return true;
}

bool Connection::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace discard
