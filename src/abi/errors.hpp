// weir_error: filled from an Answer, and cleared.
#pragma once

#include "abi/answer.hpp"

namespace weir::abi {

void clear_error(weir_error* error) noexcept;
/// Gives the answer's code, and fills `error` where it is an error. NULL, and one that was not initialised, stay.
weir_status tell(weir_error* error, const Answer& answer);
/// As tell(), and needs no memory. `cause` is a literal.
weir_status tell_plainly(weir_error* error, weir_status code, const char* cause) noexcept;

}  // namespace weir::abi
