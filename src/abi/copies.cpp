// weir_start_copies() and what can be done with it: many files and objects.
#include <utility>

#include "abi/entry.hpp"
#include "abi/errors.hpp"
#include "abi/job.hpp"
#include "abi/structs.hpp"
#include "weir/transfer/copy_many.hpp"

namespace weir::abi {

namespace {

constexpr std::size_t kMostFilters = 10000;
constexpr std::size_t kMostSources = 1'000'000;
constexpr std::uint32_t kMostFiles = 256;

/// Thread-safe.
class CopiesObject final : public Object {
 public:
  static constexpr const char* kType = "copies";
  CopiesObject(CopyRun started, std::shared_ptr<SharedContext> shared)
      : run(std::move(started)), context(std::move(shared)) {}
  const char* type() const noexcept override { return kType; }

  CopyRun run;
  const std::shared_ptr<SharedContext> context;
};

int32_t outcome_of(CopyOutcome outcome) noexcept {
  switch (outcome) {
    case CopyOutcome::copied:
      return WEIR_COPY_DONE;
    case CopyOutcome::kept:
      return WEIR_COPY_KEPT;
    case CopyOutcome::planned:
      return WEIR_COPY_PLANNED;
    case CopyOutcome::failed:
      return WEIR_COPY_FAILED;
    case CopyOutcome::skipped:
      return WEIR_COPY_SKIPPED;
  }
  return WEIR_COPY_FAILED;
}

/// Tells the host of one item.
void tell_item(const CopyItem& item, Host& host, void (*on_item)(void*, const weir_copied*)) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_copied told;
  weir_init(&told, sizeof told);
  told.outcome = outcome_of(item.outcome);
  told.bytes = item.bytes;
  told.source = item.source.c_str();
  told.destination = item.destination.c_str();
  told.reason = item.reason.c_str();
  if (item.outcome == CopyOutcome::failed) {
    (void)tell(&error, Answer(item.status));
    told.error = &error;
  }
  if (item.outcome == CopyOutcome::copied) {
    fill_receipt(item.receipt, &receipt);
    told.receipt = &receipt;
  }
  {
    const CallbackScope inside;
    on_item(host.get(), &told);
  }
  weir_error_clear(&error);
  weir_receipt_clear(&receipt);
}

Answer read_filters(const weir_copies_options& options, std::vector<FilterRule>& into) {
  if (options.filter_count == 0) return {};
  if (options.filters == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "filters is NULL, and filter_count is not 0");
  if (options.filter_count > kMostFilters)
    return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("filter_count is above {}", kMostFilters));
  for (std::size_t i = 0; i < options.filter_count; ++i) {
    std::string what;
    FilterRule rule;
    WEIR_ABI_TRY(read_text(options.filters[i].name, "the name of a filter", what));
    WEIR_ABI_TRY(read_text(options.filters[i].value, "the pattern of a filter", rule.pattern));
    if (what != "include" && what != "exclude")
      return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("a filter is none of include, exclude: \"{}\"", what));
    rule.include = what == "include";
    into.push_back(std::move(rule));
  }
  return {};
}

Answer read_copies_options(const weir_copies_options* given, CopyOptions& into) {
  weir_copies_options options;
  WEIR_ABI_TRY(read_struct(given, "weir_copies_options", options));
  auto host = take_host(options);
  if (options.update < WEIR_UPDATE_ALL || options.update > WEIR_UPDATE_CHECKSUM)
    return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("update is none of WEIR_UPDATE_...: {}", options.update));
  if (options.files > kMostFiles) return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("files is above {}", kMostFiles));
  WEIR_ABI_TRY(read_filters(options, into.filters));
  into.recursive = options.recursive != 0;
  into.globs = options.globs != 0;
  into.update = static_cast<CopyUpdate>(options.update);
  into.dry_run = options.dry_run != 0;
  if (options.files != 0) into.files = options.files;
  if (options.on_item != nullptr) {
    into.on_item = [host, call = options.on_item](const CopyItem& item) { tell_item(item, *host, call); };
  }
  return {};
}

/// What copies have of a job's options.
Answer use_job_options(const JobSettings& settings, const std::vector<std::string>& names, CopyOptions& into) {
  const bool too_much = settings.push || settings.pull || !settings.through.empty() || settings.of_part() ||
                        settings.job.on_progress || settings.job.on_end;
  if (too_much) {
    return Answer(WEIR_E_INVALID_ARGUMENT,
                  "of weir_job_options, handles, callbacks, through and read_... are not for copies of many");
  }
  std::string all;
  for (const std::string& name : names) {
    if (name.starts_with("s3://")) all = name;  // that one may be is all that is asked
  }
  into.endpoint = settings.endpoint(all);
  into.budget_bytes = settings.job.budget_bytes;
  into.executor = settings.job.executor;
  return {};
}

