// weir rm --incomplete: uploads that were begun and never finished, which stores keep (and charge for) until somebody
// removes them.
#include <fmt/format.h>

#include <chrono>
#include <set>

#include "commands.hpp"
#include "duration.hpp"
#include "exit_codes.hpp"
#include "json_events.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "remove.hpp"
#include "weir/ledger/ledger.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

const std::string kUsualAge = "24h";

/// Those that the same command would go on with.
Result<std::set<std::string>> resumable(const Options& options) {
  std::set<std::string> ids;
  if (options.no_resume) return ids;
  WEIR_ASSIGN(const auto ledger, Ledger::open({options.state_dir, {}}));
  WEIR_ASSIGN(const auto jobs, ledger->jobs());
  for (const JobRecord& job : jobs) {
    if (!job.set_aside && !job.upload_id.empty()) ids.insert(job.upload_id);
  }
  return ids;
}

/// Looks at all uploads of a place, page by page, and removes those that are old enough and nobody's here.
class Sweeper {
 public:
  Sweeper(const Options& options, std::set<std::string> kept, std::int64_t before)
      : options_(options), filter_(options.filters), kept_(std::move(kept)), before_(before) {}

  void sweep(const StorePlace& place) {
    std::string token;
    bool exact_key_only = false;
    do {
      const auto page = place.store->open_uploads(place.key, token);
      if (!page) return failed(page.status());
      for (const OpenUpload& upload : page->uploads) {
        if (is_meant(place.key, upload.key)) look_at(*place.store, upload);
        if (!output_.status().ok()) return;
      }
      token = page->next_token;
      exact_key_only = page->exact_key_only;
    } while (!token.empty());
    if (exact_key_only && options_.recursive) failed(tells_keys_only(place));
  }

  int finish() {
    if (!options_.quiet && !options_.json) {
      const std::string& age = options_.older_than.empty() ? kUsualAge : options_.older_than;
      if (young_ > 0) {
        say(fmt::format("weir: {} younger than {} left alone (--older-than)\n", counted(young_), age));
      }
      if (resumable_ > 0) {
        say(fmt::format("weir: {} that 'weir jobs' lists left alone (--no-resume removes them too)\n",
                        counted(resumable_)));
      }
    }
    const int written = cli::finish(output_.status(), options_);
    return code_ == kExitOk ? written : code_;
  }

 private:
  static Status tells_keys_only(const StorePlace& place) {
    return Status(Kind::unsupported,
                  "MinIO tells all unfinished uploads of exactly one key only: of a bucket those that were begun since "
                  "the server started, below a name none")
        .during("list the unfinished uploads below " + place.store->url(place.key))
        .advise(
            "Name the key of each object, without -r. MinIO removes such uploads by itself after a day, unless it "
            "was told otherwise.");
  }
  static std::string counted(std::size_t uploads) {
    return fmt::format("{} {}", uploads, uploads == 1 ? "upload" : "uploads");
  }
  /// The object of that name, and with -r all below it, as rm takes names.
  bool is_meant(const std::string& name, const std::string& key) const {
    const bool folder = name.empty() || name.ends_with('/');
    if (!folder && key == name) return !options_.recursive || filter_.passes(key.substr(key.rfind('/') + 1));
    const std::string below = folder ? name : name + "/";
    return options_.recursive && key.starts_with(below) && filter_.passes(std::string_view(key).substr(below.size()));
  }
  void look_at(Store& store, const OpenUpload& upload) {
    if (kept_.contains(upload.id)) {
      ++resumable_;
    } else if (upload.begun_unix == 0 || upload.begun_unix > before_) {
      ++young_;  // or nobody says how old it is
    } else {
      remove(store, upload);
    }
  }
  void remove(Store& store, const OpenUpload& upload) {
    const Status status = options_.dry_run ? Status() : store.abort_upload(upload);
    if (!status.ok()) return failed(status);
    const std::string url = store.url(upload.key);
    if (options_.json) return output_.print_line(upload_removed_event(url, upload, options_.dry_run));
    if (options_.quiet) return;
    output_.print(fmt::format("{} the upload of {} that was begun {}\n", options_.dry_run ? "would remove" : "removed",
                              printable(url), utc_time(upload.begun_unix)));
  }
  void failed(const Status& status) {
    const int code = report(status, options_.json, options_.colour);
    if (code_ == kExitOk) code_ = code;
  }

  const Options& options_;
  const NameFilter filter_;
  const std::set<std::string> kept_;
  const std::int64_t before_;
  Output output_;
  std::size_t young_ = 0;
  std::size_t resumable_ = 0;
  int code_ = kExitOk;
};

Result<int> sweep(const std::vector<StorePlace>& places, const Options& options) {
  WEIR_ASSIGN(const auto age, duration_of("older-than", options.older_than.empty() ? kUsualAge : options.older_than));
  WEIR_ASSIGN(auto kept, resumable(options));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t before = std::chrono::duration_cast<std::chrono::seconds>(now - age).count();
  Sweeper sweeper(options, std::move(kept), before);
  for (const StorePlace& place : places) sweeper.sweep(place);
  return sweeper.finish();
}

}  // namespace

int remove_unfinished(const std::vector<StorePlace>& places, const Options& options) {
  const auto code = sweep(places, options);
  return code ? *code : report(code.status(), options.json, options.colour);
}

}  // namespace weir::cli
