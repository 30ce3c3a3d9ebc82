/* A program of a later weir with the library of today: it is compiled with a header whose structs have grown. What it
 * leaves zero is no matter; what it sets and this library does not know is WEIR_E_VERSION, and nothing is taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

static weir_error error = WEIR_ERROR_INIT;
static int released;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: %s is not so\n", __FILE__, __LINE__, #condition); \
      if (error.message != NULL) fprintf(stderr, "  %s\n", error.message);      \
      exit(1);                                                                  \
    }                                                                           \
  } while (0)

/* `call` works with the new field at 0; with either half of it set it is refused, with the reason. */
#define REFUSES(options, call)                                                          \
  do {                                                                                  \
    CHECK((call) == WEIR_OK);                                                           \
    (options).grown[1] = 1;                                                             \
    CHECK((call) == WEIR_E_VERSION && strstr(error.message, "not known here") != NULL); \
    (options).grown[1] = 0;                                                             \
    (options).grown[0] = 1;                                                             \
    CHECK((call) == WEIR_E_VERSION);                                                    \
    (options).grown[0] = 0;                                                             \
  } while (0)

static void release(void* host) { (void)host, ++released; }
static void post(void* host, int32_t kind, uint64_t delay_ns, weir_task* task) {
  (void)host, (void)kind, (void)delay_ns, weir_task_drop(task);
}
static void log_line(void* host, int32_t level, const char* line) { (void)host, (void)level, (void)line; }
static int32_t get_keys(void* host, int32_t refused, weir_credentials* to) {
  (void)host, (void)refused, (void)to;
  return 1;
}
static int32_t process(void* host, const void* data, size_t size, weir_stage_call* call) {
  (void)host, (void)data;
  return weir_stage_emit_slice(call, 0, size) == WEIR_OK ? 0 : 1;
}

/* "plain" is a stage as always; "newer" one with a field that is not known. */
static int32_t make(void* host, const char* argument, weir_stage_call* call) {
  weir_transform transform;
  weir_status status;
  (void)host;
  weir_init(&transform, sizeof transform);
  transform.process = process;
  transform.grown[1] = strcmp(argument, "newer") == 0;
  status = weir_stage_set(call, &transform);
  CHECK(status == (transform.grown[1] ? WEIR_E_VERSION : WEIR_OK));
  return status == WEIR_OK ? 0 : 1;
}

static weir_status new_context(const weir_context_options* options) {
  weir_context* context = NULL;
  const weir_status status = weir_context_new(options, &context, &error);
  CHECK((status == WEIR_OK) == (context != NULL));
  weir_context_free(context);
  return status;
}

static void contexts(void) {
  weir_context_options options;
  weir_executor executor;
  weir_logger logger;
  weir_credentials_provider provider;
  weir_init(&options, sizeof options);
  weir_init(&executor, sizeof executor);
  weir_init(&logger, sizeof logger);
  weir_init(&provider, sizeof provider);
  executor.concurrency = 1;
  executor.post = post;
  logger.log = log_line;
  provider.get = get_keys;
  REFUSES(options, new_context(&options));
  options.executor = &executor;
  REFUSES(executor, new_context(&options));
  options.logger = &logger;
  REFUSES(logger, new_context(&options));
  options.credentials = &provider;
  REFUSES(provider, new_context(&options));
}

static weir_status start(const weir_job_options* options) {
  weir_job* job = NULL;
  const weir_status status = weir_start("gen:1KiB | null:", options, &job, &error);
  weir_job_free(job);
  return status;
}

static weir_status start_copy(const weir_job_options* options) {
  weir_job* job = NULL;
  const weir_status status = weir_start_copy("gen:1KiB", "null:", options, &job, &error);
  weir_job_free(job);
  return status;
}

static weir_status start_pipeline(const weir_job_options* options) {
  weir_pipeline* pipeline = NULL;
  weir_job* job = NULL;
  weir_status status;
  CHECK(weir_pipeline_new(NULL, &pipeline, &error) == WEIR_OK);
  CHECK(weir_pipeline_from(pipeline, "gen:1KiB", &error) == WEIR_OK);
  CHECK(weir_pipeline_to(pipeline, "null:", &error) == WEIR_OK);
  status = weir_pipeline_start(pipeline, options, &job, &error);
  weir_pipeline_free(pipeline);
  weir_job_free(job);
  return status;
}

