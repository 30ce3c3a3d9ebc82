#include "server/session.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "platform/platform.hpp"
#include "server/http_date.hpp"

namespace weir::server {
namespace {

constexpr std::uint64_t kMostLingered = 256 << 20;  // a fast client must get to read why it was refused
constexpr std::chrono::seconds kLinger{2};
constexpr std::chrono::minutes kMinute{1};
constexpr std::size_t kPulled = 64 * 1024;  // of a stream at once, about

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

Session::Session(Endpoint& endpoint, std::string peer, SessionLimits limits, std::function<Time()> clock,
                 std::function<void()> changed)
    : endpoint_(endpoint),
      limits_(limits),
      clock_(std::move(clock)),
      changed_(std::move(changed)),
      head_reader_(limits.head) {
  request_.peer = std::move(peer);
}

// --- in ---

/// Handlers call back from inside: what they ask for is done here, and never in their own call.
void Session::entered(const std::function<void()>& inside) {
  now_ = clock_();
  inside_ = true;
  inside();
  do {
    again_ = false;
    work();
  } while (again_ && where_ != Where::over);
  inside_ = false;
  set_deadline();
}

void Session::received(Chunk bytes) {
  entered([&] {
    minute_bytes_ += bytes.size();
    unread_ = std::move(bytes);
  });
}

void Session::ended() {
  entered([&] { client_ended_ = true; });
}

void Session::sent(std::uint64_t bytes) {
  entered([&] {
    out_since_.reset();
    const std::uint64_t of_text = std::min<std::uint64_t>(bytes, out_.size() - out_at_);
    out_at_ += of_text;
    if (out_at_ == out_.size()) {
      out_.clear();
      out_at_ = 0;
    }
    if (!file_) return;
    file_->offset += bytes - of_text;
    file_->bytes -= bytes - of_text;
    if (file_->bytes == 0) file_.reset();
  });
}

void Session::time_passed() {
  if (!deadline_ || clock_() < *deadline_) return;
  entered([&] {
    if (where_ == Where::head && !head_reader_.empty()) return refuse({408, "the head did not come in time"});
    if (where_ != Where::body || responded_ || !output().empty()) return end();
    if (now_ < minute_since_ + kMinute || minute_bytes_ < limits_.least_bytes_per_minute) {
      handler_.reset();
      return refuse({408, "the body came too slowly"});
    }
    minute_since_ = now_;
    minute_bytes_ = 0;
  });
}

void Session::go_on() {
  again_ = true;
  if (inside_) return;
  entered([] {});
  changed_();
}

// --- reading ---

bool Session::wants_bytes() const {
  if (client_ended_ || !unread_.empty()) return false;
  switch (where_) {
    case Where::head:
    case Where::lingering:
      return true;
    case Where::body:
      return responded_ || handler_->ready();
    case Where::raw:
      return handler_ && handler_->ready();
    default:
      return false;
  }
}

void Session::work() {
  for (bool moved = true; moved;) {
    moved = false;
    if (where_ == Where::body && responded_ && client_ended_ && unread_.empty()) keeps_ = false;  // it is cut
    if (where_ == Where::head && !unread_.empty()) moved = read_head();
    if (where_ == Where::body) moved = read_body() || moved;
    if (where_ == Where::raw) moved = read_raw() || moved;
    if (where_ == Where::lingering) {
      passed_ += unread_.size();
      unread_ = {};
      if (client_ended_ || passed_ > kMostLingered) return end();
    }
    if (where_ == Where::responding && responded_ && output().empty() && !stream_) {
      response_sent();
      moved = true;
    }
  }
  if (!client_ended_ || !unread_.empty()) return;
  if (where_ == Where::head || where_ == Where::body || where_ == Where::raw) end();
}

bool Session::read_head() {
  std::size_t taken = 0;
  if (head_reader_.empty()) {
    head_since_ = now_;
    responded_ = false;
  }
  if (auto refused = head_reader_.take(unread_.text(), taken)) {
    request_.head = {};
    refuse(*refused);
    return true;
  }
  unread_ = unread_.slice(taken);
  if (head_reader_.done()) begin();
  return taken > 0;
}

void Session::begin() {
  responded_ = false;
  keeps_ = false;
  added_.clear();
  passed_ = 0;
  if (auto refused = head_reader_.head(request_.head)) return refuse(*refused);
  if (auto refused = read_framing(request_.head, request_.framing)) return refuse(*refused);
  const auto expected = request_.head.one("expect");
  if (request_.head.count("expect") > 0 && (!expected || lower_case(*expected) != "100-continue"))
    return refuse({417, "the only expectation that is met here is 100-continue"});
  keeps_ = keeps_alive(request_.head);
  chunked_.reset();
  if (request_.framing.chunked) chunked_.emplace();
  left_ = request_.framing.bytes;
  continue_due_ = expected.has_value() && request_.head.minor_version > 0 && (chunked_ || left_ > 0);
  where_ = Where::body;
  minute_since_ = now_;
  minute_bytes_ = unread_.size();
  handler_ = endpoint_.handle(request_, *this);
  if (!handler_ && !responded_) refuse({500, "nobody answers this"});
}

bool Session::read_body() {
  if (!responded_ && !handler_->ready()) return false;
  if (!chunked_ && left_ == 0) {
    end_body();
    return true;
  }
  if (responded_ && !keeps_) {
    where_ = Where::responding;
    return true;
  }
  if (std::exchange(continue_due_, false)) interim(ResponseHead(100));
  if (unread_.empty()) return false;
  Chunk content;
  if (chunked_) {
    ChunkedReader::Step step;
    const std::string_view text = unread_.text();
    if (auto refused = chunked_->take(text, step)) {
      handler_.reset();
      refuse(*refused);
      return true;
    }
    if (!step.content.empty())
      content = unread_.slice(static_cast<std::size_t>(step.content.data() - text.data()), step.content.size());
    unread_ = unread_.slice(step.taken);
  } else {
    content = unread_.slice(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, unread_.size())));
    left_ -= content.size();
    unread_ = unread_.slice(content.size());
  }
  if (!responded_ && !content.empty()) {
    handler_->content(std::move(content));
  }
  if (chunked_ ? chunked_->done() : left_ == 0) end_body();
  return true;
}

