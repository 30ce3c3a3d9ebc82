#include "weir/transfer/endpoint.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "transfer/named.hpp"
#include "weir/core/units.hpp"
#include "weir/stages/fd.hpp"
#include "weir/stages/file.hpp"
#include "weir/stages/generator.hpp"
#include "weir/stages/null.hpp"
#include "weir/store/local.hpp"

namespace weir {
namespace {

struct Name {
  std::string_view scheme;  // "file" for a bare path
  std::string_view rest;    // behind the colon
};

/// One side of a transfer: what may be named there.
struct Side {
  const char* what;
  const char* forms;
  const char* otherwise;  ///< of what the other side alone has
  std::vector<std::string_view> schemes;
};

const Side& source_side() {
  static const Side kSide{"source",
                          "file:PATH, s3://BUCKET/KEY, vercel://STORE/PATH, http://HOST/PATH, https://HOST/PATH, "
                          "gen:SIZE or - (standard input)",
                          "can be written to, and not read",
                          {"file", "s3", "vercel", "http", "https", "gen"}};
  return kSide;
}
const Side& sink_side() {
  static const Side kSide{"destination",
                          "file:PATH, s3://BUCKET/KEY, vercel://STORE/PATH, http://HOST/PATH, https://HOST/PATH, "
                          "null: or - (standard output)",
                          "can be read, and not written to",
                          {"file", "s3", "vercel", "http", "https", "null"}};
  return kSide;
}

bool has(const Side& side, std::string_view scheme) {
  return std::find(side.schemes.begin(), side.schemes.end(), scheme) != side.schemes.end();
}

Status unknown_scheme(std::string_view name, std::string_view scheme, const Side& side) {
  const bool other = has(source_side(), scheme) || has(sink_side(), scheme);
  const std::string_view meant = other ? std::string_view() : nearest(scheme, side.schemes);
  std::string advice =
      fmt::format("A {} is a path, {}; a file of that name is file:{}.", side.what, side.forms, shown_name(name));
  if (!meant.empty()) advice = fmt::format("Did you mean \"{}:\"? {}", meant, advice);
  return Status(Kind::invalid_argument,
                fmt::format("\"{}:\" {}", scheme, other ? side.otherwise : "is no kind of place"))
      .during("open " + transfer::named(name))
      .advise(std::move(advice));
}

bool is_http(std::string_view scheme) { return scheme == "http" || scheme == "https"; }

/// Splits a name as people type it. What looks like a scheme must be one; a path with a colon is written file:PATH or
/// ./PATH.
Result<Name> split(std::string_view name, const Side& side) {
  if (name.empty()) return Status(Kind::invalid_argument, "the name is empty").during("open a source or destination");
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos || name.substr(0, colon).find('/') != std::string_view::npos)
    return Name{"file", name};
  const Name parts{name.substr(0, colon), name.substr(colon + 1)};
  if (!has(side, parts.scheme)) return unknown_scheme(name, parts.scheme, side);
  if (parts.scheme == "file") {
    // file:PATH, and file:///PATH as URLs have it.
    std::string_view path = parts.rest;
    if (path.substr(0, 3) == "///") path.remove_prefix(2);
    if (path.empty())
      return Status(Kind::invalid_argument, "the path is empty").during("open " + transfer::named(name));
    return Name{"file", path};
  }
  return parts;
}

/// "8GiB", "8GiB?seed=1&ratio=3".
Result<GeneratorOptions> parse_generator(std::string_view text) {
  GeneratorOptions options;
  const std::size_t mark = text.find('?');
  WEIR_ASSIGN(options.bytes, parse_size(text.substr(0, mark)));
  std::string_view query = mark == std::string_view::npos ? std::string_view() : text.substr(mark + 1);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string value(pair.substr(std::min(equals + 1, pair.size())));
    char* end = nullptr;
    if (pair.substr(0, equals) == "seed") {
      options.seed = std::strtoull(value.c_str(), &end, 10);
    } else if (pair.substr(0, equals) == "ratio") {
      options.ratio = std::strtod(value.c_str(), &end);
    } else {
      return Status(Kind::invalid_argument,
                    fmt::format("gen: has no parameter \"{}\"; it has seed and ratio", pair.substr(0, equals)));
    }
    if (value.empty() || *end != '\0') return Status(Kind::invalid_argument, fmt::format("\"{}\" is no number", pair));
  }
  return options;
}

Result<std::pair<std::shared_ptr<S3Client>, S3Location>> s3_object(std::string_view name,
                                                                   const EndpointOptions& options) {
  WEIR_ASSIGN(S3Location location, S3Location::parse(name));
  WEIR_TRY(location.check_object());
  WEIR_ASSIGN(auto client, s3_client(options));
  return std::pair(std::move(client), std::move(location));
}

Result<std::pair<std::shared_ptr<Store>, std::string>> vercel_object(std::string_view name,
                                                                     const EndpointOptions& options) {
  WEIR_ASSIGN(VercelLocation location, VercelLocation::parse(name));
  WEIR_TRY(check_vercel_path(location.path));
  WEIR_ASSIGN(auto store, vercel_store(options.vercel, location.store));
  return std::pair(std::move(store), std::move(location.path));
}

