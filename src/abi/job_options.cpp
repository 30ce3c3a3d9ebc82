#include <utility>

#include "abi/job.hpp"
#include "abi/structs.hpp"
#include "weir/text/parse.hpp"

namespace weir::abi {

namespace {

constexpr std::size_t kMostPairs = 10000;

void set_callbacks(const weir_job_options& options, const std::shared_ptr<Host>& host, JobOptions& into) {
  if (options.on_progress != nullptr) {
    into.on_progress = [host, call = options.on_progress](const Progress& progress) {
      weir_progress told;
      fill_progress(progress, told);
      const CallbackScope inside;
      call(host->get(), &told);
    };
  }
  if (options.on_end != nullptr) {
    into.on_end = [host, call = options.on_end] {
      const CallbackScope inside;
      call(host->get());
    };
  }
}

Answer read_metadata(const weir_job_options& options, ObjectOptions& into) {
  if (options.metadata_count == 0) return {};
  if (options.metadata == nullptr)
    return Answer(WEIR_E_INVALID_ARGUMENT, "metadata is NULL, and metadata_count is not 0");
  if (options.metadata_count > kMostPairs)
    return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("metadata_count is above {}", kMostPairs));
  for (std::size_t i = 0; i < options.metadata_count; ++i) {
    std::string name;
    std::string value;
    WEIR_ABI_TRY(read_text(options.metadata[i].name, "the name of metadata", name));
    WEIR_ABI_TRY(read_text(options.metadata[i].value, "the value of metadata", value));
    if (!into.metadata.emplace(name, std::move(value)).second)
      return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("metadata \"{}\" is given twice", name));
  }
  return {};
}

}  // namespace

Answer read_job_options(const weir_job_options* given, JobSettings& into) {
  weir_job_options options;
  WEIR_ABI_TRY(read_struct(given, "weir_job_options", options));
  set_callbacks(options, take_host(options), into.job);
  WEIR_ABI_TRY(find_context(options.context, into.context));
  into.has_context = options.context != nullptr;
  if (options.push != nullptr) WEIR_ABI_TRY(find_handle(options.push, into.push));
  if (options.pull != nullptr) WEIR_ABI_TRY(find_handle(options.pull, into.pull));
  WEIR_ABI_TRY(read_optional_text(options.through, "through", into.through));
  into.range.offset = options.read_offset;
  if (options.read_bytes != 0) into.range.length = options.read_bytes;
  WEIR_ABI_TRY(read_optional_text(options.read_etag, "read_etag", into.etag));
  WEIR_ABI_TRY(read_optional_text(options.content_type, "content_type", into.object.content_type));
  WEIR_ABI_TRY(read_metadata(options, into.object));
  into.object.no_clobber = options.no_clobber != 0;
  into.part_bytes = options.part_bytes;
  into.concurrency = options.concurrency;
  into.begin_anew = options.begin_anew != 0;
  into.budget_bytes = options.budget_bytes;
  into.use(into.context);
  return {};
}

void JobSettings::use(std::shared_ptr<SharedContext> shared) {
  context = std::move(shared);
  job.budget_bytes = budget_bytes != 0 ? budget_bytes : context->settings().budget_bytes;
  job.executor = context->settings().executor;
}

void release_job_options(const weir_job_options* given) {
  weir_job_options options;
  if (read_struct(given, "weir_job_options", options).ok()) (void)take_host(options);
}

EndpointOptions JobSettings::endpoint(std::string_view names) const {
  EndpointOptions options = context->endpoint(names);
  options.object = object;
  options.download.range = range;
  options.download.etag = etag;
  options.upload.part_bytes = part_bytes;
  options.upload.concurrency = options.download.concurrency = concurrency;
  options.upload.resume = !begin_anew;
  return options;
}

Result<Through> JobSettings::read_through() const {
  const auto registry = context->registry();
  return parse_through(through, *registry, "read through");
}

}  // namespace weir::abi
