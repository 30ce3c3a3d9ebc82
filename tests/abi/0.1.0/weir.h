#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H
#include <stddef.h>
#include <stdint.h>
#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
#else
#define WEIR_API
#endif
#ifdef __cplusplus
extern "C" {
#endif
#define WEIR_VERSION_NUMBER 0x000100
WEIR_API uint32_t weir_version(void);
WEIR_API const char* weir_version_text(void);
WEIR_API const char* weir_features(void);
typedef int32_t weir_status;
enum {
  WEIR_OK = 0,
  WEIR_PENDING = 1,
  WEIR_END = 2,
  WEIR_E_INVALID_ARGUMENT = 10,
  WEIR_E_NOT_FOUND = 11,
  WEIR_E_ALREADY_EXISTS = 12,
  WEIR_E_ACCESS_DENIED = 13,
  WEIR_E_SOURCE_CHANGED = 14,
  WEIR_E_CORRUPT = 15,
  WEIR_E_LIMIT = 16,
  WEIR_E_BUDGET_TOO_SMALL = 17,
  WEIR_E_NO_SPACE = 18,
  WEIR_E_IO = 19,
  WEIR_E_NETWORK = 20,
  WEIR_E_TIMEOUT = 21,
  WEIR_E_UNAVAILABLE = 22,
  WEIR_E_PROTOCOL = 23,
  WEIR_E_UNSUPPORTED = 24,
  WEIR_E_BROKEN_PIPE = 25,
  WEIR_E_CANCELLED = 26,
  WEIR_E_INTERNAL = 27,
  WEIR_E_HANDLE = 40,
  WEIR_E_VERSION = 41,
  WEIR_E_FORKED = 42,
  WEIR_E_NOMEM = 43,
  WEIR_E_STATE = 44
};
WEIR_API const char* weir_status_name(weir_status status);
enum {
  WEIR_RETRY_NEVER = 0,
  WEIR_RETRY_TRANSIENT = 1,
  WEIR_RETRY_THROTTLED = 2,
  WEIR_RETRY_CREDENTIALS = 3,
  WEIR_RETRY_CLOCK = 4
};
typedef struct weir_error {
  uint32_t struct_size;
  weir_status status;
  int32_t retry;
  int32_t http_status;
  int32_t has_offset;
  int32_t reserved;
  uint64_t offset;
  uint64_t retry_after_ms;
  uint64_t needed_bytes;
  uint64_t kept_bytes;
  const char* message;
  const char* operation;
  const char* cause;
  const char* advice;
  const char* stage;
  const char* service_code;
  const char* request_id;
  void* owned;
} weir_error;
#define WEIR_ERROR_INIT \
  { sizeof(weir_error), 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }
WEIR_API void weir_error_clear(weir_error* error);
WEIR_API void weir_init(void* options, size_t size);
typedef struct weir_context weir_context;
typedef struct weir_task weir_task;
WEIR_API void weir_task_run(weir_task* task);
WEIR_API void weir_task_drop(weir_task* task);
enum {
  WEIR_TASK_SHORT = 0,
  WEIR_TASK_HEAVY = 1,
  WEIR_TASK_BLOCKING =
      2
};
typedef struct weir_executor {
  uint32_t struct_size;
  uint32_t concurrency;
  void (*post)(void* host, int32_t kind, uint64_t delay_ns, weir_task* task);
  void (*release)(void* host);
  void* host;
} weir_executor;
typedef struct weir_credentials weir_credentials;
typedef struct weir_credentials_provider {
  uint32_t struct_size;
  uint32_t reserved;
  int32_t (*get)(void* host, int32_t refused, weir_credentials* to);
  void (*release)(void* host);
  void* host;
} weir_credentials_provider;
WEIR_API void weir_credentials_set(weir_credentials* to, const char* access_key_id, const char* secret_access_key,
                                   const char* session_token);
enum { WEIR_LOG_NOTICE = 1 };
typedef struct weir_logger {
  uint32_t struct_size;
  uint32_t reserved;
  void (*log)(void* host, int32_t level, const char* line);
  void (*release)(void* host);
  void* host;
} weir_logger;
typedef struct weir_context_options {
  uint32_t struct_size;
  uint32_t threads;
  uint64_t budget_bytes;
  const weir_executor* executor;
  const weir_logger* logger;
  int32_t ledger;
  int32_t no_sign_request;
  const char* state_dir;
  const weir_credentials_provider* credentials;
  const char* s3_endpoint_url;
  const char* s3_region;
  const char* aws_profile;
  const char* ca_bundle;
  uint64_t bytes_per_second;
} weir_context_options;
WEIR_API weir_status weir_context_new(const weir_context_options* options, weir_context** context, weir_error* error);
WEIR_API void weir_context_free(weir_context* context);
typedef struct weir_job weir_job;
typedef struct weir_push weir_push;
typedef struct weir_pull weir_pull;
typedef struct weir_pair {
  const char* name;
  const char* value;
} weir_pair;
enum { WEIR_JOB_RUNNING = 0, WEIR_JOB_PAUSED = 1, WEIR_JOB_STOPPING = 2, WEIR_JOB_DONE = 3, WEIR_JOB_FAILED = 4 };
typedef struct weir_progress {
  uint32_t struct_size;
  int32_t state;
  uint64_t bytes_done;
  uint64_t bytes_total;
  uint64_t bytes_read;
  uint64_t bytes_received;
  uint64_t bytes_sent;
  uint64_t bytes_confirmed;
  uint64_t bytes_durable;
  uint64_t bytes_resumed;
  uint64_t elapsed_ns;
  uint64_t memory_bytes;
  uint64_t memory_limit_bytes;
  double bytes_per_second;
  double eta_seconds;
  double stalled_seconds;
  int32_t has_total;
  int32_t has_eta;
  uint32_t parts_done;
  uint32_t parts_in_flight;
  uint32_t concurrency;
  uint32_t retries;
  char limited_by[64];
} weir_progress;
typedef struct weir_receipt {
  uint32_t struct_size;
  int32_t checksum_verified;
  uint64_t bytes_read;
  uint64_t bytes_acked;
  uint64_t bytes_stored;
  uint64_t bytes_resumed;
  uint64_t bytes_skipped;
  uint64_t duration_ns;
  uint32_t parts;
  uint32_t retries;
  const char* destination;
  const char* etag;
  const char* checksum;
  const weir_pair* facts;
  size_t fact_count;
  void* owned;
} weir_receipt;
#define WEIR_RECEIPT_INIT \
  { sizeof(weir_receipt), 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, NULL }
WEIR_API void weir_receipt_clear(weir_receipt* receipt);
typedef struct weir_job_options {
  uint32_t struct_size;
  int32_t no_clobber;
  weir_context* context;
  uint64_t budget_bytes;
  weir_push* push;
  weir_pull* pull;
  const char* through;
  uint64_t read_offset;
  uint64_t read_bytes;
  const char* read_etag;
  const char* content_type;
  const weir_pair* metadata;
  size_t metadata_count;
  uint64_t part_bytes;
  uint32_t concurrency;
  int32_t begin_anew;
  void (*on_progress)(void* host, const weir_progress* progress);
  void (*on_end)(void* host);
  void (*release)(void* host);
  void* host;
} weir_job_options;
WEIR_API weir_status weir_start(const char* pipeline, const weir_job_options* options, weir_job** job,
                                weir_error* error);
WEIR_API weir_status weir_start_copy(const char* source, const char* destination, const weir_job_options* options,
                                     weir_job** job, weir_error* error);
WEIR_API weir_status weir_job_wait(weir_job* job, int64_t timeout_ms, weir_receipt* receipt, weir_error* error);
WEIR_API weir_status weir_job_progress(weir_job* job, weir_progress* progress, weir_error* error);
WEIR_API weir_status weir_job_fd(weir_job* job, int32_t* fd, weir_error* error);
WEIR_API weir_status weir_job_pause(weir_job* job, weir_error* error);
WEIR_API weir_status weir_job_resume(weir_job* job, weir_error* error);
WEIR_API weir_status weir_job_cancel(weir_job* job, weir_error* error);
WEIR_API weir_status weir_job_suspend(weir_job* job, weir_error* error);
WEIR_API void weir_job_free(weir_job* job);
WEIR_API weir_status weir_copy(const char* source, const char* destination, const weir_job_options* options,
                               weir_receipt* receipt, weir_error* error);
WEIR_API weir_status weir_upload(const void* data, size_t size, const char* destination,
                                 const weir_job_options* options, weir_receipt* receipt, weir_error* error);
WEIR_API weir_status weir_download(const char* source, void* buffer, size_t capacity, size_t* size,
                                   const weir_job_options* options, weir_receipt* receipt, weir_error* error);
typedef struct weir_copies weir_copies;
enum {
  WEIR_COPY_DONE = 0,
  WEIR_COPY_KEPT = 1,
  WEIR_COPY_PLANNED = 2,
  WEIR_COPY_FAILED = 3,
  WEIR_COPY_SKIPPED = 4
};
enum {
  WEIR_UPDATE_ALL = 0,
  WEIR_UPDATE_SIZE_AND_TIME = 1,
  WEIR_UPDATE_CHECKSUM = 2
};
typedef struct weir_copied {
  uint32_t struct_size;
  int32_t outcome;
  uint64_t bytes;
  const char* source;
  const char* destination;
  const char* reason;
  const weir_error* error;
  const weir_receipt* receipt;
} weir_copied;
typedef struct weir_copies_options {
  uint32_t struct_size;
  int32_t recursive;
  int32_t globs;
  int32_t update;
  int32_t dry_run;
  uint32_t files;
  const weir_pair* filters;
  size_t filter_count;
  void (*on_item)(void* host, const weir_copied* item);
  void (*release)(void* host);
  void* host;
} weir_copies_options;
typedef struct weir_copies_progress {
  uint32_t struct_size;
  int32_t all_found;
  uint64_t copied;
  uint64_t kept;
  uint64_t planned;
  uint64_t failed;
  uint64_t skipped;
  uint64_t found;
  uint64_t under_way;
  uint64_t bytes_found;
  uint64_t bytes_done;
  uint64_t bytes_copied;
  uint64_t bytes_read;
  uint64_t retries;
  uint64_t elapsed_ns;
  double bytes_per_second;
  double eta_seconds;
  double stalled_seconds;
  int32_t has_eta;
  int32_t reserved;
} weir_copies_progress;
WEIR_API weir_status weir_start_copies(const char* const* sources, size_t source_count, const char* destination,
                                       const weir_copies_options* copies_options, const weir_job_options* options,
                                       weir_copies** copies, weir_error* error);
WEIR_API weir_status weir_copies_wait(weir_copies* copies, int64_t timeout_ms, weir_copies_progress* sum,
                                      weir_error* error);
WEIR_API weir_status weir_copies_snapshot(weir_copies* copies, weir_copies_progress* progress, weir_error* error);
WEIR_API weir_status weir_copies_cancel(weir_copies* copies, weir_error* error);
WEIR_API weir_status weir_copies_suspend(weir_copies* copies, weir_error* error);
WEIR_API void weir_copies_free(weir_copies* copies);
typedef struct weir_handle_options {
  uint32_t struct_size;
  int32_t has_exact_bytes;
  uint64_t exact_bytes;
  uint64_t most_bytes;
} weir_handle_options;
WEIR_API weir_status weir_push_new(const weir_handle_options* options, weir_push** push, weir_error* error);
WEIR_API weir_status weir_push_write(weir_push* push, const void* data, size_t size, weir_error* error);
WEIR_API weir_status weir_push_try_write(weir_push* push, const void* data, size_t size, size_t* taken,
                                         weir_error* error);
WEIR_API weir_status weir_push_give(weir_push* push, const void* data, size_t size,
                                    void (*release)(void* host, const void* data), void* host, weir_error* error);
WEIR_API weir_status weir_push_lease(weir_push* push, void** memory, size_t* size, weir_error* error);
WEIR_API weir_status weir_push_commit(weir_push* push, size_t size, weir_error* error);
WEIR_API weir_status weir_push_wait(weir_push* push, int64_t timeout_ms, weir_error* error);
WEIR_API weir_status weir_push_fd(weir_push* push, int32_t* fd, weir_error* error);
WEIR_API weir_status weir_push_close(weir_push* push, weir_error* error);
WEIR_API weir_status weir_push_fail(weir_push* push, const char* cause, weir_error* error);
WEIR_API void weir_push_free(weir_push* push);
typedef struct weir_chunk {
  const void* data;
  size_t size;
  void* owned;
} weir_chunk;
#define WEIR_CHUNK_INIT \
  { NULL, 0, NULL }
WEIR_API void weir_chunk_release(weir_chunk* chunk);
WEIR_API weir_status weir_pull_new(const weir_handle_options* options, weir_pull** pull, weir_error* error);
WEIR_API weir_status weir_pull_read(weir_pull* pull, weir_chunk* chunk, weir_error* error);
WEIR_API weir_status weir_pull_try_read(weir_pull* pull, weir_chunk* chunk, weir_error* error);
WEIR_API weir_status weir_pull_read_into(weir_pull* pull, void* buffer, size_t capacity, size_t* size,
                                         weir_error* error);
WEIR_API weir_status weir_pull_wait(weir_pull* pull, int64_t timeout_ms, weir_error* error);
WEIR_API weir_status weir_pull_fd(weir_pull* pull, int32_t* fd, weir_error* error);
WEIR_API void weir_pull_free(weir_pull* pull);
typedef struct weir_stage_call weir_stage_call;
typedef struct weir_transform {
  uint32_t struct_size;
  int32_t answers_later;
  int32_t (*process)(void* host, const void* data, size_t size, weir_stage_call* call);
  int32_t (*finish)(void* host, weir_stage_call* call);
  const char* recipe;
  int32_t (*snapshot)(void* host, weir_stage_call* call);
  int32_t (*restore)(void* host, const void* state, size_t size, weir_stage_call* call);
  void (*release)(void* host);
  void* host;
} weir_transform;
typedef struct weir_stage_type {
  uint32_t struct_size;
  uint32_t reserved;
  const char* name;
  const char* help;
  int32_t (*make)(void* host, const char* argument, weir_stage_call* call);
  void (*release)(void* host);
  void* host;
} weir_stage_type;
WEIR_API weir_status weir_context_add_stage(weir_context* context, const weir_stage_type* type, weir_error* error);
WEIR_API weir_status weir_stage_set(weir_stage_call* call, const weir_transform* transform);
WEIR_API weir_status weir_stage_emit(weir_stage_call* call, const void* data, size_t size);
WEIR_API weir_status weir_stage_emit_slice(weir_stage_call* call, size_t offset, size_t size);
WEIR_API weir_status weir_stage_set_state(weir_stage_call* call, const void* state, size_t size);
WEIR_API void weir_stage_fail(weir_stage_call* call, const char* cause);
typedef struct weir_waker weir_waker;
WEIR_API weir_status weir_stage_waker(weir_stage_call* call, weir_waker** waker);
WEIR_API void weir_waker_wake(weir_waker* waker);
typedef struct weir_pipeline weir_pipeline;
WEIR_API weir_status weir_pipeline_new(weir_context* context, weir_pipeline** pipeline, weir_error* error);
WEIR_API weir_status weir_pipeline_from(weir_pipeline* pipeline, const char* name, weir_error* error);
WEIR_API weir_status weir_pipeline_through(weir_pipeline* pipeline, const char* stages, weir_error* error);
WEIR_API weir_status weir_pipeline_through_own(weir_pipeline* pipeline, const char* name,
                                               const weir_transform* transform, weir_error* error);
WEIR_API weir_status weir_pipeline_to(weir_pipeline* pipeline, const char* name, weir_error* error);
WEIR_API weir_status weir_pipeline_start(weir_pipeline* pipeline, const weir_job_options* options, weir_job** job,
                                         weir_error* error);
WEIR_API void weir_pipeline_free(weir_pipeline* pipeline);
typedef struct weir_object_info {
  uint32_t struct_size;
  int32_t has_crc64nvme;
  uint64_t size;
  uint64_t crc64nvme;
  int64_t modified_unix;
  const char* name;
  const char* etag;
  const char* version;
  const char* content_type;
  const char* content_encoding;
  const char* storage_class;
  const weir_pair* metadata;
  size_t metadata_count;
  void* owned;
} weir_object_info;
#define WEIR_OBJECT_INFO_INIT \
  { sizeof(weir_object_info), 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL }
WEIR_API void weir_object_info_clear(weir_object_info* info);
WEIR_API weir_status weir_store_head(weir_context* context, const char* name, weir_object_info* info,
                                     weir_error* error);
WEIR_API weir_status weir_store_remove(weir_context* context, const char* name, weir_error* error);
WEIR_API weir_status weir_store_copy(weir_context* context, const char* from, const char* to, weir_object_info* info,
                                     weir_error* error);
WEIR_API weir_status weir_store_presign(weir_context* context, const char* method, const char* name,
                                        uint64_t valid_seconds, char** url, weir_error* error);
WEIR_API void weir_text_free(char* text);
typedef struct weir_listing weir_listing;
typedef struct weir_list_options {
  uint32_t struct_size;
  int32_t folders;
} weir_list_options;
typedef struct weir_listed {
  uint32_t struct_size;
  int32_t is_folder;
  uint64_t size;
  int64_t modified_unix;
  const char* name;
  const char* key;
  const char* etag;
} weir_listed;
#define WEIR_LISTED_INIT \
  { sizeof(weir_listed), 0, 0, 0, NULL, NULL, NULL }
WEIR_API weir_status weir_store_list(weir_context* context, const char* prefix, const weir_list_options* options,
                                     weir_listing** listing, weir_error* error);
WEIR_API weir_status weir_listing_next(weir_listing* listing, weir_listed* entry, weir_error* error);
WEIR_API void weir_listing_free(weir_listing* listing);
typedef struct weir_unfinished weir_unfinished;
typedef struct weir_unfinished_job {
  uint32_t struct_size;
  int32_t can_resume;
  int64_t id;
  uint64_t bytes_stored;
  uint64_t bytes_total;
  int64_t owner_pid;
  int64_t created_unix;
  int64_t updated_unix;
  const char* source;
  const char* destination;
} weir_unfinished_job;
#define WEIR_UNFINISHED_JOB_INIT \
  { sizeof(weir_unfinished_job), 0, 0, 0, 0, 0, 0, 0, NULL, NULL }
WEIR_API weir_status weir_ledger_list(weir_context* context, weir_unfinished** list, weir_error* error);
WEIR_API weir_status weir_unfinished_next(weir_unfinished* list, weir_unfinished_job* job, weir_error* error);
WEIR_API void weir_unfinished_free(weir_unfinished* list);
WEIR_API weir_status weir_ledger_resume(int64_t id, const weir_job_options* options, weir_job** job, weir_error* error);
WEIR_API weir_status weir_ledger_abort(weir_context* context, int64_t id, weir_error* error);
#ifdef __cplusplus
}
#endif
#endif
