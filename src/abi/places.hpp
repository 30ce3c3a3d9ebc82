// Names of stores and objects, as a host gives them.
#pragma once

#include "abi/answer.hpp"
#include "weir/transfer/open_store.hpp"

namespace weir::abi {

/// `what` is the argument, for messages.
Answer find_place(weir_context* context, const char* name, const char* what, StorePlace& into);

}  // namespace weir::abi
