#include "abi/errors.hpp"

#include <memory>

#include "abi/owned.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

bool usable(const weir_error* error) noexcept {
  return error != nullptr && may_be_size<weir_error>(error->struct_size);
}

int32_t retry_of(Retry retry) noexcept {
  switch (retry) {
    case Retry::never:
      return WEIR_RETRY_NEVER;
    case Retry::transient:
      return WEIR_RETRY_TRANSIENT;
    case Retry::throttled:
      return WEIR_RETRY_THROTTLED;
    case Retry::credentials:
      return WEIR_RETRY_CREDENTIALS;
    case Retry::clock:
      return WEIR_RETRY_CLOCK;
  }
  return WEIR_RETRY_NEVER;
}

}  // namespace

weir_status code_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::ok:
      return WEIR_OK;
    case Kind::pending:
      return WEIR_PENDING;
    case Kind::more:
      return WEIR_E_INTERNAL;  // never leaves a pipeline
    case Kind::invalid_argument:
      return WEIR_E_INVALID_ARGUMENT;
    case Kind::not_found:
      return WEIR_E_NOT_FOUND;
    case Kind::already_exists:
      return WEIR_E_ALREADY_EXISTS;
    case Kind::access_denied:
      return WEIR_E_ACCESS_DENIED;
    case Kind::source_changed:
      return WEIR_E_SOURCE_CHANGED;
    case Kind::corrupt:
      return WEIR_E_CORRUPT;
    case Kind::limit:
      return WEIR_E_LIMIT;
    case Kind::budget_too_small:
      return WEIR_E_BUDGET_TOO_SMALL;
    case Kind::no_space:
      return WEIR_E_NO_SPACE;
    case Kind::io:
      return WEIR_E_IO;
    case Kind::network:
      return WEIR_E_NETWORK;
    case Kind::timeout:
      return WEIR_E_TIMEOUT;
    case Kind::unavailable:
      return WEIR_E_UNAVAILABLE;
    case Kind::protocol:
      return WEIR_E_PROTOCOL;
    case Kind::unsupported:
      return WEIR_E_UNSUPPORTED;
    case Kind::broken_pipe:
      return WEIR_E_BROKEN_PIPE;
    case Kind::cancelled:
      return WEIR_E_CANCELLED;
    case Kind::no_memory:
      return WEIR_E_NOMEM;
    case Kind::internal:
      return WEIR_E_INTERNAL;
  }
  return WEIR_E_INTERNAL;
}

void clear_error(weir_error* error) noexcept { clear_result(error); }

weir_status tell(weir_error* error, const Answer& answer) {
  if (answer.code < WEIR_E_INVALID_ARGUMENT || !usable(error)) return answer.code;
  const Error& told = answer.status.error();
  auto owned = std::make_unique<Owned>();
  clear_error(error);
  weir_error full = WEIR_ERROR_INIT;
  full.message = owned->keep(answer.status.message());
  full.operation = owned->keep(told.operation);
  full.cause = owned->keep(told.cause);
  full.advice = owned->keep(told.advice);
  full.stage = owned->keep(told.stage);
  full.service_code = owned->keep(told.service_code);
  full.request_id = owned->keep(told.request_id);
  full.status = answer.code;
  full.retry = retry_of(told.retry);
  full.http_status = told.http_status;
  full.has_offset = told.offset ? 1 : 0;
  full.offset = told.offset.value_or(0);
  full.retry_after_ms = told.retry_after_ms;
  full.needed_bytes = told.needed_bytes;
  full.kept_bytes = told.kept_bytes;
  full.owned = owned.release();
  write_result(error, full);
  return answer.code;
}

weir_status tell_plainly(weir_error* error, weir_status code, const char* cause) noexcept {
  if (!usable(error)) return code;
  clear_error(error);
  weir_error full = WEIR_ERROR_INIT;
  full.status = code;
  full.message = full.cause = cause;
  full.operation = full.advice = full.stage = full.service_code = full.request_id = "";
  write_result(error, full);
  return code;
}

}  // namespace weir::abi

void weir_error_clear(weir_error* error) { weir::abi::clear_error(error); }

const char* weir_status_name(weir_status status) {
  switch (status) {
    case WEIR_OK:
      return "ok";
    case WEIR_PENDING:
      return "pending";
    case WEIR_END:
      return "end";
    case WEIR_E_HANDLE:
      return "handle";
    case WEIR_E_VERSION:
      return "version";
    case WEIR_E_FORKED:
      return "forked";
    case WEIR_E_STATE:
      return "state";
    default:
      break;
  }
  for (int kind = 0; kind <= static_cast<int>(weir::Kind::internal); ++kind) {
    const auto known = static_cast<weir::Kind>(kind);
    if (weir::abi::code_of(known) == status && known != weir::Kind::more) return weir::to_string(known);
  }
  return "unknown";
}
