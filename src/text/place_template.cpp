#include "text/place_template.hpp"

#include "weir/text/parse.hpp"

namespace weir {

namespace {

bool is_url(std::string_view place) { return place.starts_with("http://") || place.starts_with("https://"); }

/// RFC 3986, section 2.1: all but the unreserved characters.
std::string url_escaped(std::string_view text) {
  constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

/// The key must not choose scheme, host, bucket or directory: a '/' behind these stands before it.
Status check_hole(std::string_view place, std::string_view hole) {
  const std::size_t at = place.find(hole);
  if (at == std::string_view::npos)
    return Status(Kind::invalid_argument, fmt::format("{} is nowhere in \"{}\"", hole, place))
        .advise(fmt::format("Each place needs a name of its own: put {} into it.", hole));
  const std::size_t scheme = place.find("://");
  const std::size_t from = scheme == std::string_view::npos ? 0 : scheme + 3;
  if (place.find('/', from) < at) return {};
  return Status(Kind::invalid_argument, fmt::format("{} may not choose what \"{}\" is", hole, place))
      .advise(fmt::format("Put a directory or bucket before it, such as \"./{}\".", hole));
}

}  // namespace

Result<PlaceTemplate> PlaceTemplate::read(std::string_view text, std::string_view hole, EndpointOptions options) {
  WEIR_ASSIGN(Spec spec, parse_spec(text, "read where split goes to"));
  if (spec.stages.empty()) return Status(Kind::invalid_argument, "split needs a place");
  PlaceTemplate made;
  const SpecStage place = spec.stages.back();
  spec.stages.pop_back();
  if (!place.parameters.empty())
    return Status(Kind::invalid_argument,
                  fmt::format("\"{}\" is taken for a place, which takes no parameters", place.name.value));
  WEIR_TRY(check_hole(place.name.value, hole));
  made.stages_ = spec.text();
  made.place_ = place.name.value;
  made.hole_ = hole;
  made.options_ = std::move(options);
  // One client for all: its connections and keys are shared.
  if (made.place_.starts_with("s3://") && !made.options_.client) {
    WEIR_ASSIGN(made.options_.client, s3_client(made.options_));
  }
  return made;
}

Result<To> PlaceTemplate::make(std::string_view key) const {
  const std::string name = is_url(place_) ? url_escaped(key) : std::string(key);
  std::string place = place_;
  for (std::size_t at = 0; (at = place.find(hole_, at)) != std::string::npos; at += name.size())
    place.replace(at, hole_.size(), name);
  WEIR_ASSIGN(Through through, parse_through(stages_));
  WEIR_ASSIGN(auto sink, open_sink(place, options_));
  return std::move(through) | To(std::move(sink));
}

}  // namespace weir