class FailedSource final : public Source {
 public:
  explicit FailedSource(Status why) : why_(std::move(why)) {}
  std::string name() const override { return "source"; }
  Status describe(Upstream&) override { return why_; }
  Result<Chunk> next() override { return why_; }

 private:
  Status why_;
};

class FailedSink final : public Sink {
 public:
  explicit FailedSink(Status why) : why_(std::move(why)) {}
  std::string name() const override { return "sink"; }
  Status open(Context&) override { return why_; }
  Status write(Chunk&&) override { return why_; }
  Result<Receipt> close() override { return why_; }
  void abort() override {}

 private:
  Status why_;
};

}  // namespace

const std::vector<std::string_view>& source_schemes() { return source_side().schemes; }
const std::vector<std::string_view>& sink_schemes() { return sink_side().schemes; }

Result<std::shared_ptr<S3Client>> s3_client(const EndpointOptions& options) {
  if (options.client) return options.client;
  return S3Client::make(options.s3);
}

Result<std::unique_ptr<Source>> open_source(std::string_view name, const EndpointOptions& options) {
  const DownloadOptions& wanted = options.download;
  if (wanted.of_part() && (name == "-" || name.starts_with("gen:"))) {
    return Status(Kind::unsupported, "it is read from front to back alone, and not in part")
        .during("open " + transfer::named(name));
  }
  if (name == "-") return standard_input();
  WEIR_ASSIGN(const Name parts, split(name, source_side()));
  if (parts.scheme == "gen") {
    Result<GeneratorOptions> generator_options = parse_generator(parts.rest);
    if (!generator_options.ok()) return generator_options.status().during("open " + transfer::named(name));
    return generator(*generator_options);
  }
  if (parts.scheme == "s3") {
    WEIR_ASSIGN(auto object, s3_object(name, options));
    return download_from(s3_origin(std::move(object.first), std::move(object.second)), options.download);
  }
  if (parts.scheme == "vercel") {
    WEIR_ASSIGN(auto object, vercel_object(name, options));
    return download_from(object.first->origin(object.second), options.download);
  }
  if (is_http(parts.scheme)) {
    WEIR_ASSIGN(auto origin, http_origin(name, options.http));
    return download_from(std::move(origin), options.download);
  }
  return wanted.of_part() ? file(std::string(parts.rest), wanted.range, wanted.etag) : file(std::string(parts.rest));
}

Result<std::unique_ptr<Sink>> open_sink(std::string_view name, const EndpointOptions& options) {
  if (name == "-") return standard_output();
  WEIR_ASSIGN(const Name parts, split(name, sink_side()));
  if (parts.scheme == "null") {
    if (!parts.rest.empty())
      return Status(Kind::invalid_argument, "null: takes no name").during(fmt::format("open {}", name));
    return null();
  }
  if (parts.scheme == "s3") {
    WEIR_ASSIGN(auto object, s3_object(name, options));
    if (!transfer::is_utf8(object.second.key))
      return transfer::not_utf8().during("upload to " + transfer::named(name)).advise("Name the object in full.");
    return upload_to(s3_target(std::move(object.first), std::move(object.second), options.object), options.upload);
  }
  if (parts.scheme == "vercel") {
    WEIR_ASSIGN(auto object, vercel_object(name, options));
    return upload_to(object.first->target(object.second, options.object), options.upload);
  }
  if (is_http(parts.scheme)) return put_to(name, options.http, options.object, options.upload);
  LocalOptions local;
  local.durable = options.durable;
  local.replace = !options.object.no_clobber;
  local.make_directories = options.make_directories;
  return upload_to(local_target(std::string(parts.rest), local), options.upload);
}

std::unique_ptr<Source> from(std::string_view name, const EndpointOptions& options) {
  Result<std::unique_ptr<Source>> source = open_source(name, options);
  if (!source.ok()) return std::make_unique<FailedSource>(source.status());
  return std::move(source).value();
}

std::unique_ptr<Sink> to(std::string_view name, const EndpointOptions& options) {
  Result<std::unique_ptr<Sink>> sink = open_sink(name, options);
  if (!sink.ok()) return std::make_unique<FailedSink>(sink.status());
  return std::move(sink).value();
}

std::string_view nearest(std::string_view typed, const std::vector<std::string_view>& candidates) {
  std::string_view best;
  const std::size_t letters = typed.size() - std::min(typed.find_first_not_of('-'), typed.size());  // all share dashes
  std::size_t best_distance = std::max<std::size_t>(letters / 2, 1) + 1;  // further is no likeness
  for (const std::string_view candidate : candidates) {
    // Levenshtein, one row at a time.
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= typed.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i);
      for (std::size_t j = 1; j <= candidate.size(); ++j) {
        const std::size_t replaced = diagonal + (typed[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
      }
    }
    if (row.back() < best_distance) {
      best = candidate;
      best_distance = row.back();
    }
  }
  return best;
}

}  // namespace weir
