#include "abi/structs.hpp"

namespace weir::abi {

bool zero_tail(const void* given, std::size_t from, std::size_t size) noexcept {
  const char* const bytes = static_cast<const char*>(given);
  return std::all_of(bytes + from, bytes + size, [](char byte) { return byte == 0; });
}

Answer wrong_size(const char* type, std::uint32_t size) {
  Answer answer(WEIR_E_VERSION, fmt::format("the struct_size of {} is {}, which no version has", type, size));
  answer.status.advise("Initialise it with weir_init() or its own macro.");
  return answer;
}

Answer unknown_fields(const char* type, std::uint32_t size, std::size_t known) {
  Answer answer(WEIR_E_VERSION, fmt::format("{} has {} bytes, and what is set behind the first {} is not known here",
                                            type, size, known));
  answer.status.advise("The program was made for a newer weir than the one that runs: install that one.");
  return answer;
}

Answer reserved_set(const char* type) { return Answer(WEIR_E_VERSION, fmt::format("{}.reserved is not 0", type)); }

Answer read_text(const char* given, const char* what, std::string& into) {
  if (given == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, std::string(what) + " is NULL");
  return read_optional_text(given, what, into);
}

Answer read_optional_text(const char* given, const char* what, std::string& into) {
  if (given == nullptr) return {};
  const std::size_t size = ::strnlen(given, kMostTextBytes + 1);
  if (size > kMostTextBytes) {
    return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("{} has more than {} bytes", what, kMostTextBytes));
  }
  into.assign(given, size);
  return {};
}

}  // namespace weir::abi
