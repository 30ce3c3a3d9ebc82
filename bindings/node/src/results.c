#include "results.h"

static void set_time(struct env* env, napi_value object, const char* name, int64_t unix_seconds) {
  napi_value date;
  if (unix_seconds != 0 && napi_create_date(env->napi, (double)unix_seconds * 1000, &date) == napi_ok) {
    set(env, object, name, date);
  } else {
    set_number_or_null(env, object, name, 0, false);
  }
}

napi_value progress_value(struct env* env, const weir_progress* progress) {
  static const char* const kStates[] = {"running", "paused", "stopping", "done", "failed"};
  const napi_value made = new_object(env);
  const bool known = progress->state >= 0 && progress->state <= WEIR_JOB_FAILED;
  set_text(env, made, "state", kStates[known ? progress->state : 0]); /* a newer library's: it has not ended */
  set_number(env, made, "bytesDone", (double)progress->bytes_done);
  set_number_or_null(env, made, "bytesTotal", (double)progress->bytes_total, progress->has_total != 0);
  set_number(env, made, "bytesRead", (double)progress->bytes_read);
  set_number(env, made, "bytesReceived", (double)progress->bytes_received);
  set_number(env, made, "bytesSent", (double)progress->bytes_sent);
  set_number(env, made, "bytesConfirmed", (double)progress->bytes_confirmed);
  set_number(env, made, "bytesDurable", (double)progress->bytes_durable);
  set_number(env, made, "bytesResumed", (double)progress->bytes_resumed);
  set_number(env, made, "elapsedSeconds", (double)progress->elapsed_ns / 1e9);
  set_number(env, made, "memoryBytes", (double)progress->memory_bytes);
  set_number(env, made, "memoryLimitBytes", (double)progress->memory_limit_bytes);
  set_number(env, made, "bytesPerSecond", progress->bytes_per_second);
  set_number_or_null(env, made, "etaSeconds", progress->eta_seconds, progress->has_eta != 0);
  set_number(env, made, "stalledSeconds", progress->stalled_seconds);
  set_number(env, made, "partsDone", progress->parts_done);
  set_number(env, made, "partsInFlight", progress->parts_in_flight);
  set_number(env, made, "concurrency", progress->concurrency);
  set_number(env, made, "retries", progress->retries);
  set_text(env, made, "limitedBy", progress->limited_by);
  return made;
}

napi_value receipt_value(struct env* env, const weir_receipt* receipt) {
  const napi_value made = new_object(env);
  set_bool(env, made, "checksumVerified", receipt->checksum_verified != 0);
  set_number(env, made, "bytesRead", (double)receipt->bytes_read);
  set_number(env, made, "bytesAcked", (double)receipt->bytes_acked);
  set_number(env, made, "bytesStored", (double)receipt->bytes_stored);
  set_number(env, made, "bytesResumed", (double)receipt->bytes_resumed);
  set_number(env, made, "bytesSkipped", (double)receipt->bytes_skipped);
  set_number(env, made, "durationSeconds", (double)receipt->duration_ns / 1e9);
  set_number(env, made, "parts", receipt->parts);
  set_number(env, made, "retries", receipt->retries);
  set_text(env, made, "destination", receipt->destination);
  set_text(env, made, "etag", receipt->etag);
  set_text(env, made, "checksum", receipt->checksum);
  set_pairs(env, made, "facts", receipt->facts, receipt->fact_count);
  return made;
}

napi_value info_value(struct env* env, const weir_object_info* info) {
  const napi_value made = new_object(env);
  napi_value crc;
  set_text(env, made, "name", info->name);
  set_number(env, made, "size", (double)info->size);
  set_time(env, made, "modified", info->modified_unix);
  set_text(env, made, "etag", info->etag);
  set_text(env, made, "version", info->version);
  set_text(env, made, "contentType", info->content_type);
  set_text(env, made, "contentEncoding", info->content_encoding);
  set_text(env, made, "storageClass", info->storage_class);
  set_number_or_null(env, made, "crc64nvme", 0, false);
  if (info->has_crc64nvme != 0 && napi_create_bigint_uint64(env->napi, info->crc64nvme, &crc) == napi_ok)
    set(env, made, "crc64nvme", crc);
  set_pairs(env, made, "metadata", info->metadata, info->metadata_count);
  return made;
}

