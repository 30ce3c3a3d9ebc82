// Answer: how a call of the C interface ended. A Status of weir, or what only the interface itself can find wrong.
#pragma once

#include <string>
#include <utility>

#include "weir/core/status.hpp"
#include "weir/weir.h"

namespace weir::abi {

weir_status code_of(Kind kind) noexcept;

struct Answer {
  weir_status code = WEIR_OK;
  Status status;

  Answer() = default;
  Answer(Status told)  // NOLINT(google-explicit-constructor)
      : code(code_of(told.kind())), status(std::move(told)) {}
  Answer(weir_status told, std::string cause) : code(told), status(Kind::invalid_argument, std::move(cause)) {}
  /// WEIR_OK, WEIR_PENDING, WEIR_END.
  explicit Answer(weir_status plain) noexcept : code(plain) {}

  bool ok() const noexcept { return code == WEIR_OK; }
  Answer&& during(std::string operation) && {
    status.during(std::move(operation));
    return std::move(*this);
  }
};

}  // namespace weir::abi

/// Returns the Answer of EXPRESSION from the calling function if it is not WEIR_OK.
#define WEIR_ABI_TRY(expression)                                                   \
  do {                                                                             \
    if (::weir::abi::Answer answer_ = (expression); !answer_.ok()) return answer_; \
  } while (false)
