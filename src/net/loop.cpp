#include "net/loop.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace weir::net {
namespace {

constexpr std::size_t kIdleHandles = 64;
constexpr int kLongestWaitMs = 60'000;  // nothing is due: letters and sockets end the wait

CURL* fresh_or_reset(std::vector<CURL*>& idle) {
  if (idle.empty()) return curl_easy_init();
  CURL* easy = idle.back();
  idle.pop_back();
  return easy;
}

}  // namespace

Loop::Loop(ClientOptions options)
    : options_(std::move(options)), multi_(curl_multi_init()), sockets_([this](curl_socket_t socket) {
        for (const auto& [key, transfer] : active_) transfer->last_look(socket);
      }) {
  if (multi_ == nullptr) throw std::bad_alloc();
  const auto per_host = static_cast<long>(std::max<std::size_t>(options_.max_connections_per_host, 1));
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, per_host);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, per_host + 16);  // kept open while idle, all hosts together
  mailbox_ = std::make_shared<Mailbox>(multi_);
}

Loop::~Loop() {
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi_);
}

void Loop::run() {
  while (!mailbox_->stopping()) {
    read_mail();
    int running = 0;
    curl_multi_perform(multi_, &running);
    harvest();
    end_stalled();
    curl_multi_poll(multi_, nullptr, 0, wait_ms(), nullptr);
  }
  shut_down();
}

void Loop::read_mail() {
  for (const Letter& letter : mailbox_->take()) read_letter(letter);
}

void Loop::read_letter(const Letter& letter) {
  const TransferPtr& transfer = letter.transfer;
  if (letter.wish == Wish::start) return start(transfer);
  if (!active_.contains(transfer.get())) return;  // it ended while the letter was under way
  switch (letter.wish) {
    case Wish::cancel:
      transfer->fail_cancelled();
      return end(transfer, CURLE_ABORTED_BY_CALLBACK);
    case Wish::send_again:
      return check(transfer, transfer->send_again());
    case Wish::receive_again:
      return check(transfer, transfer->receive_again());
    case Wish::start:
      break;
  }
}

void Loop::start(const TransferPtr& transfer) {
  CURL* easy = fresh_or_reset(idle_);
  if (easy == nullptr) {
    return transfer->deliver(Status(Kind::no_memory, "libcurl has no memory for another request"));
  }
  Status status = transfer->prepare(easy, options_, sockets_);
  if (status.ok() && curl_multi_add_handle(multi_, easy) != CURLM_OK) {
    status = Status(Kind::internal, "libcurl does not take another request");
  }
  if (!status.ok()) {
    curl_easy_cleanup(transfer->release_easy());
    return transfer->deliver(std::move(status));
  }
  active_.emplace(transfer.get(), transfer);
  check(transfer, CURLE_OK);
}

// Also after a pause was lifted: libcurl does not end a transfer whose callback refused meanwhile.
void Loop::check(const TransferPtr& transfer, CURLcode code) {
  if (code != CURLE_OK) return end(transfer, code);
  next_stall_check_ = std::min(next_stall_check_, transfer->next_stall_check(Clock::now()));
}

void Loop::harvest() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* mine = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &mine);
    const auto found = active_.find(reinterpret_cast<Transfer*>(mine));
    if (found == active_.end()) continue;
    const TransferPtr transfer = found->second;
    end(transfer, message->data.result);
  }
}

void Loop::end(const TransferPtr& transfer, CURLcode code) {
  auto outcome = transfer->outcome(code);
  active_.erase(transfer.get());
  CURL* easy = transfer->release_easy();
  curl_multi_remove_handle(multi_, easy);
  curl_easy_reset(easy);  // a method's callbacks never reach the next request; connections stay with the multi handle
  // After a lookup that failed, libcurl 7.88 refuses options to the handle: one that failed is not used again.
  if (code == CURLE_OK && idle_.size() < kIdleHandles) {
    idle_.push_back(easy);
  } else {
    curl_easy_cleanup(easy);
  }
  transfer->deliver(std::move(outcome));
}

void Loop::end_stalled() {
  const auto now = Clock::now();
  if (now < next_stall_check_) return;
  next_stall_check_ = Clock::time_point::max();
  std::vector<TransferPtr> stalled;
  for (const auto& [key, transfer] : active_) {
    if (transfer->stalled(now)) {
      stalled.push_back(transfer);
    } else {
      next_stall_check_ = std::min(next_stall_check_, transfer->next_stall_check(now));
    }
  }
  for (const auto& transfer : stalled) {
    transfer->fail_stalled();
    end(transfer, CURLE_OPERATION_TIMEDOUT);
  }
}

// libcurl shortens the wait to its own timers.
int Loop::wait_ms() const {
  if (next_stall_check_ == Clock::time_point::max()) return kLongestWaitMs;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_stall_check_ - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kLongestWaitMs));
}

void Loop::shut_down() {
  do {
    for (const Letter& letter : mailbox_->take()) {
      if (letter.wish == Wish::start) letter.transfer->deliver(Status(Kind::cancelled, "the HTTP client is closed"));
    }
    while (!active_.empty()) {
      const TransferPtr transfer = active_.begin()->second;
      transfer->fail_cancelled();
      end(transfer, CURLE_ABORTED_BY_CALLBACK);
    }
  } while (!mailbox_->close_if_empty());
}

}  // namespace weir::net
