// Status and Result: how everything in weir reports that it could not do something.
//
// Nothing in weir throws into the host. A function that can fail returns Status, or Result<T> when it has a value.
// Both are cheap to move (a Status is one pointer) and must not be ignored.
//
// Two kinds are no errors but answers of a stage to the one who runs it: `pending` (nothing to do until the stage
// wakes its segment) and `more` (a transform has more to emit from what it was given). They never reach a user.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace weir {

/// What went wrong. Who reads it decides by this and by Retry, never by the text.
enum class Kind : std::uint8_t {
  ok,
  pending,           ///< not an error: ask again after the wake-up
  more,              ///< not an error: a transform holds more output of the same input
  invalid_argument,  ///< the caller's input cannot work; nothing was changed
  not_found,         ///< the source, bucket, object or upload is not there
  already_exists,    ///< the destination is there and must not be replaced
  access_denied,     ///< credentials or permissions
  source_changed,    ///< the source is no longer what it was when the job began
  corrupt,           ///< bytes are not what their checksum or format says
  limit,             ///< a limit of the store, the format or the caller would be passed
  budget_too_small,  ///< Error::needed_bytes says what would fit
  no_space,          ///< the disk or quota is full
  io,                ///< a file or device failed
  network,           ///< a connection failed, stalled or was cut
  timeout,           ///< no progress for too long
  unavailable,       ///< the service says it cannot now: 5xx, throttling
  protocol,          ///< the peer's answer makes no sense
  unsupported,       ///< this build, store or platform cannot do it
  broken_pipe,       ///< the reader of our output is gone
  cancelled,         ///< someone asked us to stop
  no_memory,         ///< the system has no memory for us
  internal,          ///< a bug in weir
};

/// What a caller may do about it.
enum class Retry : std::uint8_t {
  never,
  transient,    ///< the same call may work in a moment
  throttled,    ///< as transient, and slow down
  credentials,  ///< fetch credentials anew, then the same call
  clock,        ///< correct the clock by the server's, then the same call
};

/// The word for a kind, as it stands in JSON: "not_found".
constexpr const char* to_string(Kind kind) noexcept {
  constexpr const char* kNames[] = {"ok",
                                    "pending",
                                    "more",
                                    "invalid_argument",
                                    "not_found",
                                    "already_exists",
                                    "access_denied",
                                    "source_changed",
                                    "corrupt",
                                    "limit",
                                    "budget_too_small",
                                    "no_space",
                                    "io",
                                    "network",
                                    "timeout",
                                    "unavailable",
                                    "protocol",
                                    "unsupported",
                                    "broken_pipe",
                                    "cancelled",
                                    "no_memory",
                                    "internal"};
  return kNames[static_cast<std::size_t>(kind)];
}

/// The parts of an error, each for itself. `message()` puts them into the one form that users see.
struct Error {
  Kind kind = Kind::internal;
  Retry retry = Retry::never;
  std::string operation;                ///< completes "cannot …": "store part 7 of s3://bucket/key"
  std::string cause;                    ///< in the words of whoever refused
  std::string advice;                   ///< what is safe and what to do next; may be empty
  std::string stage;                    ///< name of the stage, empty outside a pipeline
  std::optional<std::uint64_t> offset;  ///< bytes into the stream, file or object
  int http_status = 0;                  ///< 0 where no HTTP answer was seen
  std::string service_code;             ///< "ExpiredToken"
  std::string request_id;               ///< the service's id of the request
  std::uint64_t retry_after_ms = 0;     ///< 0: the service did not say
  std::uint64_t needed_bytes = 0;       ///< with budget_too_small: the budget that would fit
  std::uint64_t kept_bytes = 0;         ///< of an unfinished upload at the store: the same call goes on with it
};