void Session::end_body() {
  where_ = Where::responding;
  if (responded_) return;
  if (!chunked_) chunked_.emplace();
  handler_->content_end(*chunked_);
}

bool Session::read_raw() {
  if (!handler_ || unread_.empty() || !handler_->ready()) return false;
  handler_->content(std::exchange(unread_, {}));
  return true;
}

// --- writing ---

void Session::interim(const ResponseHead& head) {
  if (responded_ || request_.head.minor_version == 0) return;
  out_ += head.text();
  if (!inside_) go_on();
}

void Session::add_to_responses(std::string_view name, std::string_view value) { added_.emplace_back(name, value); }

void Session::respond(Response response) {
  if (responded_ || where_ == Where::over) return;
  responded_ = true;
  ResponseHead& head = response.head;
  const bool upgrades = head.status() == 101;
  // A client that waits for 100 may send the body or not, and of a long one nobody wants to read the rest.
  const bool unread = where_ == Where::body && (chunked_ || continue_due_ || left_ > limits_.passed_over);
  if (unread || upgrades) keeps_ = false;
  stream_ = nullptr;
  framed_ = false;
  bool with_body = !has_no_body(head.status()) && request_.head.method != "HEAD";
  if (auto* text = std::get_if<std::string>(&response.body)) {
    if (!has_no_body(head.status()) && !head.has("Content-Length")) head.add("Content-Length", text->size());
    write_head(head);
    if (with_body) out_ += *text;
  } else if (auto* file = std::get_if<FileRange>(&response.body)) {
    head.add("Content-Length", file->bytes);
    write_head(head);
    if (with_body && file->bytes > 0) file_ = std::move(*file);
  } else {
    framed_ = !upgrades && request_.head.minor_version > 0 && !head.has("Content-Length");
    if (framed_) head.add("Transfer-Encoding", "chunked");
    if (!framed_ && !head.has("Content-Length")) keeps_ = false;
    write_head(head);
    if (with_body || upgrades) stream_ = std::get<std::shared_ptr<BodyStream>>(std::move(response.body));
    if (stream_) stream_->on_more(alive_.here([this] { go_on(); }));
  }
  if (upgrades) where_ = Where::raw;
  if (!inside_) go_on();
}

void Session::write_head(ResponseHead& head) {
  for (const auto& [name, value] : added_) head.add(name, value);
  if (!head.has("Date")) head.add("Date", http_date(platform::unix_seconds()));
  if (!keeps_ && head.status() != 101) head.add("Connection", "close");
  out_ += head.text();
}

void Session::refuse(const Refusal& refusal) {
  if (responded_) {  // a second answer to one request would be read as the next one's
    end();
    return;
  }
  keeps_ = false;
  respond(text_response(refusal.status, refusal.why));
  where_ = Where::responding;
}

Session::Output Session::output() {
  if (out_.empty() && !file_ && stream_) pull();
  if (!out_.empty()) return {std::string_view(out_).substr(out_at_), nullptr};
  return {{}, file_ ? &*file_ : nullptr};
}

/// Each round of a stream is one chunk.
void Session::pull() {
  std::string piece;
  bool more = true;
  while (more && piece.size() < kPulled) {
    const std::size_t before = piece.size();
    more = stream_->next(piece);
    if (piece.size() == before) break;
  }
  const bool broke = !more && stream_->broke();
  if (!more) stream_ = nullptr;
  if (broke) return end();
  if (!framed_) {
    out_ = std::move(piece);
  } else {
    if (!piece.empty()) out_ = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    if (!more) out_ += "0\r\n\r\n";
  }
  if (!more && where_ == Where::raw) where_ = Where::responding;
}

void Session::response_sent() {
  handler_.reset();
  if (keeps_ && !client_ended_) {
    where_ = Where::head;
    return;
  }
  // A reset for bytes that nobody read would take the response with it.
  passed_ = 0;
  where_ = Where::lingering;
}

// --- time ---

void Session::set_deadline() {
  // While the handler takes nothing, it is not the client who is slow.
  const bool waited = std::exchange(waits_for_body_, where_ == Where::body && wants_bytes());
  if (waits_for_body_ && !waited) {
    minute_since_ = now_;
    minute_bytes_ = 0;
  }
  deadline_.reset();
  if (where_ == Where::over) return;
  if (where_ == Where::lingering) {
    deadline_ = now_ + kLinger;
  } else if (!output().empty()) {
    if (!out_since_) out_since_ = now_;
    deadline_ = *out_since_ + limits_.silence;
  } else if (where_ == Where::head) {
    deadline_ = head_reader_.empty() ? now_ + limits_.idle : head_since_ + limits_.head_within;
  } else if (waits_for_body_) {
    deadline_ = std::min<Time>(now_ + limits_.silence, minute_since_ + kMinute);
  }
}

}  // namespace weir::server
