#include "commands.hpp"
#include "json_events.hpp"
#include "output.hpp"
#include "transfer.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/units.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

std::string describe(const std::string& url, const ObjectInfo& info) {
  std::string text;
  const auto row = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:14}  {}\n", name, printable(value));
  };
  row("url", url);
  row("size", fmt::format("{} ({})", info.size, format_size(info.size)));
  row("etag", info.etag);
  row("checksum", info.crc64nvme ? "crc64nvme " + crc64nvme_base64(*info.crc64nvme) : "none known to the store");
  row("modified", utc_time(info.modified_unix));
  row("content type", info.content_type);
  row("encoding", info.content_encoding);
  row("cache control", info.cache_control);
  row("disposition", info.content_disposition);
  row("storage class", info.storage_class);
  row("version", info.version);
  for (const auto& [name, value] : info.metadata) row("meta " + name, value);
  return text;
}

}  // namespace

int run_head(const CommandLine& line) {
  const std::string& url = line.operands[0];
  const Options& options = line.options;
  const auto place = open_place(url, options, "look at " + url);
  if (!place) return report(place.status(), options.json, options.colour);
  if (const Status named = place->store->check_key(place->key); !named.ok()) {
    return report(Status(named).during("look at " + url), options.json, options.colour);
  }
  const auto info = place->store->head(place->key);
  if (!info) {
    const Status why = explain_missing(info.status(), url, endpoint_options(options)).during("look at " + url);
    return report(why, options.json, options.colour);
  }
  Output output;
  if (options.json) {
    output.print_line(head_event(place->url(), *info));
  } else {
    output.print(describe(place->url(), *info));
  }
  return finish(output.status(), options);
}

}  // namespace weir::cli
