#include "json_events.hpp"

#include <ctime>
#include <nlohmann/json.hpp>

#include "command_words.hpp"
#include "exit_codes.hpp"
#include "weir/codec/checksum.hpp"

namespace weir::cli {

namespace {

using Json = nlohmann::ordered_json;

Json event(const char* name) { return {{"schema", "weir.v1"}, {"event", name}}; }

/// Names may be any bytes; JSON is UTF-8, so what is not becomes U+FFFD.
std::string line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}
Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json by_cause(const RetryCounts& counts) {
  return {{"throttled", counts.throttled}, {"timeout", counts.timeout},         {"network", counts.network},
          {"server", counts.server},       {"credentials", counts.credentials}, {"corrupt", counts.corrupt}};
}

double seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

/// What was done so far, of one or of many.
void add_work(Json& json, std::uint64_t bytes_read, std::uint64_t retries, std::uint64_t elapsed_ns) {
  json["bytes_read"] = bytes_read;
  json["retries"] = retries;
  json["elapsed_s"] = seconds(elapsed_ns);
}

Json summary(int exit_code, std::uint64_t done, std::uint64_t failed) {
  Json json = event("summary");
  json["exit_code"] = exit_code;
  json["transfers_done"] = done;
  json["transfers_failed"] = failed;
  return json;
}

}  // namespace

