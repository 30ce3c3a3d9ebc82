// What other threads want of the loop: the only way in.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace weir::net {

class Transfer;

enum class Wish : unsigned char { start, cancel, send_again, receive_again };

struct Letter {
  Wish wish;
  std::shared_ptr<Transfer> transfer;
};

/// Thread-safe. Outlives the loop: bodies and calls keep it, and posting to a closed one does nothing.
class Mailbox {
 public:
  /// `multi` must live until close_if_empty() said true.
  explicit Mailbox(CURLM* multi) : multi_(multi) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Leaves the letter and wakes the loop. False once closed.
  bool post(Wish wish, std::shared_ptr<Transfer> transfer);
  /// Asks the loop to end.
  void stop();
  /// Requests given to this loop whose answer is not there yet: what a client with several loops balances.
  std::atomic<std::size_t> under_way{0};

  // For the loop alone:
  std::vector<Letter> take();
  bool stopping() const;
  /// Closes for good if nothing lies in it.
  bool close_if_empty();

 private:
  mutable std::mutex mutex_;
  CURLM* multi_;
  std::vector<Letter> letters_;
  bool stopping_ = false;
  bool closed_ = false;
};

}  // namespace weir::net
