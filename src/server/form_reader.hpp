// multipart/form-data (RFC 7578, RFC 2046 5.1.1) as it arrives: fields and files one after the other, their content
// without a copy and without a temporary file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/http_head.hpp"

namespace weir::server {

struct FormLimits {
  std::size_t parts = 1000;
  std::size_t head_bytes = 8192;  ///< of one part
};

struct FormPart {
  std::string name;
  std::optional<std::string> filename;  ///< as it was sent, a file's: any bytes, and never a path of ours
  std::string content_type;             ///< empty: not said
};

class FormReader {
 public:
  enum class Event : std::uint8_t { none, part, content, part_end, end };
  struct Step {
    std::size_t taken = 0;
    Event event = Event::none;
    std::string_view content;  ///< of Event::content: until the next call, or as long as the bytes that were given
  };

  /// The boundary of a Content-Type; nothing where it has none, or one that cannot be.
  static std::optional<std::string> boundary_of(std::string_view content_type);

  explicit FormReader(std::string_view boundary, FormLimits limits = {});

  /// Takes some of `bytes`; ends with the first event. Call again with the rest.
  std::optional<Refusal> take(std::string_view bytes, Step& step);
  /// After Event::part, until the next.
  const FormPart& part() const { return part_; }
  /// Whether the form has ended: what follows is passed over.
  bool done() const { return where_ == Where::epilogue; }

 private:
  enum class Where : std::uint8_t { preamble, behind_delimiter, head, content, epilogue };

  void take_content(std::string_view bytes, Step& step);
  std::optional<Refusal> take_behind_delimiter(std::string_view bytes, Step& step);
  std::optional<Refusal> take_head(std::string_view bytes, Step& step);
  std::optional<Refusal> read_part_head();

  const std::string delimiter_;  // CR LF -- boundary
  const FormLimits limits_;
  Where where_ = Where::preamble;
  std::size_t matched_ = 2;  // of the delimiter; the first needs no CR LF
  std::string line_;
  std::size_t parts_ = 0;
  FormPart part_;
};

}  // namespace weir::server
