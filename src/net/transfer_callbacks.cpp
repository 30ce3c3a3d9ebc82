// What libcurl calls while a request runs: body out, head and body in, progress. All on the loop thread.
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>

#include "net/text.hpp"
#include "net/transfer.hpp"

namespace weir::net {
namespace {

constexpr std::size_t kMaxHeadBytes = 256 * 1024;  // all heads of one request together: floods end here

Transfer* of(void* self) { return static_cast<Transfer*>(self); }

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The status of "HTTP/1.1 200 OK", 0 for any other line.
int status_of_line(std::string_view line) {
  const auto space = line.find(' ');
  if (!line.starts_with("HTTP/") || space == std::string_view::npos || line.size() < space + 4) return 0;
  int status = 0;
  for (const char c : line.substr(space + 1, 3)) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace

// Called when a connection is ready for the request: at first, and when libcurl repeats it on another connection
// because a kept one turned out to be dead. libcurl below 8.7 does not always rewind the body then, so this does.
int Transfer::on_request(void* self, char* peer_ip, char*, int peer_port, int local_port) {
  Transfer& transfer = *of(self);
  transfer.moved();
  if (transfer.attempts_++ > 0 && !transfer.may_repeat()) {
    transfer.fail(transfer.failure(Kind::network, Retry::transient, "the kept connection was closed before an answer"));
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.socket_ = transfer.sockets_->find(peer_ip, peer_port, local_port);
  if (transfer.request_.on_peer) {
    const PeerInfo peer{peer_ip == nullptr ? "" : peer_ip, transfer.is_in_tunnel()};
    if (Status status = transfer.request_.on_peer(peer); status.failed()) {
      transfer.fail(std::move(status));
      return CURL_PREREQFUNC_ABORT;
    }
  }
  transfer.last_sent_ = 0;
  transfer.last_received_ = 0;
  if (transfer.given_ > 0 || !transfer.held_.empty()) {
    if (Status status = transfer.rewind_body(); !status.ok()) {
      transfer.fail(std::move(status));
      return CURL_PREREQFUNC_ABORT;
    }
  }
  return CURL_PREREQFUNC_OK;
}

// libcurl tells of a CONNECT only to the request that needed it; those that come later on the connection are told here.
bool Transfer::is_in_tunnel() {
  long answered = 0;
  const bool made = curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &answered) == CURLE_OK && answered != 0;
  if (made && socket_ != CURL_SOCKET_BAD) sockets_->note_tunnel(socket_);
  return made || sockets_->is_tunnel(socket_);
}

Status Transfer::rewind_body() {
  given_ = 0;
  body_ended_ = false;
  held_.clear();
  return request_.body ? request_.body->rewind() : Status();
}

int Transfer::on_seek(void* self, curl_off_t offset, int origin) {
  Transfer& transfer = *of(self);
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_FAIL;
  Status status = transfer.rewind_body();
  if (status.ok()) return CURL_SEEKFUNC_OK;
  transfer.fail(std::move(status));
  return CURL_SEEKFUNC_FAIL;
}

std::size_t Transfer::on_read(char* into, std::size_t size, std::size_t count, void* self) {
  return of(self)->give({reinterpret_cast<std::byte*>(into), size * count});
}

// Bytes of a reply that libcurl has not read. (Behind TLS also a session ticket, which costs one turn of the loop.)
bool Transfer::reply_waits() const {
  char byte = 0;
  return socket_ != CURL_SOCKET_BAD && !receive_paused_ && recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// libcurl fails with a send error when it writes to a connection that the server has answered and closed, and the
// answer is lost. It reads before it writes, but filling its buffer takes long enough for the answer to arrive in
// between. So a buffer filled meanwhile is kept back, and the loop comes round again to read. What slips through even
// so is found by last_look(), unless it is encrypted.
std::size_t Transfer::give(std::span<std::byte> into) {
  if (!held_.empty()) {
    const std::size_t count = std::min(held_.size(), into.size());
    std::memcpy(into.data(), held_.data(), count);
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
    given_ += count;
    return count;
  }
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), body_size_ - given_)));
  if (into.empty()) return 0;
  auto filled = fill(into);
  if (!filled) {
    send_paused_ = true;
    if (filled.status().is_pending()) return CURL_READFUNC_PAUSE;
    fail(filled.status());
    return CURL_READFUNC_ABORT;
  }
  if (*filled == 0) {  // the end of a body of unknown length
    body_ended_ = true;
    return 0;
  }
  if (reply_waits()) {
    held_.assign(into.begin(), into.begin() + static_cast<std::ptrdiff_t>(*filled));
    send_paused_ = true;
    mailbox_->post(Wish::send_again, shared_from_this());
    return CURL_READFUNC_PAUSE;
  }
  given_ += *filled;
  return *filled;
}

