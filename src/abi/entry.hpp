// What stands around every function of the C interface: no exception leaves, and the child of a fork goes no further.
#pragma once

#include <exception>
#include <new>
#include <utility>

#include "abi/errors.hpp"
#include "abi/process.hpp"

namespace weir::abi {

/// Runs `call`, which gives an Answer, and tells it.
template <class Call>
weir_status run(weir_error* error, Call&& call) noexcept {
  clear_error(error);
  if (forked()) {
    return tell_plainly(error, WEIR_E_FORKED, "this process is the child of one that used weir: it may exec, or exit");
  }
  try {
    return tell(error, std::forward<Call>(call)());
  } catch (const std::bad_alloc&) {
    return tell_plainly(error, WEIR_E_NOMEM, "the system has no memory left");
  } catch (const std::exception& thrown) {
    try {
      return tell(error, Status(Kind::internal, std::string("a bug in weir: ") + thrown.what()));
    } catch (...) {
      return tell_plainly(error, WEIR_E_INTERNAL, "a bug in weir");
    }
  } catch (...) {
    return tell_plainly(error, WEIR_E_INTERNAL, "a bug in weir");
  }
}

/// As run(), of what waits: refused inside a callback, which would wait for itself. `refused` is called then.
template <class Refused, class Call>
weir_status run_waiting(weir_error* error, Refused&& refused, Call&& call) noexcept {
  if (callback_depth() == 0) return run(error, std::forward<Call>(call));
  return run(error, [&] {
    refused();
    return Answer(WEIR_E_STATE, "this call waits, and may not be made from inside a callback");
  });
}
template <class Call>
weir_status run_waiting(weir_error* error, Call&& call) noexcept {
  return run_waiting(
      error, [] {}, std::forward<Call>(call));
}

/// Of functions that give nothing: frees. In the child of a fork they do nothing.
template <class Call>
void run_free(Call&& call) noexcept {
  (void)run(nullptr, [&] {
    call();
    return Answer();
  });
}

}  // namespace weir::abi