std::string utc_time(std::int64_t unix_seconds) {
  if (unix_seconds == 0) return {};
  const std::time_t time = unix_seconds;
  std::tm parts{};
  if (::gmtime_r(&time, &parts) == nullptr) return {};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string start_event(const TransferNames& names, const Progress& progress) {
  Json json = event("start");
  json["source"] = names.source;
  json["destination"] = names.destination;
  json["through"] = or_null(names.through);
  json["total_bytes"] = or_null(progress.total_bytes);
  json["memory_limit_bytes"] = progress.memory_limit_bytes;
  return line(json);
}

std::string progress_event(const ProgressView& view) {
  const Progress& progress = view.progress;
  Json json = event("progress");
  json["state"] = to_string(progress.state);
  json["bytes_done"] = progress.bytes_done;
  json["bytes_read"] = progress.bytes_read;
  json["bytes_received"] = progress.bytes_received;
  json["bytes_sent"] = progress.bytes_sent;
  json["bytes_confirmed"] = progress.bytes_confirmed;
  json["bytes_durable"] = progress.bytes_durable;
  json["bytes_resumed"] = progress.bytes_resumed;
  json["bytes_earlier"] = progress.bytes_earlier;
  json["total_bytes"] = or_null(progress.total_bytes);
  json["elapsed_s"] = seconds(progress.elapsed_ns);
  json["bytes_per_second"] = progress.bytes_per_second;
  json["bytes_per_second_now"] = progress.bytes_per_second_now;
  json["bytes_per_second_mean"] = progress.bytes_per_second_mean;
  json["eta_s"] = or_null(progress.eta_seconds);
  json["stalled"] = progress.stalled();
  json["stalled_s"] = progress.stalled_seconds;
  json["parts_done"] = progress.parts_done;
  json["parts_in_flight"] = progress.parts_in_flight;
  json["parts_total"] = or_null(progress.parts_total);
  json["ranges_in_flight"] = progress.ranges_in_flight;
  json["concurrency"] = progress.concurrency == 0 ? Json(nullptr) : Json(progress.concurrency);
  json["retries"] = progress.retries;
  json["retries_by_cause"] = by_cause(progress.retries_by_cause);
  json["memory_bytes"] = progress.memory_bytes;
  json["memory_limit_bytes"] = progress.memory_limit_bytes;
  json["limited_by"] = or_null(limited_by(view));
  return line(json);
}

std::string retry_event(const Progress& progress) {
  const Error& reason = progress.last_retry.error();
  Json json = event("retry");
  json["retries"] = progress.retries;
  json["retries_by_cause"] = by_cause(progress.retries_by_cause);
  json["kind"] = reason.kind == Kind::ok ? Json(nullptr) : Json(to_string(reason.kind));
  json["operation"] = or_null(reason.operation);
  json["cause"] = or_null(reason.cause);
  return line(json);
}

std::string done_event(const Receipt& receipt) {
  Json json = event("done");
  json["destination"] = receipt.destination;
  json["bytes_read"] = receipt.bytes_read;
  json["bytes_acked"] = receipt.bytes_acked;
  json["bytes_stored"] = receipt.bytes_stored;
  json["etag"] = or_null(receipt.etag);
  json["checksum"] = or_null(receipt.checksum);
  json["checksum_verified"] = receipt.checksum_verified;
  json["parts"] = receipt.parts;
  json["retries"] = receipt.retries;
  json["bytes_resumed"] = receipt.bytes_resumed;
  json["duration_s"] = seconds(receipt.duration_ns);
  json["facts"] = receipt.facts;
  return line(json);
}

namespace {

/// What is told of an error wherever one is told.
void describe(Json& json, const Error& told, int exit_code) {
  const Error error = in_command_words(told);
  json["message"] = Status(error).message();
  json["kind"] = to_string(error.kind);
  json["exit_code"] = exit_code;
  json["retryable"] = error.retry != Retry::never;
  json["operation"] = or_null(error.operation);
  json["cause"] = or_null(error.cause);
  json["advice"] = or_null(error.advice);
  json["stage"] = or_null(error.stage);
  json["offset"] = or_null(error.offset);
  json["http_status"] = error.http_status == 0 ? Json(nullptr) : Json(error.http_status);
  json["service_code"] = or_null(error.service_code);
  json["request_id"] = or_null(error.request_id);
  json["needed_bytes"] = error.needed_bytes == 0 ? Json(nullptr) : Json(error.needed_bytes);
  json["kept_bytes"] = error.kept_bytes == 0 ? Json(nullptr) : Json(error.kept_bytes);
}

}  // namespace

std::string error_event(const Error& error, int exit_code_of_it) {
  Json json = event("error");
  describe(json, error, exit_code_of_it);
  return line(json);
}

std::string file_event(const CopyItem& item) {
  const bool copied = item.outcome == CopyOutcome::copied;
  Json json = event("file");
  json["source"] = item.source;
  json["destination"] = or_null(item.destination);
  json["outcome"] = to_string(item.outcome);
  json["bytes"] = item.bytes;
  json["inside_store"] = item.inside_store;
  json["etag"] = or_null(item.receipt.etag);
  json["checksum"] = or_null(item.receipt.checksum);
  json["checksum_verified"] = copied && item.receipt.checksum_verified;
  json["retries"] = item.receipt.retries;
  json["reason"] = or_null(item.reason);
  json["error"] = nullptr;
  if (!item.status.ok()) {
    json["error"] = Json::object();
    describe(json["error"], item.status.error(), exit_code(item.status.kind()));
  }
  return line(json);
}

std::string many_progress_event(const CopyProgress& progress, bool rate_limited) {
  const auto known = [&](std::uint64_t total) { return progress.all_found ? Json(total) : Json(nullptr); };
  Json json = event("files");
  json["found"] = progress.found;
  json["all_found"] = progress.all_found;
  json["total_files"] = known(progress.found);
  json["total_bytes"] = known(progress.bytes_found);
  json["copied"] = progress.copied;
  json["kept"] = progress.kept;
  json["planned"] = progress.planned;
  json["skipped"] = progress.skipped;
  json["failed"] = progress.failed;
  json["under_way"] = progress.under_way;
  json["bytes_found"] = progress.bytes_found;
  json["bytes_done"] = progress.bytes_done;
  json["bytes_copied"] = progress.bytes_copied;
  json["bytes_per_second"] = progress.bytes_per_second;
  json["eta_s"] = or_null(progress.eta_seconds);
  json["stalled"] = progress.stalled();
  json["stalled_s"] = progress.stalled_seconds;
  json["limited_by"] = rate_limited ? Json("rate limit") : Json(nullptr);
  add_work(json, progress.bytes_read, progress.retries, progress.duration_ns);
  return line(json);
}

std::string many_summary_event(const CopyProgress& progress, int exit_code_of_all) {
  Json json = summary(exit_code_of_all, progress.copied, progress.failed);
  json["transfers_kept"] = progress.kept;
  json["transfers_planned"] = progress.planned;
  json["transfers_skipped"] = progress.skipped;
  json["bytes_confirmed"] = progress.bytes_copied;
  add_work(json, progress.bytes_read, progress.retries, progress.duration_ns);
  return line(json);
}

std::string summary_event(bool succeeded, const Progress& progress, int exit_code) {
  Json json = summary(exit_code, succeeded ? 1 : 0, succeeded ? 0 : 1);
  json["bytes_confirmed"] = progress.bytes_confirmed;
  json["bytes_received"] = progress.bytes_received;
  json["bytes_sent"] = progress.bytes_sent;
  json["bytes_durable"] = progress.bytes_durable;
  json["retries_by_cause"] = by_cause(progress.retries_by_cause);
  add_work(json, progress.bytes_read, progress.retries, progress.elapsed_ns);
  return line(json);
}

std::string object_event(const std::string& url, const ListedObject& entry) {
  Json json = event("object");
  json["url"] = url;
  json["key"] = entry.key;
  json["size"] = entry.size;
  json["etag"] = or_null(entry.etag);
  json["modified"] = or_null(utc_time(entry.modified_unix));
  return line(json);
}

std::string prefix_event(const std::string& url, const std::string& prefix) {
  Json json = event("prefix");
  json["url"] = url;
  json["prefix"] = prefix;
  return line(json);
}

std::string head_event(const std::string& url, const ObjectInfo& info) {
  Json json = event("head");
  json["url"] = url;
  json["size"] = info.size;
  json["etag"] = or_null(info.etag);
  json["checksum"] = info.crc64nvme ? Json("crc64nvme:" + crc64nvme_base64(*info.crc64nvme)) : Json(nullptr);
  json["content_type"] = or_null(info.content_type);
  json["content_encoding"] = or_null(info.content_encoding);
  json["cache_control"] = or_null(info.cache_control);
  json["content_disposition"] = or_null(info.content_disposition);
  json["storage_class"] = or_null(info.storage_class);
  json["version"] = or_null(info.version);
  json["modified"] = or_null(utc_time(info.modified_unix));
  json["metadata"] = info.metadata;
  return line(json);
}

std::string notice_event(const std::string& line_said) {
  Json json = event("notice");
  json["message"] = line_said;
  return line(json);
}

std::string presigned_event(const std::string& url, const std::string& method, std::int64_t expires_s,
                            const std::string& presigned) {
  Json json = event("presigned");
  json["url"] = url;
  json["method"] = method;
  json["expires_s"] = expires_s;
  json["presigned_url"] = presigned;
  return line(json);
}

std::string verified_event(const Verified& verified) {
  Json json = event("verified");
  json["file"] = verified.file;
  json["url"] = verified.url;
  json["size"] = verified.size;
  json["checksum"] = "crc64nvme:" + verified.crc64nvme;
  json["by"] = verified.by_store ? "store" : "download";
  return line(json);
}

bool is_download(const JobRecord& job) { return job.destination.starts_with('/'); }

std::string job_event(const JobRecord& job, const std::string& command) {
  Json json = event("job");
  json["id"] = job.id;
  json["direction"] = is_download(job) ? "download" : "upload";
  json["source"] = job.source.name;
  json["destination"] = job.destination;
  json["size"] = job.source.size_bytes == 0 ? Json(nullptr) : Json(job.source.size_bytes);
  json["stages"] = or_null(job.stages.substr(0, job.stages.empty() ? 0 : job.stages.size() - 1));
  json["part_bytes"] = job.part_bytes;
  json["parts_stored"] = job.parts_stored;
  json["files_stored"] = job.is_many() ? Json(job.items_stored) : Json(nullptr);
  json["bytes_stored"] = job.bytes_stored;
  if (job.goes_on_from) json["goes_on_from"] = *job.goes_on_from;
  json["process"] = job.owner_pid == 0 ? Json(nullptr) : Json(job.owner_pid);
  json["set_aside"] = job.set_aside;
  json["created"] = or_null(utc_time(job.created_unix));
  json["updated"] = or_null(utc_time(job.updated_unix));
  json["command"] = or_null(command);
  return line(json);
}

std::string removed_event(const std::string& url, bool dry_run, std::optional<bool> was_there) {
  Json json = event("removed");
  json["url"] = url;
  json["dry_run"] = dry_run;
  json["was_there"] = or_null(was_there);
  return line(json);
}

std::string upload_removed_event(const std::string& url, const OpenUpload& upload, bool dry_run) {
  Json json = event("upload_removed");
  json["url"] = url;
  json["upload_id"] = upload.id;
  json["begun_unix"] = upload.begun_unix;
  json["dry_run"] = dry_run;
  return line(json);
}

std::string version_event(const std::vector<std::string>& features, const std::vector<LibraryVersion>& libraries) {
  Json json = event("version");
  json["version"] = WEIR_VERSION;
  json["features"] = features;
  json["libraries"] = Json::object();
  for (const LibraryVersion& library : libraries) json["libraries"][library.name] = library.version;
  return line(json);
}

}  // namespace weir::cli
