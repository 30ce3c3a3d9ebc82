/* Pipelines put together by calls, and parts of what is read. */
#include "check.h"

static int32_t add_one(void* host, const void* data, size_t size, weir_stage_call* call) {
  unsigned char out[4096];
  size_t at = 0;
  while (at < size) {
    const size_t piece = size - at < sizeof out ? size - at : sizeof out;
    size_t i;
    for (i = 0; i < piece; ++i) out[i] = (unsigned char)(((const unsigned char*)data)[at + i] + 1);
    if (weir_stage_emit(call, out, piece) != WEIR_OK) return 1;
    at += piece;
  }
  ++*(int*)host;
  return 0;
}

static int released;
static void count_release(void* host) {
  (void)host;
  __atomic_add_fetch(&released, 1, __ATOMIC_SEQ_CST);
}

static weir_transform adding(int* calls) {
  weir_transform transform;
  weir_init(&transform, sizeof transform);
  transform.process = add_one;
  transform.release = count_release;
  transform.host = calls;
  return transform;
}

static void from_place_to_place(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_pipeline* pipeline = NULL;
  weir_job* job = NULL;
  int calls = 0;
  const weir_transform transform = adding(&calls);
  char buffer[8];
  size_t size = 0;
  /* A name that a line of text would have to quote. */
  CHECK_OK(&error, weir_upload("HAL", 3, path_of("a | b"), NULL, NULL, &error));
  CHECK_OK(&error, weir_pipeline_new(NULL, &pipeline, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_pipeline_start(pipeline, NULL, &job, &error));
  CHECK(strstr(error.message, "no beginning") != NULL && job == NULL);
  CHECK_OK(&error, weir_pipeline_from(pipeline, path_of("a | b"), &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_pipeline_from(pipeline, path_of("b"), &error));
  CHECK_OK(&error, weir_pipeline_through(pipeline, "zstd | unzstd", &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_pipeline_through(pipeline, "zstd | zzstd", &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_pipeline_start(pipeline, NULL, &job, &error));
  CHECK(strstr(error.message, "no end") != NULL);
  CHECK_OK(&error, weir_pipeline_to(pipeline, path_of("c"), &error));
  CHECK_OK(&error, weir_pipeline_through_own(pipeline, "add", &transform, &error));
  CHECK_OK(&error, weir_pipeline_start(pipeline, NULL, &job, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  CHECK_STATUS(WEIR_E_STATE, &error, weir_pipeline_start(pipeline, NULL, &job, &error));
  CHECK_STATUS(WEIR_E_STATE, &error, weir_pipeline_through(pipeline, "sha256", &error));
  CHECK(job == NULL && calls == 1);
  weir_pipeline_free(pipeline);
  while (__atomic_load_n(&released, __ATOMIC_SEQ_CST) < 1) sleep_ms(1);
  CHECK_OK(&error, weir_download(path_of("c"), buffer, sizeof buffer, &size, NULL, NULL, &error));
  CHECK(size == 3 && memcmp(buffer, "IBM", 3) == 0);
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_pipeline_through(pipeline, "sha256", &error));
  /* What fails takes its host too. */
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_pipeline_through_own(NULL, "add", &transform, &error));
  CHECK(__atomic_load_n(&released, __ATOMIC_SEQ_CST) == 2);
  weir_error_clear(&error);
}

static void from_handle_to_handle(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_pipeline* pipeline = NULL;
  weir_job_options options;
  weir_context* other = NULL;
  weir_job* job = NULL;
  char buffer[8];
  size_t size = 0;
  weir_init(&options, sizeof options);
  CHECK_OK(&error, weir_context_new(NULL, &other, &error));
  CHECK_OK(&error, weir_push_new(NULL, &options.push, &error));
  CHECK_OK(&error, weir_pull_new(NULL, &options.pull, &error));
  CHECK_OK(&error, weir_pipeline_new(NULL, &pipeline, &error));
  options.context = other;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_pipeline_start(pipeline, &options, &job, &error));
  options.context = NULL;
  options.through = "zstd";
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_pipeline_start(pipeline, &options, &job, &error));
  options.through = NULL;
  CHECK_OK(&error, weir_pipeline_start(pipeline, &options, &job, &error));
  CHECK_OK(&error, weir_push_write(options.push, "abc", 3, &error));
  CHECK_OK(&error, weir_push_close(options.push, &error));
  CHECK_OK(&error, weir_pull_read_into(options.pull, buffer, sizeof buffer, &size, &error));
  CHECK(size == 3 && memcmp(buffer, "abc", 3) == 0);
  CHECK_STATUS(WEIR_END, &error, weir_pull_read_into(options.pull, buffer, sizeof buffer, &size, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_push_free(options.push);
  weir_pull_free(options.pull);
  weir_job_free(job);
  weir_pipeline_free(pipeline);
  weir_context_free(other);
  weir_error_clear(&error);
}

/* Memory and threads are those of the pipeline's context, though the options name none. */
static void a_pipeline_has_what_its_context_has(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context_options wanted;
  weir_context* context = NULL;
  weir_pipeline* pipeline = NULL;
  weir_progress progress;
  weir_job* job = NULL;
  weir_init(&wanted, sizeof wanted);
  weir_init(&progress, sizeof progress);
  wanted.budget_bytes = 9 << 20;
  CHECK_OK(&error, weir_context_new(&wanted, &context, &error));
  CHECK_OK(&error, weir_pipeline_new(context, &pipeline, &error));
  CHECK_OK(&error, weir_pipeline_from(pipeline, "gen:1TiB", &error));
  CHECK_OK(&error, weir_pipeline_to(pipeline, "null:", &error));
  CHECK_OK(&error, weir_pipeline_start(pipeline, NULL, &job, &error));
  do {
    CHECK_OK(&error, weir_job_progress(job, &progress, &error));
  } while (progress.bytes_read == 0);
  CHECK(progress.memory_limit_bytes == 9 << 20);
  weir_job_free(job);
  weir_pipeline_free(pipeline);
  weir_context_free(context);
  weir_error_clear(&error);
}

static void parts_of_files(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_object_info info = WEIR_OBJECT_INFO_INIT;
  weir_job_options options;
  weir_job* job = NULL;
  char buffer[8];
  char etag[100];
  size_t size = 0;
  weir_init(&options, sizeof options);
  CHECK_OK(&error, weir_upload("0123456789", 10, path_of("digits"), NULL, NULL, &error));
  CHECK_OK(&error, weir_store_head(NULL, path_of("digits"), &info, &error));
  snprintf(etag, sizeof etag, "%s", info.etag);
  options.read_offset = 3;
  options.read_bytes = 4;
  options.read_etag = etag;
  CHECK_OK(&error, weir_download(path_of("digits"), buffer, sizeof buffer, &size, &options, NULL, &error));
  CHECK(size == 4 && memcmp(buffer, "3456", 4) == 0);
  options.read_bytes = 0;
  CHECK_OK(&error, weir_download(path_of("digits"), buffer, sizeof buffer, &size, &options, NULL, &error));
  CHECK(size == 7);
  options.read_offset = 11;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error,
               weir_download(path_of("digits"), buffer, sizeof buffer, &size, &options, NULL, &error));
  options.read_offset = 0;
  CHECK_OK(&error, weir_upload("012345678", 9, path_of("digits"), NULL, NULL, &error));
  CHECK_STATUS(WEIR_E_SOURCE_CHANGED, &error,
               weir_download(path_of("digits"), buffer, sizeof buffer, &size, &options, NULL, &error));
  /* What has no parts says so, and is not read from its start. */
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_upload("x", 1, path_of("x"), &options, NULL, &error));
  CHECK_STATUS(WEIR_E_UNSUPPORTED, &error, weir_start_copy("gen:1KiB", "null:", &options, &job, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("concat a b | null:", &options, &job, &error));
  weir_object_info_clear(&info);
  weir_error_clear(&error);
}

void pipeline_cases(void) {
  from_place_to_place();
  from_handle_to_handle();
  a_pipeline_has_what_its_context_has();
  parts_of_files();
}
