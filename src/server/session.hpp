// One connection, without I/O: bytes, ends and alarms go in, bytes and wishes come out. One request after the other;
// what a client sends ahead waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/alive.hpp"
#include "server/exchange.hpp"

namespace weir::server {

struct SessionLimits {
  HeadLimits head;
  std::chrono::seconds head_within{10};  ///< from its first byte
  std::chrono::seconds idle{75};         ///< between requests
  std::chrono::seconds silence{60};      ///< of a client whose bytes are waited for, or who takes none
  /// A body that comes more slowly than this, over a minute, is given up.
  std::uint64_t least_bytes_per_minute = 600;
  /// What is read over of a refused body to keep the connection.
  std::uint64_t passed_over = 256 * 1024;
};

class Session final : public Exchange {
 public:
  using Time = std::chrono::nanoseconds;  ///< monotonic

  /// `changed` is called when a handler has changed what follows outside of a call from the loop.
  Session(Endpoint& endpoint, std::string peer, SessionLimits limits, std::function<Time()> clock,
          std::function<void()> changed);

  // In. Each may change all that is told below.
  /// Only while wants_bytes().
  void received(Chunk bytes);
  /// The client will send no more.
  void ended();
  /// So many bytes of output() have left.
  void sent(std::uint64_t bytes);
  void time_passed();

  // Out.
  bool wants_bytes() const;
  struct Output {
    std::string_view text;  ///< this, or else
    const FileRange* file = nullptr;
    bool empty() const { return text.empty() && file == nullptr; }
  };
  /// What is to be sent now; stays as it is until sent().
  Output output();
  /// Nothing more is sent: shut that direction, as the client may still be sending.
  bool sends_no_more() const { return where_ == Where::lingering; }
  /// Between two requests: it may be closed without harm.
  bool is_idle() const { return where_ == Where::head && head_reader_.empty() && unread_.empty() && out_.empty(); }
  /// To be closed.
  bool over() const { return where_ == Where::over; }
  /// When time_passed() is due; none: whenever.
  std::optional<Time> deadline() const { return deadline_; }

  // Exchange
  void interim(const ResponseHead& head) override;
  void add_to_responses(std::string_view name, std::string_view value) override;
  void respond(Response response) override;
  void go_on() override;

 private:
  enum class Where : std::uint8_t {
    head,        // reads one
    body,        // of a request
    responding,  // all is read, the response is not sent
    raw,         // another protocol's bytes (101)
    lingering,   // all is sent; what the client still sends is thrown away
    over,
  };

  void work();
  bool read_head();
  bool read_body();
  bool read_raw();
  void begin();
  void end_body();
  void refuse(const Refusal& refusal);
  void response_sent();
  void pull();
  void write_head(ResponseHead& head);
  void set_deadline();
  void end() {
    handler_.reset();
    where_ = Where::over;
  }
  void entered(const std::function<void()>& inside);

  Endpoint& endpoint_;
  const SessionLimits limits_;
  const std::function<Time()> clock_;
  const std::function<void()> changed_;
  Where where_ = Where::head;
  bool inside_ = false;  // of work(): what handlers ask for is done by it
  bool again_ = false;
  Time now_{0};  // of the call from outside that is being worked on
  std::optional<Time> deadline_;

  Chunk unread_;
  bool client_ended_ = false;
  HeadReader head_reader_;
  Time head_since_{0};
  Request request_;
  std::unique_ptr<Handler> handler_;
  std::optional<ChunkedReader> chunked_;
  std::uint64_t left_ = 0;  // of a body that is not chunked
  bool continue_due_ = false;
  bool waits_for_body_ = false;  // of the client
  Time minute_since_{0};
  std::uint64_t minute_bytes_ = 0;

  std::vector<std::pair<std::string, std::string>> added_;  // to the response of this request
  bool responded_ = false;
  bool keeps_ = true;         // the connection, after this response
  std::uint64_t passed_ = 0;  // thrown away
  std::string out_;
  std::size_t out_at_ = 0;
  std::optional<Time> out_since_;  // nothing of it has left
  std::optional<FileRange> file_;
  std::shared_ptr<BodyStream> stream_;
  bool framed_ = false;  // the stream, in chunks
  const Alive alive_;
};

}  // namespace weir::server
