// One request under way: its easy handle's set-up, its callbacks, and what they found.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"
#include "net/mailbox.hpp"
#include "net/sockets.hpp"

namespace weir::net {

using Clock = std::chrono::steady_clock;

/// The Call half is thread-safe; everything else belongs to the loop thread.
class Transfer final : public Call, public std::enable_shared_from_this<Transfer> {
 public:
  Transfer(Request request, Client::Done done, std::shared_ptr<Mailbox> mailbox);
  ~Transfer() override;

  void cancel() override;
  void wake() override;

  /// Checks the request and sets `easy` (fresh or reset) up for it. An error ends the request before a byte is sent.
  Status prepare(CURL* easy, const ClientOptions& options, Sockets& sockets);
  /// Takes the handle back, nullptr where there is none. No callback comes after it was removed from its multi handle.
  CURL* release_easy();

  /// Lets a paused half go on. Not ok: the transfer must be ended with this code.
  CURLcode send_again();
  CURLcode receive_again();

  /// Whether no byte moved for the stall timeout although nothing on our side held it up.
  bool stalled(Clock::time_point now) const;
  /// When to ask that again; Clock::time_point::max() while it waits for us.
  Clock::time_point next_stall_check(Clock::time_point now) const;
  void fail_stalled();
  void fail_cancelled();

  /// libcurl closes `socket`: takes from it a refusal that libcurl did not read before it failed to send.
  void last_look(curl_socket_t socket);

  /// What became of it. Call once, with the handle still in place, after libcurl or the loop ended it.
  Result<Response> outcome(CURLcode code);
  /// Hands over the answer and lets go of everything the caller gave. Once.
  void deliver(Result<Response> answer);

 private:
  // Set-up (transfer_setup.cpp).
  Status check_request();
  void set_connection(const ClientOptions& options);
  void set_security(const ClientOptions& options);
  void set_method_and_body();
  void set_headers(const ClientOptions& options);
  void set_callbacks();
  template <class T>
  void set(CURLoption option, T value);
  bool sends_body() const;
  bool may_repeat() const;

  // libcurl's callbacks.
  static std::size_t on_read(char* into, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* line, std::size_t size, std::size_t count, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent);
  static int on_request(void* self, char* peer_ip, char*, int peer_port, int local_port);

  std::size_t give(std::span<std::byte> into);
  Result<std::size_t> fill(std::span<std::byte> into);
  bool is_in_tunnel();
  bool reply_waits() const;
  void take_refusal(std::string_view reply);
  bool take_header(std::string_view line);
  bool end_of_head();
  std::size_t take_data(std::span<const std::byte> data);
  Status rewind_body();
  CURLcode apply_pauses();
  bool body_sent() const;
  bool ends_unmarked() const;
  void fail(Status status);
  void moved() { last_move_ = Clock::now(); }
  std::uint64_t curl_bytes_sent() const;
  Status failure(Kind kind, Retry retry, std::string_view what) const;
  Status refused(std::string_view what) const;

  Request request_;
  Client::Done done_;
  const std::shared_ptr<Mailbox> mailbox_;
  std::string shown_url_;
  std::uint64_t body_size_ = 0;

  CURL* easy_ = nullptr;
  Sockets* sockets_ = nullptr;  // the loop's
  curl_slist* header_list_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = {};
  CURLcode setup_code_ = CURLE_OK;

  Response response_;
  Status failure_;               // the first thing that went wrong on our side of libcurl
  std::uint64_t given_ = 0;      // body bytes handed to libcurl in this attempt
  std::vector<std::byte> held_;  // read from the body, kept back while a reply waits
  std::size_t head_bytes_ = 0;   // of all heads of this request, 1xx included
  std::uint64_t taken_ = 0;      // bytes of the reply's body
  int attempts_ = 0;             // libcurl repeats a request when a kept connection turns out to be dead
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  bool head_done_ = false;
  bool body_ended_ = false;  // one of unknown length
  bool send_paused_ = false;
  bool receive_paused_ = false;
  Clock::time_point last_move_;
  curl_off_t last_sent_ = 0;
  curl_off_t last_received_ = 0;

  std::atomic<bool> send_wish_posted_{false};
  std::atomic<bool> receive_wish_posted_{false};
};

}  // namespace weir::net
