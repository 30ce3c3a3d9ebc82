#include "net/mailbox.hpp"

#include <utility>

#include "net/transfer.hpp"

namespace weir::net {

bool Mailbox::post(Wish wish, std::shared_ptr<Transfer> transfer) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  letters_.push_back({wish, std::move(transfer)});
  // Under the lock, so that the handle cannot be gone. It writes to a pipe that never blocks.
  if (letters_.size() == 1) curl_multi_wakeup(multi_);
  return true;
}

void Mailbox::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  if (!closed_) curl_multi_wakeup(multi_);
}

std::vector<Letter> Mailbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(letters_, {});
}

bool Mailbox::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool Mailbox::close_if_empty() {
  const std::lock_guard lock(mutex_);
  closed_ = letters_.empty();
  return closed_;
}

}  // namespace weir::net
