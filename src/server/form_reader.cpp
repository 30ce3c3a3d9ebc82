#include "server/form_reader.hpp"

#include <algorithm>
#include <utility>

namespace weir::server {

namespace {

constexpr std::size_t kLongestBoundary = 70;  // RFC 2046, 5.1.1

/// Of "a; b=c; d="e"" what follows the next semicolon, split at the equals sign.
class Parameters {
 public:
  explicit Parameters(std::string_view text) : rest_(text) {
    rest_.remove_prefix(std::min(rest_.find(';'), rest_.size()));
  }

  /// False: there is none left, or it is malformed, which broken() says.
  bool next(std::string& name, std::string& value) {
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);  // the semicolon
    rest_ = trimmed(rest_);
    const std::size_t equals = rest_.find('=');
    name = lower_case(rest_.substr(0, equals));
    if (equals == std::string_view::npos || !is_token(name)) return fail();
    rest_.remove_prefix(equals + 1);
    if (rest_.starts_with('"')) {
      if (!quoted(value)) return fail();
    } else {
      value = trimmed(rest_.substr(0, rest_.find(';')));
      rest_.remove_prefix(std::min(rest_.find(';'), rest_.size()));
      if (!is_token(value)) return fail();
    }
    rest_ = trimmed(rest_);
    return rest_.empty() || rest_.front() == ';' || fail();
  }
  bool broken() const { return broken_; }

 private:
  bool fail() {
    broken_ = true;
    return false;
  }
  bool quoted(std::string& value) {
    value.clear();
    for (rest_.remove_prefix(1); !rest_.empty(); rest_.remove_prefix(1)) {
      if (rest_.front() == '"') {
        rest_.remove_prefix(1);
        return true;
      }
      // Browsers write %22 for a quote, so a backslash is one: of a path that some of them send.
      if (rest_.front() == '\\' && rest_.size() > 1 && rest_[1] == '"') rest_.remove_prefix(1);
      value += rest_.front();
    }
    return false;
  }

  std::string_view rest_;
  bool broken_ = false;
};

std::optional<std::string> parameter(std::string_view text, std::string_view wanted, bool& broken) {
  Parameters parameters(text);
  std::string name;
  std::string value;
  std::optional<std::string> found;
  while (parameters.next(name, value)) {
    if (name != wanted) continue;
    broken = broken || found.has_value();
    found = value;
  }
  broken = broken || parameters.broken();
  return found;
}

}  // namespace

std::optional<std::string> FormReader::boundary_of(std::string_view content_type) {
  if (lower_case(trimmed(content_type.substr(0, content_type.find(';')))) != "multipart/form-data") return {};
  bool broken = false;
  auto boundary = parameter(content_type, "boundary", broken);
  if (broken || !boundary || boundary->empty() || boundary->size() > kLongestBoundary || boundary->back() == ' ')
    return {};
  const auto allowed = [](char c) {
    return is_token({&c, 1}) || std::string_view("(),/:=? ").find(c) != std::string_view::npos;
  };
  if (!std::all_of(boundary->begin(), boundary->end(), allowed)) return {};
  return boundary;
}

FormReader::FormReader(std::string_view boundary, FormLimits limits)
    : delimiter_("\r\n--" + std::string(boundary)), limits_(limits) {}

std::optional<Refusal> FormReader::take(std::string_view bytes, Step& step) {
  step = {};
  while (step.taken < bytes.size() && step.event == Event::none) {
    switch (where_) {
      case Where::preamble:
      case Where::content:
        take_content(bytes, step);
        break;
      case Where::behind_delimiter:
        if (auto refused = take_behind_delimiter(bytes, step)) return refused;
        break;
      case Where::head:
        if (auto refused = take_head(bytes, step)) return refused;
        break;
      case Where::epilogue:
        step.taken = bytes.size();
        break;
    }
  }
  return {};
}

/// Up to the next delimiter, whole or cut off by the end of the bytes. Only its first byte is CR, so what began like it
/// and was none is content, and is read out of the delimiter.
void FormReader::take_content(std::string_view bytes, Step& step) {
  const bool inside = where_ == Where::content;
  const auto emit = [&](std::string_view content) {
    if (!inside || content.empty()) return;
    step.event = Event::content;
    step.content = content;
  };
  if (matched_ == 0) {
    const std::string_view rest = bytes.substr(step.taken);
    const std::size_t plain = std::min(rest.find('\r'), rest.size());
    step.taken += plain;
    if (plain > 0) return emit(rest.substr(0, plain));
  }
  while (step.taken < bytes.size() && matched_ < delimiter_.size() && bytes[step.taken] == delimiter_[matched_]) {
    ++step.taken;
    ++matched_;
  }
  if (matched_ == delimiter_.size()) {
    matched_ = 0;
    where_ = Where::behind_delimiter;
    if (inside) step.event = Event::part_end;
  } else if (step.taken < bytes.size()) {
    emit(std::string_view(delimiter_).substr(0, std::exchange(matched_, 0)));
    // A byte that is neither is content, unless it is the CR of a delimiter: both are seen to by the next step.
    if (step.event == Event::none && bytes[step.taken] != '\r') {
      emit(bytes.substr(step.taken, 1));
      ++step.taken;
    }
  }
}

/// RFC 2046, 5.1.1: a line's end, or two hyphens behind the last.
std::optional<Refusal> FormReader::take_behind_delimiter(std::string_view bytes, Step& step) {
  line_ += bytes[step.taken++];
  if (line_ == "--") {
    where_ = Where::epilogue;
    step.event = Event::end;
  } else if (line_ == "\r\n") {
    where_ = Where::head;
    part_ = {};
    if (++parts_ > limits_.parts) return Refusal{413, "the form has more parts than " + std::to_string(limits_.parts)};
  } else {
    if (line_ == "-" || line_ == "\r") return {};
    return bad_request("there is something behind a boundary");
  }
  line_.clear();
  return {};
}

std::optional<Refusal> FormReader::take_head(std::string_view bytes, Step& step) {
  while (step.taken < bytes.size()) {
    const char c = bytes[step.taken];
    if ((c == '\n') != line_.ends_with('\r') || c == '\0')
      return bad_request("a line of a part's head does not end with CR and LF");
    if (line_.size() == limits_.head_bytes) return Refusal{431, "the head of a part is too long"};
    line_ += c;
    ++step.taken;
    if (line_ != "\r\n" && !line_.ends_with("\r\n\r\n")) continue;
    if (auto refused = read_part_head()) return refused;
    where_ = Where::content;
    step.event = Event::part;
    line_.clear();
    return {};
  }
  return {};
}

std::optional<Refusal> FormReader::read_part_head() {
  bool named = false;
  for (std::string_view rest = line_; rest.size() > 2;) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return bad_request("a part's head has a line that is no field");
    const std::string name = lower_case(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (name == "content-type") part_.content_type = value;
    if (name == "content-transfer-encoding" && lower_case(value) != "binary" && lower_case(value) != "8bit" &&
        lower_case(value) != "7bit")
      return bad_request("a part is encoded, which RFC 7578 forbids");
    if (name != "content-disposition") continue;
    if (named || lower_case(trimmed(value.substr(0, value.find(';')))) != "form-data")
      return bad_request("a part is not of a form");
    bool broken = false;
    const auto field = parameter(value, "name", broken);
    part_.filename = parameter(value, "filename", broken);
    if (broken || !field) return bad_request("a part of the form has no name");
    part_.name = *field;
    named = true;
  }
  if (!named) return bad_request("a part of the form has no Content-Disposition");
  return {};
}

}  // namespace weir::server
