#include "commands.hpp"
#include "json_events.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "terminal.hpp"
#include "weir/core/units.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

class Printer {
 public:
  Printer(const Options& options, std::shared_ptr<Store> store)
      : json_(options.json), terminal_(is_terminal(1)), store_(std::move(store)) {}

  void page(const Listing& listing) {
    for (const std::string& prefix : listing.common_prefixes) {
      if (json_) {
        output_.print_line(prefix_event(store_->url(prefix), prefix));
      } else {
        output_.print(fmt::format("{:20}  {:>8}  {}\n", "", "", shown(prefix)));
      }
    }
    for (const ListedObject& entry : listing.objects) {
      if (json_) {
        output_.print_line(object_event(store_->url(entry.key), entry));
      } else {
        output_.print(fmt::format("{:20}  {:>8}  {}\n", utc_time(entry.modified_unix), format_size(entry.size),
                                  shown(entry.key)));
      }
    }
    for (const NotListed& other : listing.left_out) left_out(other);
    count_ += listing.objects.size() + listing.common_prefixes.size() + listing.left_out.size();
  }
  std::size_t count() const { return count_; }
  Status status() { return output_.status(); }

 private:
  void left_out(const NotListed& other) {
    const std::string text = fmt::format("left out {}: {}", store_->url(other.key), other.why.error().cause);
    if (json_) {
      output_.print_line(notice_event(text));
    } else {
      say("weir: " + printable(text) + "\n");
    }
  }
  /// As it is for programs; on terminals keys must not steer.
  std::string shown(const std::string& key) const { return terminal_ ? printable(key) : key; }

  const bool json_;
  const bool terminal_;
  const std::shared_ptr<Store> store_;
  Output output_;
  std::size_t count_ = 0;
};

}  // namespace

int run_ls(const CommandLine& line) {
  const std::string& url = line.operands[0];
  const Options& options = line.options;
  const auto place = open_place(url, options, "list " + url);
  if (!place) return report(place.status(), options.json, options.colour);
  Printer printer(options, place->store);
  ListOptions request;
  request.prefix = place->key;
  if (!options.recursive) request.delimiter = "/";
  do {
    const auto listing = place->store->list(request);
    if (!listing) return report(listing.status().during("list " + url), options.json, options.colour);
    printer.page(*listing);
    if (!printer.status().ok()) break;
    request.token = listing->next_token;
  } while (!request.token.empty());
  if (printer.count() == 0 && !request.prefix.empty()) {
    const bool files = end_kind(url) == EndKind::file;
    return report(Status(Kind::not_found, files ? "there is no such directory, and no file's name begins with that"
                                                : "no key begins with that")
                      .during("list " + url),
                  options.json, options.colour);
  }
  return finish(printer.status(), options);
}

}  // namespace weir::cli
