#include "net/transfer.hpp"

#include <utility>

#include "net/curl_errors.hpp"

namespace weir::net {

Transfer::Transfer(Request request, Client::Done done, std::shared_ptr<Mailbox> mailbox)
    : request_(std::move(request)), done_(std::move(done)), mailbox_(std::move(mailbox)) {}

Transfer::~Transfer() { curl_slist_free_all(header_list_); }

void Transfer::cancel() { mailbox_->post(Wish::cancel, shared_from_this()); }

void Transfer::wake() {
  if (!receive_wish_posted_.exchange(true)) mailbox_->post(Wish::receive_again, shared_from_this());
}

CURL* Transfer::release_easy() { return std::exchange(easy_, nullptr); }

CURLcode Transfer::apply_pauses() {
  // An unpaused transfer may call back from within curl_easy_pause and pause again, so the state is set before.
  moved();
  return curl_easy_pause(easy_, (send_paused_ ? CURLPAUSE_SEND : 0) | (receive_paused_ ? CURLPAUSE_RECV : 0));
}

CURLcode Transfer::send_again() {
  send_wish_posted_.store(false);
  if (easy_ == nullptr || !std::exchange(send_paused_, false)) return CURLE_OK;
  return apply_pauses();
}

CURLcode Transfer::receive_again() {
  receive_wish_posted_.store(false);
  if (easy_ == nullptr || !std::exchange(receive_paused_, false)) return CURLE_OK;
  return apply_pauses();
}

// Until the request begins (a free connection, its set-up) the connect timeout alone counts.
bool Transfer::stalled(Clock::time_point now) const { return attempts_ > 0 && next_stall_check(now) <= now; }

Clock::time_point Transfer::next_stall_check(Clock::time_point now) const {
  if (send_paused_ || receive_paused_ || request_.stall_timeout.count() <= 0) return Clock::time_point::max();
  return (attempts_ > 0 ? last_move_ : now) + request_.stall_timeout;
}

void Transfer::fail_stalled() {
  fail(
      failure(Kind::timeout, Retry::transient, fmt::format("no byte moved for {} ms", request_.stall_timeout.count())));
}

void Transfer::fail_cancelled() {
  // On top of whatever was found: who cancels wants to hear that.
  failure_ = failure(Kind::cancelled, Retry::never, "cancelled");
}

void Transfer::fail(Status status) {
  if (failure_.ok()) failure_ = std::move(status);
}

std::uint64_t Transfer::curl_bytes_sent() const {
  curl_off_t sent = 0;
  if (easy_ != nullptr) curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent);
  return static_cast<std::uint64_t>(sent);
}

Status Transfer::failure(Kind kind, Retry retry, std::string_view what) const {
  const FailureFacts facts{request_.method, shown_url_, {}, curl_bytes_sent(), attempts_ > 0, false, 0};
  Error error;
  error.kind = kind;
  error.retry = retry;
  error.cause = failure_text(facts, what);
  if (head_done_) error.http_status = response_.status;
  return Status(std::move(error));
}

// In chunks, libcurl counts their frames too; that it was asked for what comes behind the last byte is what counts.
bool Transfer::body_sent() const {
  if (body_size_ == kUnknownSize) return body_ended_;
  return response_.bytes_sent == body_size_ && given_ == body_size_;
}

// A body that ends with the connection (RFC 9112 section 6.3, item 8) looks the same when it was cut off, behind TLS
// too: libcurl does not ask for the closing alert. What a refusal says may be cut.
bool Transfer::ends_unmarked() const {
  return taken_ > 0 && response_.status < 300 && request_.method != "HEAD" &&
         response_.header("content-length").empty() && response_.header("transfer-encoding").empty();
}

Result<Response> Transfer::outcome(CURLcode code) {
  if (!failure_.ok()) return failure_;
  response_.bytes_sent = curl_bytes_sent();
  // A server may refuse before it has read everything and then cut the connection: its answer counts, not the cut.
  const bool refused_early = head_done_ && response_.status >= 300 && !body_sent();
  if (code != CURLE_OK && !refused_early) {
    long connections = 0;
    long proxy_status = 0;
    curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &connections);
    curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    return curl_failure(code, {request_.method, shown_url_, error_text_, response_.bytes_sent, attempts_ > 0,
                               attempts_ > 0 && connections == 0, proxy_status});
  }
  // libcurl takes a head that is cut off for a whole one.
  if (!head_done_) return failure(Kind::network, Retry::transient, "the connection closed within the reply's head");
  if (!body_sent() && !refused_early) {
    return failure(Kind::network, Retry::transient,
                   fmt::format("answered {} although the body has {} bytes: it arrived incomplete", response_.status,
                               body_size_ == kUnknownSize ? "more" : std::to_string(body_size_)));
  }
  if (ends_unmarked()) {
    return failure(Kind::protocol, Retry::never,
                   fmt::format("answered {} with a body that has neither Content-Length nor chunks, so whether it is "
                               "whole cannot be told",
                               response_.status));
  }
  return std::move(response_);
}

void Transfer::deliver(Result<Response> answer) {
  const auto done = std::exchange(done_, nullptr);
  // The caller's objects may hold this call, so they go before the answer can start the next one.
  request_.body.reset();
  request_.on_data = nullptr;
  request_.on_head = nullptr;
  request_.on_peer = nullptr;
  --mailbox_->under_way;
  if (done) done(std::move(answer));
}

}  // namespace weir::net
