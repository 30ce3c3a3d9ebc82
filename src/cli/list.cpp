#include "commands.hpp"
#include "json_events.hpp"
#include "output.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "weir/core/units.hpp"

namespace weir::cli {

namespace {

class Printer {
 public:
  Printer(const Options& options, std::string bucket)
      : json_(options.json), terminal_(is_terminal(1)), bucket_(std::move(bucket)) {}

  void page(const Listing& listing) {
    for (const std::string& prefix : listing.common_prefixes) {
      if (json_) {
        output_.print_line(prefix_event(bucket_, prefix));
      } else {
        output_.print(fmt::format("{:20}  {:>8}  {}\n", "", "", shown(prefix)));
      }
    }
    for (const ListedObject& entry : listing.objects) {
      if (json_) {
        output_.print_line(object_event(bucket_, entry));
      } else {
        output_.print(fmt::format("{:20}  {:>8}  {}\n", utc_time(entry.modified_unix), format_size(entry.size),
                                  shown(entry.key)));
      }
    }
    count_ += listing.objects.size() + listing.common_prefixes.size();
  }
  std::size_t count() const { return count_; }
  Status status() { return output_.status(); }

 private:
  /// As it is for programs; on terminals keys must not steer.
  std::string shown(const std::string& key) const { return terminal_ ? printable(key) : key; }

  const bool json_;
  const bool terminal_;
  const std::string bucket_;
  Output output_;
  std::size_t count_ = 0;
};

}  // namespace

int run_ls(const CommandLine& line) {
  const std::string& url = line.operands[0];
  const Options& options = line.options;
  const auto place = open_store(url, options, "list " + url);
  if (!place) return report(place.status(), options.json, options.colour);
  Printer printer(options, place->location.bucket);
  ListOptions request;
  request.prefix = place->location.key;
  if (!options.recursive) request.delimiter = "/";
  do {
    const auto listing = place->client->list(place->location.bucket, request);
    if (!listing) return report(listing.status().during("list " + url), options.json, options.colour);
    printer.page(*listing);
    if (!printer.status().ok()) break;
    request.token = listing->next_token;
  } while (!request.token.empty());
  if (printer.count() == 0 && !request.prefix.empty()) {
    return report(Status(Kind::not_found, "no key begins with that").during("list " + url), options.json,
                  options.colour);
  }
  return finish(printer.status(), options);
}

}  // namespace weir::cli
