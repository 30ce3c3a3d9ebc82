// Whether a file is what a store holds: by the store's checksum where it has one, else by reading the object.
#include "commands.hpp"
#include "json_events.hpp"
#include "output.hpp"
#include "transfer.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/codec/digest.hpp"
#include "weir/core/job.hpp"
#include "weir/core/units.hpp"
#include "weir/stages/null.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

struct Summed {
  std::uint64_t bytes = 0;
  std::string crc64nvme;  ///< base64
};

/// Reads all of `name`.
Result<Summed> sum_of(const std::string& name, const Options& options) {
  WEIR_ASSIGN(auto source, open_source(name, endpoint_options(options)));
  JobOptions job_options;
  if (options.memory_bytes != 0) job_options.budget_bytes = options.memory_bytes;
  auto job = start(From(std::move(source)) | crc64nvme_digest() | To(null()), job_options);
  WEIR_ASSIGN(const Receipt receipt, job.wait());
  return Summed{receipt.bytes_read, receipt.facts.at("crc64nvme")};
}

Status differs(const std::string& file, const std::string& url, const std::string& how) {
  return Status(Kind::corrupt, how).during(fmt::format("verify {} against {}", file, url)).advise("They differ.");
}

Result<Verified> verify(const std::string& file, const StorePlace& place, const Options& options) {
  const std::string url = place.url();
  WEIR_TRY(place.store->check_key(place.key));
  WEIR_ASSIGN(const ObjectInfo info, place.store->head(place.key));
  WEIR_ASSIGN(const Summed ours, sum_of(file, options));
  if (ours.bytes != info.size) {
    return differs(
        file, url,
        fmt::format("the file has {}, the object {}", format_exact_size(ours.bytes), format_exact_size(info.size)));
  }
  Verified verified{file, url, ours.bytes, ours.crc64nvme, info.crc64nvme.has_value()};
  std::string theirs;
  if (info.crc64nvme) {
    theirs = crc64nvme_base64(*info.crc64nvme);
  } else {
    WEIR_ASSIGN(const Summed read, sum_of(url, options));
    theirs = read.crc64nvme;
  }
  if (theirs == ours.crc64nvme) return verified;
  return differs(file, url, fmt::format("the file's crc64nvme is {}, the object's {}", ours.crc64nvme, theirs));
}

}  // namespace

int run_verify(const CommandLine& line) {
  const Options& options = line.options;
  // In whichever order they are named.
  const bool turned = is_store(end_kind(line.operands[0])) && !is_store(end_kind(line.operands[1]));
  const std::string& file = line.operands[turned ? 1 : 0];
  const std::string& url = line.operands[turned ? 0 : 1];
  const std::string operation = fmt::format("verify {} against {}", file, url);
  const auto place = open_place(url, options, operation);
  if (!place) return report(place.status(), options.json, options.colour);
  const auto verified = verify(file, *place, options);
  if (!verified) return report(verified.status().during(operation), options.json, options.colour);
  Output output;
  if (options.json) {
    output.print_line(verified_event(*verified));
  } else if (!options.quiet) {
    output.print_line(fmt::format("same {}, crc64nvme {}, {}", format_size(verified->size), verified->crc64nvme,
                                  verified->by_store ? "by the store's checksum" : "by reading the object"));
  }
  return finish(output.status(), options);
}

}  // namespace weir::cli