napi_value listed_value(struct env* env, const weir_listed* entry) {
  const napi_value made = new_object(env);
  set_text(env, made, "name", entry->name);
  set_text(env, made, "key", entry->key);
  set_bool(env, made, "isFolder", entry->is_folder != 0);
  set_number(env, made, "size", (double)entry->size);
  set_time(env, made, "modified", entry->modified_unix);
  set_text(env, made, "etag", entry->etag);
  return made;
}

napi_value unfinished_value(struct env* env, const weir_unfinished_job* job) {
  const napi_value made = new_object(env);
  set_number(env, made, "id", (double)job->id);
  set_text(env, made, "source", job->source);
  set_text(env, made, "destination", job->destination);
  set_bool(env, made, "canResume", job->can_resume != 0);
  set_number(env, made, "bytesStored", (double)job->bytes_stored);
  set_number_or_null(env, made, "bytesTotal", (double)job->bytes_total, job->bytes_total != 0);
  set_number_or_null(env, made, "ownerPid", (double)job->owner_pid, job->owner_pid != 0);
  set_time(env, made, "created", job->created_unix);
  set_time(env, made, "updated", job->updated_unix);
  return made;
}

napi_value item_value(struct env* env, const weir_copied* item) {
  static const char* const kOutcomes[] = {"done", "kept", "planned", "failed", "skipped"};
  const napi_value made = new_object(env);
  const bool known = item->outcome >= 0 && item->outcome <= WEIR_COPY_SKIPPED;
  set_text(env, made, "outcome", known ? kOutcomes[item->outcome] : "unknown");
  set_text(env, made, "source", item->source);
  set_text(env, made, "destination", item->destination);
  set_number(env, made, "bytes", (double)item->bytes);
  set_text(env, made, "reason", item->reason);
  set_number_or_null(env, made, "error", 0, false);
  set_number_or_null(env, made, "receipt", 0, false);
  if (item->error != NULL) set(env, made, "error", weir_error_value(env, item->error->status, item->error));
  if (item->receipt != NULL) set(env, made, "receipt", receipt_value(env, item->receipt));
  return made;
}

napi_value summary_value(struct env* env, const weir_copies_progress* progress) {
  const napi_value made = new_object(env);
  set_number(env, made, "copied", (double)progress->copied);
  set_number(env, made, "kept", (double)progress->kept);
  set_number(env, made, "planned", (double)progress->planned);
  set_number(env, made, "failed", (double)progress->failed);
  set_number(env, made, "skipped", (double)progress->skipped);
  set_number(env, made, "found", (double)progress->found);
  set_bool(env, made, "allFound", progress->all_found != 0);
  set_number(env, made, "underWay", (double)progress->under_way);
  set_number(env, made, "bytesFound", (double)progress->bytes_found);
  set_number(env, made, "bytesDone", (double)progress->bytes_done);
  set_number(env, made, "bytesCopied", (double)progress->bytes_copied);
  set_number(env, made, "bytesRead", (double)progress->bytes_read);
  set_number(env, made, "retries", (double)progress->retries);
  set_number(env, made, "elapsedSeconds", (double)progress->elapsed_ns / 1e9);
  set_number(env, made, "bytesPerSecond", progress->bytes_per_second);
  set_number_or_null(env, made, "etaSeconds", progress->eta_seconds, progress->has_eta != 0);
  set_number(env, made, "stalledSeconds", progress->stalled_seconds);
  return made;
}
