#include "command_words.hpp"

#include <string_view>

#include "weir/core/budget.hpp"
#include "weir/core/units.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

std::string more_memory(const Error& error) {
  const std::uint64_t mib = (error.needed_bytes + kMiB - 1) / kMiB;
  return mib == 0 ? "Allow more with --memory." : fmt::format("Allow at least {0} MiB: --memory {0}MiB.", mib);
}

/// Empty members are true of any error.
struct AdviceRow {
  Kind kind;
  std::string_view stage;
  std::string_view code;       ///< Error::service_code
  std::string_view operation;  ///< how it begins
  std::string_view advice;
  std::string (*advice_of)(const Error&) = nullptr;  ///< in place of `advice`, where it depends on the error
  bool kept = false;                                 ///< something must be safe at the store
};

constexpr std::string_view kChanged =
    "What was stored of it stays: 'weir jobs' lists it, and 'weir jobs abort' removes it. Begin anew with --no-resume, "
    "or "
    "put back what the source was and run the same command again.";
constexpr std::string_view kOtherOutput =
    "Run the same command again; if it says the same, begin anew with --no-resume.";

/// Instead of the library's words.
constexpr AdviceRow kInstead[] = {
    {Kind::budget_too_small, "", "", "", "", more_memory},
    {Kind::limit, "unzstd", "", "",
     "If you trust the data, allow more: --through 'unzstd max-output=SIZE', or max-window=SIZE where that is the "
     "limit."},
    {Kind::source_changed, "", "", "go on with the upload of", kChanged},
    {Kind::source_changed, "", "", "", kChanged, nullptr, true},
    {Kind::corrupt, "", "", "", kOtherOutput, nullptr, true},
    {Kind::access_denied, "", "Unreachable", "",
     "Nothing was sent. If this host is the right one, name the authority that it is trusted by: --ca-bundle FILE."},
    {Kind::unsupported, "", "", "presign vercel://", "Public blobs have a URL of their own, which needs no signature."},
};

/// Where the library has none.
constexpr AdviceRow kOtherwise[] = {
    {Kind::unavailable, "", "", "",
     "The service is in trouble, or wants fewer requests: run the same command again later."},
    {Kind::network, "", "", "", "This may pass: run the same command again."},
    {Kind::timeout, "", "", "", "This may pass: run the same command again."},
};

template <std::size_t N>
const AdviceRow* row_for(const AdviceRow (&rows)[N], const Error& error) {
  for (const AdviceRow& row : rows) {
    if (row.kind == error.kind && (row.stage.empty() || row.stage == error.stage) &&
        (row.code.empty() || row.code == error.service_code) && error.operation.starts_with(row.operation) &&
        (!row.kept || error.kept_bytes != 0)) {
      return &row;
    }
  }
  return nullptr;
}

std::string advice_text(const AdviceRow& row, const Error& error) {
  return row.advice_of != nullptr ? row.advice_of(error) : std::string(row.advice);
}

}  // namespace

Error in_command_words(Error error) {
  if (const AdviceRow* const row = row_for(kInstead, error)) {
    error.advice = advice_text(*row, error);
    if (error.kept_bytes != 0 && error.kind != Kind::source_changed) {
      error.advice += fmt::format(" {} are safe at the store.", format_size(error.kept_bytes));
    }
  } else if (error.advice.empty()) {
    if (const AdviceRow* const other = row_for(kOtherwise, error)) error.advice = advice_text(*other, error);
  }
  return error;
}

std::string error_text(const Error& error, bool colour) {
  Error shown = in_command_words(error);
  if (shown.offset && *shown.offset >= 1024) {
    const std::string place = "at " + format_size(*shown.offset);
    shown.operation += shown.operation.empty() ? "go on " + place : " (" + place + ")";
    shown.offset.reset();
  }
  // One line says what failed; only advice has more.
  shown.operation = printable(shown.operation);
  shown.cause = printable(shown.cause);
  const std::string message = printable(Status(std::move(shown)).message(), false, true);
  std::string text = colour ? "\x1b[31mweir:\x1b[0m " : "weir: ";
  for (const char c : message) {
    text += c;
    if (c == '\n') text += "      ";
  }
  return text + "\n";
}

}  // namespace weir::cli
