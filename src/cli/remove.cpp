#include "remove.hpp"

#include <algorithm>

#include "commands.hpp"
#include "exit_codes.hpp"
#include "json_events.hpp"
#include "many_options.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "transfer.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

/// Removes, and tells of each name. The exit code is that of the first failure.
class Remover {
 public:
  explicit Remover(const Options& options) : options_(options), filter_(options.filters) {}

  void remove(const StorePlace& place) {
    if (const Status status = check_pattern(place); !status.ok()) return failed(status);
    if (!options_.dry_run) {
      const Status status = place.store->remove(place.key).during("remove " + place.url());
      if (!status.ok()) return failed(status);
    }
    // Files were looked at; of a store's answer nobody can tell whether anything was there.
    removed(place.url(), is_store(end_kind(place.url())) ? std::nullopt : std::optional(true));
  }

  /// The object of that name, and all below it; page by page.
  void remove_all(const StorePlace& place) {
    const bool folder = place.key.empty() || place.key.ends_with('/');
    const std::string below = folder ? place.key : place.key + "/";
    const std::string operation = "remove all of " + place.url();
    if (!folder) {
      const auto found = place.store->head(place.key);
      if (!found && found.status().kind() != Kind::not_found) return failed(found.status());
      const std::string name = place.key.substr(place.key.rfind('/') + 1);
      if (found) ++seen_;
      if (found && filter_.passes(name)) remove(place);
    }
    ListOptions request;
    request.prefix = below;
    do {
      const auto page = place.store->list(request);
      if (!page) {
        if (page.status().kind() == Kind::not_found && seen_ > 0) return;
        return failed(page.status().during(operation));
      }
      remove_page(*place.store, *page, below.size());
      if (!output_.status().ok()) return;
      request.token = page->next_token;
    } while (!request.token.empty());
    if (seen_ == 0) failed(Status(Kind::not_found, "there is nothing of that name").during(operation));
    seen_ = 0;
  }

  int finish() {
    const int written = cli::finish(output_.status(), options_);
    return code_ == kExitOk ? written : code_;
  }
  void failed(const Status& status) {
    const int code = report(status, options_.json, options_.colour);
    if (code_ == kExitOk) code_ = code;
  }

 private:
  /// Stores say that they removed what was never there; a pattern is not to look as if it had been taken for one.
  Status check_pattern(const StorePlace& place) const {
    if (options_.recursive || !Glob::is_pattern(place.key)) return {};
    const auto there = place.store->head(place.key);
    if (there.status().kind() != Kind::not_found) return there.status();
    return Status(Kind::not_found, "there is nothing of just that name, and rm takes no patterns")
        .during("remove " + place.url())
        .advise("What matches a pattern: weir rm -r PREFIX --exclude '*' --include 'PATTERN' (and --dry-run first).");
  }
  void remove_page(Store& store, const Listing& page, std::size_t base) {
    std::vector<std::string> keys;
    for (const ListedObject& object : page.objects) keys.push_back(object.key);
    // A link goes as rm -r would have it: the link, not what it leads to.
    for (const NotListed& other : page.left_out) {
      if (!other.key.ends_with('/')) keys.push_back(other.key);
      if (other.key.ends_with('/')) failed(Status(other.why).during("remove all of " + store.url(other.key)));
    }
    seen_ += keys.size();
    std::erase_if(keys, [&](const std::string& key) { return !filter_.passes(std::string_view(key).substr(base)); });
    if (keys.empty()) return;
    std::vector<NotRemoved> left;
    if (!options_.dry_run) {
      auto answer = store.remove_many(keys);
      if (!answer) return failed(answer.status());
      left = *std::move(answer);
    }
    std::sort(left.begin(), left.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    for (const std::string& key : keys) {
      const auto at =
          std::lower_bound(left.begin(), left.end(), key, [](const auto& a, const auto& b) { return a.key < b; });
      if (at == left.end() || at->key != key) {
        removed(store.url(key), true);
      } else {
        failed(Status(at->status).during("remove " + store.url(key)));
      }
    }
  }

  /// `was_there`: none where nobody knows.
  void removed(const std::string& url, std::optional<bool> was_there) {
    if (options_.json) {
      output_.print_line(removed_event(url, options_.dry_run, was_there));
    } else if (!options_.quiet) {
      const char* const if_there = was_there ? "" : options_.dry_run ? ", if it is there" : ", if it was there";
      output_.print((options_.dry_run ? "would remove " : "removed ") + printable(url) + if_there + "\n");
    }
  }

  const Options& options_;
  const NameFilter filter_;
  Output output_;
  std::size_t seen_ = 0;
  int code_ = kExitOk;
};

Status whole_place(const StorePlace& place) {
  const std::string url = place.url();
  const EndKind kind = end_kind(url);
  if (kind == EndKind::file && !is_directory(url)) return Status(Kind::not_found, "there is no such directory");
  const char* const what = kind == EndKind::s3 ? "bucket" : kind == EndKind::vercel ? "store" : nullptr;
  return Status(Kind::invalid_argument, what ? fmt::format("that is the whole {}", what) : "it is a directory")
      .advise("rm -r removes all that lies below.");
}

Status check_name(const StorePlace& place, const Options& options) {
  if (options.recursive) return {};
  // A prefix that looks like a folder, or a bucket, is never meant by accident.
  if (place.key.empty()) return whole_place(place);
  Status status = place.store->check_key(place.key);
  // What is no URL may have been meant for one.
  if (status.ok() && place.url().find("://") == std::string::npos &&
      place.store->head(place.key).status().kind() == Kind::not_found) {
    return Status(Kind::not_found, "there is no such file").advise("An object is written s3://BUCKET/KEY.");
  }
  return status;
}

}  // namespace

/// Names are checked first, so that a slip in the last one does not come after the first is gone. A failure does not
/// keep the others from being removed.
int run_rm(const CommandLine& line) {
  const Options& options = line.options;
  EndpointOptions endpoint = endpoint_options(options);
  std::vector<StorePlace> places;
  for (const std::string& url : line.operands) {
    auto place = open_store(url, endpoint);
    if (place && !endpoint.client && url.starts_with("s3://")) {
      // All further names share its connections.
      if (auto client = s3_client(endpoint)) {
        endpoint.client = *client;
        place = open_store(url, endpoint);
      }
    }
    Status status = place ? check_name(*place, options) : place.status();
    if (!status.ok()) return report(std::move(status).during("remove " + url), options.json, options.colour);
    places.push_back(*std::move(place));
  }
  const std::string hint = include_hint(options);
  if (!hint.empty() && !options.quiet && !options.json) say("weir: " + hint + "\n");
  if (options.incomplete) return remove_unfinished(places, options);
  Remover remover(options);
  for (const StorePlace& place : places) options.recursive ? remover.remove_all(place) : remover.remove(place);
  return remover.finish();
}

}  // namespace weir::cli
