// The thread that runs every request of one client on one curl_multi handle.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "net/http.hpp"
#include "net/mailbox.hpp"
#include "net/transfer.hpp"

namespace weir::net {

/// run() and everything under it belong to one thread; mailbox() may be used from any.
class Loop {
 public:
  explicit Loop(ClientOptions options);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  /// Until mailbox()->stop(): then cancels what is left and returns.
  void run();

 private:
  using TransferPtr = std::shared_ptr<Transfer>;

  void read_mail();
  void read_letter(const Letter& letter);
  void start(const TransferPtr& transfer);
  void check(const TransferPtr& transfer, CURLcode code);
  void harvest();
  void end_stalled();
  void end(const TransferPtr& transfer, CURLcode code);
  int wait_ms() const;
  void shut_down();

  const ClientOptions options_;
  CURLM* multi_;
  Sockets sockets_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_map<Transfer*, TransferPtr> active_;
  std::vector<CURL*> idle_;  // easy handles for the next requests
  Clock::time_point next_stall_check_ = Clock::time_point::max();
};

}  // namespace weir::net
