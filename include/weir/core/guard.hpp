// Calls of the host's functions: what they throw becomes a Status.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "weir/core/status.hpp"

namespace weir::detail {

/// Calls `function`; an exception becomes an error of kind io with its text.
template <class R, class Function, class... Arguments>
R guarded_call(const char* operation, Function&& function, Arguments&&... arguments) {
  try {
    return function(std::forward<Arguments>(arguments)...);
  } catch (const std::bad_alloc&) {
    return Status(Kind::no_memory, "the system has no memory left for the host's function").during(operation);
  } catch (const std::exception& thrown) {
    return Status(Kind::io, std::string("the host's function threw: ") + thrown.what()).during(operation);
  } catch (...) {
    return Status(Kind::io, "the host's function threw something that is no std::exception").during(operation);
  }
}

}  // namespace weir::detail