Answer read_sources(const char* const* sources, std::size_t count, std::vector<std::string>& into) {
  if (sources == nullptr || count == 0) return Answer(WEIR_E_INVALID_ARGUMENT, "there is no source");
  if (count > kMostSources)
    return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("source_count is above {}", kMostSources));
  into.resize(count);
  for (std::size_t i = 0; i < count; ++i) WEIR_ABI_TRY(read_text(sources[i], "the name of a source", into[i]));
  return {};
}

void fill_summary(const CopySummary& from, weir_copies_progress& into) {
  into.copied = from.copied;
  into.kept = from.kept;
  into.planned = from.planned;
  into.failed = from.failed;
  into.skipped = from.skipped;
  into.bytes_copied = from.bytes_copied;
  into.retries = from.retries;
  into.elapsed_ns = from.duration_ns;
}

void fill_copies(const CopyProgress& from, weir_copies_progress& into) {
  weir_init(&into, sizeof into);
  fill_summary(from, into);
  into.all_found = from.all_found ? 1 : 0;
  into.found = from.found;
  into.under_way = from.under_way;
  into.bytes_found = from.bytes_found;
  into.bytes_done = from.bytes_done;
  into.bytes_read = from.bytes_read;
  into.bytes_per_second = from.bytes_per_second;
  into.has_eta = from.eta_seconds ? 1 : 0;
  into.eta_seconds = from.eta_seconds.value_or(0);
  into.stalled_seconds = from.stalled_seconds;
}

template <class Call>
weir_status with_copies(weir_copies* handle, weir_error* error, Call&& call) noexcept {
  return run(error, [&]() -> Answer {
    std::shared_ptr<CopiesObject> copies;
    WEIR_ABI_TRY(find_handle(handle, copies));
    call(copies->run);
    return {};
  });
}

}  // namespace

}  // namespace weir::abi

weir_status weir_start_copies(const char* const* sources, size_t source_count, const char* destination,
                              const weir_copies_options* copies_options, const weir_job_options* options,
                              weir_copies** copies, weir_error* error) {
  using namespace weir::abi;
  if (copies != nullptr) *copies = nullptr;
  return run(error, [&]() -> Answer {
    weir::CopyOptions wanted;
    JobSettings settings;
    Answer read = read_copies_options(copies_options, wanted);
    Answer more = read_job_options(options, settings);  // both are taken, whatever is wrong with one
    WEIR_ABI_TRY(std::move(read).during("start copies"));
    WEIR_ABI_TRY(std::move(more).during("start copies"));
    std::vector<std::string> names;
    WEIR_ABI_TRY(read_sources(sources, source_count, names).during("start copies"));
    std::string to;
    WEIR_ABI_TRY(read_text(destination, "the destination", to).during("start copies"));
    if (copies == nullptr)
      return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the copies is NULL").during("start copies");
    names.push_back(to);
    WEIR_ABI_TRY(use_job_options(settings, names, wanted).during("start copies"));
    names.pop_back();
    auto started = std::make_shared<CopiesObject>(weir::start_copy(std::move(names), std::move(to), std::move(wanted)),
                                                  settings.context);
    *copies = static_cast<weir_copies*>(HandleTable::of_process().add(std::move(started)));
    return {};
  });
}

weir_status weir_copies_wait(weir_copies* copies, int64_t timeout_ms, weir_copies_progress* sum, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    std::shared_ptr<CopiesObject> object;
    WEIR_ABI_TRY(find_handle(copies, object));
    if (sum != nullptr) WEIR_ABI_TRY(check_result(sum, "weir_copies_progress"));
    const std::optional<weir::Result<weir::CopySummary>> result =
        timeout_ms < 0 ? object->run.wait() : object->run.wait_for(time_to_wait(timeout_ms));
    if (!result) return Answer(WEIR_PENDING);
    object->context->flush();
    if (!result->ok()) return result->status();
    if (sum == nullptr) return {};
    weir_copies_progress full;
    fill_copies(object->run.progress(), full);
    fill_summary(**result, full);
    write_result(sum, full);
    return {};
  });
}

weir_status weir_copies_snapshot(weir_copies* copies, weir_copies_progress* progress, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    std::shared_ptr<CopiesObject> object;
    WEIR_ABI_TRY(find_handle(copies, object));
    WEIR_ABI_TRY(check_result(progress, "weir_copies_progress"));
    weir_copies_progress full;
    fill_copies(object->run.progress(), full);
    write_result(progress, full);
    return {};
  });
}

weir_status weir_copies_cancel(weir_copies* copies, weir_error* error) {
  return weir::abi::with_copies(copies, error, [](weir::CopyRun& running) { running.cancel(); });
}
weir_status weir_copies_suspend(weir_copies* copies, weir_error* error) {
  return weir::abi::with_copies(copies, error, [](weir::CopyRun& running) { running.suspend(); });
}

void weir_copies_free(weir_copies* copies) {
  using namespace weir::abi;
  run_free([&] {
    if (const auto object = HandleTable::of_process().remove<CopiesObject>(copies)) object->run.cancel();
  });
}