/// Success, or one Error. Copies share the Error. Thread-compatible.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;
  explicit Status(Error error) {
    if (error.kind <= Kind::more) {
      held_ = static_cast<std::uintptr_t>(error.kind);
    } else {
      held_ = reinterpret_cast<std::uintptr_t>(new Shared(std::move(error)));
    }
  }
  Status(Kind kind, std::string cause) : Status(error_of(kind, std::move(cause))) {}
  Status(const Status& other) noexcept : held_(other.held_) {
    if (failed()) shared().references.fetch_add(1, std::memory_order_relaxed);
  }
  Status(Status&& other) noexcept : held_(std::exchange(other.held_, 0)) {}
  Status& operator=(Status other) noexcept {
    std::swap(held_, other.held_);
    return *this;
  }
  ~Status() {
    if (failed()) let_go();
  }

  static Status pending() noexcept { return Status(Kind::pending); }
  static Status more() noexcept { return Status(Kind::more); }

  bool ok() const noexcept { return held_ == static_cast<std::uintptr_t>(Kind::ok); }
  explicit operator bool() const noexcept { return ok(); }
  bool is_pending() const noexcept { return held_ == static_cast<std::uintptr_t>(Kind::pending); }
  bool is_more() const noexcept { return held_ == static_cast<std::uintptr_t>(Kind::more); }
  /// True for what a user would call an error.
  bool failed() const noexcept { return held_ > static_cast<std::uintptr_t>(Kind::more); }
  Kind kind() const noexcept { return failed() ? shared().error.kind : static_cast<Kind>(held_); }
  Retry retry() const noexcept { return failed() ? shared().error.retry : Retry::never; }
  bool retryable() const noexcept { return retry() != Retry::never; }
  /// The whole error; a static one of kind ok where there is none.
  const Error& error() const noexcept {
    static const Error kNone{Kind::ok, {}, {}, {}, {}, {}, {}, 0, {}, {}, 0, 0, 0};
    return failed() ? shared().error : kNone;
  }

  // Each fills a field that is still empty, so that the one closest to the failure is heard.
  Status& during(std::string operation) & { return fill(&Error::operation, std::move(operation)); }
  Status&& during(std::string operation) && { return std::move(fill(&Error::operation, std::move(operation))); }
  Status& advise(std::string advice) & { return fill(&Error::advice, std::move(advice)); }
  Status&& advise(std::string advice) && { return std::move(fill(&Error::advice, std::move(advice))); }
  /// Says `advice` too, unless it is already said.
  Status& add_advice(const std::string& advice) {
    if (failed() && !advice.empty() && error().advice.find(advice) == std::string::npos) {
      own().advice += (error().advice.empty() ? "" : " ") + advice;
    }
    return *this;
  }
  /// Says that so many bytes are kept to be gone on with, unless it is said already.
  Status& keep(std::uint64_t bytes) {
    if (failed() && bytes != 0 && error().kept_bytes == 0) own().kept_bytes = bytes;
    return *this;
  }
  Status& in_stage(std::string stage) & { return fill(&Error::stage, std::move(stage)); }
  Status&& in_stage(std::string stage) && { return std::move(fill(&Error::stage, std::move(stage))); }
  Status& at(std::uint64_t offset) & {
    if (failed() && !error().offset) own().offset = offset;
    return *this;
  }
  Status&& at(std::uint64_t offset) && { return std::move(at(offset)); }
  Status&& with(Retry retry) && {
    if (failed()) own().retry = retry;
    return std::move(*this);
  }

  /// "cannot OPERATION (byte OFFSET): CAUSE, request ID\nADVICE". No trailing newline; no secrets.
  std::string message() const {
    if (!failed()) return to_string(kind());
    const Error& its = error();
    std::string text;
    if (!its.operation.empty()) text = "cannot " + its.operation;
    if (its.offset) text += fmt::format("{}byte {}{}", text.empty() ? "" : " (", *its.offset, text.empty() ? "" : ")");
    if (!text.empty()) text += ": ";
    text += its.cause.empty() ? to_string(its.kind) : its.cause;
    if (!its.request_id.empty()) {
      if (text.ends_with('.')) text.pop_back();  // a store's whole sentence
      text += ", request " + its.request_id;
    }
    if (!its.advice.empty()) text += "\n" + its.advice;
    return text;
  }

 private:
  struct Shared {
    explicit Shared(Error its) : error(std::move(its)) {}
    std::atomic<std::uint32_t> references{1};
    Error error;
  };

  explicit Status(Kind kind) noexcept : held_(static_cast<std::uintptr_t>(kind)) {}
  static Error error_of(Kind kind, std::string cause) {
    Error error;
    error.kind = kind;
    error.cause = std::move(cause);
    return error;
  }
  Status& fill(std::string Error::*field, std::string value) {
    if (failed() && (error().*field).empty()) own().*field = std::move(value);
    return *this;
  }
  Error& own() {
    if (shared().references.load(std::memory_order_acquire) > 1) *this = Status(shared().error);
    return shared().error;
  }
  Shared& shared() const noexcept {
    return *reinterpret_cast<Shared*>(held_);  // NOLINT(performance-no-int-to-ptr): it was one
  }
  [[gnu::cold, gnu::noinline]] void let_go() noexcept {
    if (shared().references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete &shared();
  }

  // A Shared*, or Kind::ok, pending or more: what is said for every chunk costs no more than a number.
  std::uintptr_t held_ = 0;
};

