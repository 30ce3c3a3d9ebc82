// The head of an HTTP/1.x request, read strictly: what two programs could read in two ways is refused (RFC 9112, 11.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::server {

/// Why a request gets an error of HTTP's own. Nothing that follows it on the connection is read.
struct Refusal {
  int status = 400;
  std::string why;
};
inline Refusal bad_request(std::string why) { return {400, std::move(why)}; }

struct Field {
  std::string name;   ///< lower case
  std::string value;  ///< visible ASCII, blanks and tabs; none of them at its ends
};

struct HeadLimits {
  std::size_t bytes = 16 * 1024;
  std::size_t fields = 100;
};

struct RequestHead {
  std::string method;  ///< as it was sent: methods have case
  std::string target;  ///< visible ASCII, as it was sent
  int minor_version = 1;
  std::vector<Field> fields;

  /// The value of the one field of that name (lower case); nothing where there is none, or several.
  std::optional<std::string_view> one(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  /// Whether the comma-separated lists of that name have `member`, in whatever case.
  bool lists(std::string_view name, std::string_view member) const;
};

/// How long the body is (RFC 9112, 6.3).
struct Framing {
  bool chunked = false;
  std::uint64_t bytes = 0;  ///< where it is not chunked
};

/// A field line without its end, into `field`.
std::optional<Refusal> read_field(std::string_view line, Field& field);
/// A whole head, up to and with the empty line.
std::optional<Refusal> read_head(std::string_view text, const HeadLimits& limits, RequestHead& head);
std::optional<Refusal> read_framing(const RequestHead& head, Framing& framing);
/// Whether another request may follow (RFC 9112, 9.3).
bool keeps_alive(const RequestHead& head);

/// Gathers a head out of pieces.
class HeadReader {
 public:
  explicit HeadReader(HeadLimits limits = {}) : limits_(limits) {}

  /// Takes what belongs to the head, and answers how much of `bytes` that was. Then done() may be true.
  std::optional<Refusal> take(std::string_view bytes, std::size_t& taken);
  bool done() const { return done_; }
  /// Nothing has come of it: an idle connection.
  bool empty() const { return text_.empty(); }
  /// After done(); the reader begins anew.
  std::optional<Refusal> head(RequestHead& head);

 private:
  const HeadLimits limits_;
  std::string text_;
  bool done_ = false;
};

/// Letters, digits and !#$%&'*+-.^_`|~ (RFC 9110, 5.6.2); not empty.
bool is_token(std::string_view text);
/// Digits alone, and no more than 2^63 - 1 (what offsets and lengths are).
std::optional<std::uint64_t> read_count(std::string_view text);
std::string lower_case(std::string_view text);
/// Without blanks and tabs at its ends.
std::string_view trimmed(std::string_view text);

}  // namespace weir::server