void Transfer::last_look(curl_socket_t socket) {
  if (socket != socket_) return;
  socket_ = CURL_SOCKET_BAD;
  if (head_bytes_ > 0 || given_ == 0 || !request_.url.starts_with("http://")) return;
  std::string reply(64 * 1024, '\0');  // refusals are short
  std::size_t size = 0;
  while (size < reply.size()) {
    const auto count = recv(socket, reply.data() + size, reply.size() - size, MSG_DONTWAIT);
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
  }
  take_refusal(std::string_view(reply).substr(0, size));
}

// Only a whole head counts, and only one that refuses.
void Transfer::take_refusal(std::string_view reply) {
  const auto head_end = reply.find("\r\n\r\n");
  if (head_end == std::string_view::npos || status_of_line(reply) < 300) return;
  std::string_view head = reply.substr(0, head_end + 4);
  while (!head.empty()) {
    const auto line_end = head.find("\r\n") + 2;
    if (!take_header(head.substr(0, line_end))) return;
    head.remove_prefix(line_end);
  }
  const std::string length(response_.header("content-length"));
  const std::string_view body = reply.substr(head_end + 4);
  if (length.empty() || length.size() > 9) return;  // chunks are not unpacked here
  response_.body =
      body.substr(0, std::min<std::size_t>(std::strtoul(length.c_str(), nullptr, 10), request_.max_body_bytes));
}

// As much as the body has now; pending only where it has nothing.
Result<std::size_t> Transfer::fill(std::span<std::byte> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    auto count = request_.body->read(into.subspan(filled));
    if (!count) {
      if (count.status().is_pending() && filled > 0) break;
      return count.status();
    }
    if (*count == 0 && body_size_ == kUnknownSize) break;
    if (*count == 0 || *count > into.size() - filled) {
      return failure(Kind::source_changed, Retry::never,
                     fmt::format("the body ended at byte {} of {}", given_ + filled, body_size_));
    }
    filled += *count;
  }
  return filled;
}

std::size_t Transfer::on_header(char* line, std::size_t size, std::size_t count, void* self) {
  return of(self)->take_header({line, size * count}) ? size * count : 0;
}

bool Transfer::take_header(std::string_view line) {
  moved();
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHeadBytes) {
    fail(failure(Kind::protocol, Retry::never, fmt::format("the reply's head has more than {} bytes", kMaxHeadBytes)));
    return false;
  }
  if (const int status = status_of_line(line); status != 0) {
    head_done_ = false;
    response_ = Response{};
    taken_ = 0;
    response_.status = status;
    return true;
  }
  if (head_done_) return true;  // a trailer
  const std::string_view text = without_blanks(line);
  if (text.empty()) return end_of_head();
  if ((line.front() == ' ' || line.front() == '\t') && !response_.headers.empty()) {  // a folded line
    response_.headers.back().second.append(" ").append(text);
    return true;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return true;
  response_.headers.emplace_back(lower(without_blanks(text.substr(0, colon))), without_blanks(text.substr(colon + 1)));
  return true;
}

bool Transfer::end_of_head() {
  if (response_.status < 200) return true;  // an interim reply: the next status line begins anew
  head_done_ = true;
  // A refusal ends the sending, but libcurl does not end a transfer that is paused: the body may never wake it.
  if (response_.status >= 300 && send_paused_) mailbox_->post(Wish::send_again, shared_from_this());
  if (!request_.on_head) return true;
  Status status = request_.on_head(response_);
  if (!status.failed()) return true;
  fail(std::move(status));
  return false;
}

std::size_t Transfer::on_write(char* data, std::size_t size, std::size_t count, void* self) {
  return of(self)->take_data({reinterpret_cast<const std::byte*>(data), size * count});
}

std::size_t Transfer::take_data(std::span<const std::byte> data) {
  moved();
  if (request_.on_data && response_.status >= 200 && response_.status < 300) {
    Status status = request_.on_data(data);
    if (status.ok()) taken_ += data.size();
    if (status.ok()) return data.size();
    receive_paused_ = status.is_pending();
    if (receive_paused_) return CURL_WRITEFUNC_PAUSE;  // libcurl gives the same bytes again
    fail(std::move(status));
    return CURL_WRITEFUNC_ERROR;
  }
  if (data.size() > request_.max_body_bytes - response_.body.size()) {
    fail(failure(
        Kind::limit, Retry::never,
        fmt::format("answered {} with a body of more than {} bytes", response_.status, request_.max_body_bytes)));
    return CURL_WRITEFUNC_ERROR;
  }
  taken_ += data.size();
  response_.body.append(reinterpret_cast<const char*>(data.data()), data.size());
  return data.size();
}

int Transfer::on_progress(void* self, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
  Transfer& transfer = *of(self);
  if (sent == transfer.last_sent_ && received == transfer.last_received_) return 0;
  transfer.last_sent_ = sent;
  transfer.last_received_ = received;
  transfer.moved();
  return 0;
}

}  // namespace weir::net