/// A value, or the Status that says why there is none. Thread-compatible.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Status status)                                                 // NOLINT(google-explicit-constructor)
      : held_(std::in_place_index<1>, status.ok() ? nothing() : std::move(status)) {}

  bool ok() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  T& value() & noexcept { return *std::get_if<0>(&held_); }
  const T& value() const& noexcept { return *std::get_if<0>(&held_); }
  T&& value() && noexcept { return std::move(*std::get_if<0>(&held_)); }
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T&& operator*() && noexcept { return std::move(*this).value(); }
  T* operator->() noexcept { return &value(); }
  const T* operator->() const noexcept { return &value(); }

  /// The reason; ok where there is a value.
  Status status() const { return ok() ? Status() : *std::get_if<1>(&held_); }
  const Error& error() const noexcept {
    static const Status kNone;
    return ok() ? kNone.error() : std::get_if<1>(&held_)->error();
  }

 private:
  static Status nothing() { return Status(Kind::internal, "a result without a value or a reason"); }

  std::variant<T, Status> held_;
};

}  // namespace weir

/// Returns from the calling function if EXPRESSION is not ok (pending and more included).
#define WEIR_TRY(expression)                                  \
  do {                                                        \
    if (auto weir_try_ = (expression); !weir_try_.ok()) {     \
      return ::weir::detail::status_of(std::move(weir_try_)); \
    }                                                         \
  } while (false)

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

/// `WEIR_ASSIGN(auto x, f());`: x is f()'s value, or the calling function returns f()'s status.
#define WEIR_ASSIGN(target, expression)                                                               \
  auto WEIR_CONCAT(weir_result_, __LINE__) = (expression);                                            \
  if (!WEIR_CONCAT(weir_result_, __LINE__).ok()) return WEIR_CONCAT(weir_result_, __LINE__).status(); \
  target = std::move(WEIR_CONCAT(weir_result_, __LINE__)).value()

namespace weir::detail {
inline Status status_of(Status status) { return status; }
template <class T>
Status status_of(Result<T> result) {
  return result.status();
}
}  // namespace weir::detail

template <>
struct fmt::formatter<weir::Status> : fmt::formatter<std::string> {
  auto format(const weir::Status& status, fmt::format_context& context) const {
    return fmt::formatter<std::string>::format(status.message(), context);
  }
};
template <>
struct fmt::formatter<weir::Error> : fmt::formatter<std::string> {
  auto format(const weir::Error& error, fmt::format_context& context) const {
    return fmt::formatter<std::string>::format(weir::Status(error).message(), context);
  }
};