static weir_status through_own(const weir_transform* transform) {
  weir_pipeline* pipeline = NULL;
  weir_status status;
  CHECK(weir_pipeline_new(NULL, &pipeline, &error) == WEIR_OK);
  status = weir_pipeline_through_own(pipeline, "mine", transform, &error);
  weir_pipeline_free(pipeline);
  return status;
}

static weir_status start_copies(const weir_copies_options* how, const weir_job_options* options) {
  const char* const source = "gen:1KiB";
  weir_copies* copies = NULL;
  const weir_status status = weir_start_copies(&source, 1, "null:", how, options, &copies, &error);
  weir_copies_free(copies);
  return status;
}

static weir_status push(const weir_handle_options* options) {
  weir_push* push = NULL;
  const weir_status status = weir_push_new(options, &push, &error);
  weir_push_free(push);
  return status;
}

static weir_status pull(const weir_handle_options* options) {
  weir_pull* pull = NULL;
  const weir_status status = weir_pull_new(options, &pull, &error);
  weir_pull_free(pull);
  return status;
}

static weir_status list(const weir_list_options* options) {
  weir_listing* listing = NULL;
  const weir_status status = weir_store_list(NULL, "/", options, &listing, &error);
  weir_listing_free(listing);
  return status;
}

static void options_of_calls(void) {
  weir_job_options job;
  weir_handle_options handle;
  weir_list_options listing;
  weir_copies_options copies;
  weir_transform transform;
  weir_init(&job, sizeof job);
  weir_init(&handle, sizeof handle);
  weir_init(&listing, sizeof listing);
  weir_init(&copies, sizeof copies);
  weir_init(&transform, sizeof transform);
  transform.process = process;
  REFUSES(job, start(&job));
  REFUSES(job, start_copy(&job));
  REFUSES(job, start_pipeline(&job));
  REFUSES(job, start_copies(NULL, &job));
  REFUSES(copies, start_copies(&copies, NULL));
  REFUSES(transform, through_own(&transform));
  REFUSES(job, weir_copy("gen:1KiB", "null:", &job, NULL, &error));
  REFUSES(job, weir_upload("x", 1, "null:", &job, NULL, &error));
  REFUSES(handle, push(&handle));
  REFUSES(handle, pull(&handle));
  REFUSES(listing, list(&listing));
}

static void stages(void) {
  weir_context* context = NULL;
  weir_stage_type type;
  weir_job_options options;
  CHECK(weir_context_new(NULL, &context, &error) == WEIR_OK);
  weir_init(&type, sizeof type);
  type.name = "mine";
  type.make = make;
  type.grown[0] = 1;
  CHECK(weir_context_add_stage(context, &type, &error) == WEIR_E_VERSION);
  type.grown[0] = 0;
  CHECK(weir_context_add_stage(context, &type, &error) == WEIR_OK);
  weir_init(&options, sizeof options);
  options.context = context;
  options.release = release;
  options.through = "mine plain";
  CHECK(weir_upload("x", 1, "null:", &options, NULL, &error) == WEIR_OK);
  options.through = "mine newer";
  CHECK(weir_upload("x", 1, "null:", &options, NULL, &error) != WEIR_OK);
  weir_context_free(context);
}

/* Results: what this library does not have is zero. */
static void results(void) {
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_progress progress;
  weir_job* job = NULL;
  weir_init(&progress, sizeof progress);
  memset(receipt.grown, 0xff, sizeof receipt.grown);
  memset(progress.grown, 0xff, sizeof progress.grown);
  CHECK(weir_start("gen:1KiB | null:", NULL, &job, &error) == WEIR_OK);
  CHECK(weir_job_wait(job, -1, &receipt, &error) == WEIR_OK && weir_job_progress(job, &progress, &error) == WEIR_OK);
  CHECK(receipt.bytes_read == 1024 && receipt.grown[0] == 0 && receipt.grown[1] == 0);
  CHECK(progress.bytes_read == 1024 && progress.grown[0] == 0 && progress.grown[1] == 0);
  CHECK(receipt.struct_size == sizeof receipt && progress.struct_size == sizeof progress);
  weir_job_free(job);
  weir_receipt_clear(&receipt);
  memset(error.grown, 0xff, sizeof error.grown);
  CHECK(weir_start("gen:1KiB | zzstd | null:", NULL, &job, &error) == WEIR_E_INVALID_ARGUMENT && error.grown[1] == 0);
}

int main(void) {
  contexts();
  options_of_calls();
  stages();
  results();
  CHECK(released == 1 || released == 2);
  weir_error_clear(&error);
  return 0;
}
