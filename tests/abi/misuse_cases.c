/* Handles and structs that are wrong: an error each time, never a crash. */
#include <pthread.h>

#include "check.h"

static void null_and_freed_handles_are_errors(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_progress progress;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  weir_chunk chunk = WEIR_CHUNK_INIT;
  void* memory = NULL;
  size_t size = 0;
  int32_t fd = 0;
  weir_init(&progress, sizeof progress);
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_job_wait(NULL, 0, NULL, &error));
  CHECK(strstr(error.message, "NULL") != NULL);
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_job_progress(NULL, &progress, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_job_pause(NULL, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_job_resume(NULL, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_job_cancel(NULL, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_job_suspend(NULL, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_push_write(NULL, "x", 1, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_push_lease(NULL, &memory, &size, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_push_fd(NULL, &fd, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_push_close(NULL, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_pull_read(NULL, &chunk, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_pull_wait(NULL, 0, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_unfinished_next(NULL, NULL, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_listing_next(NULL, NULL, &error));
  weir_job_free(NULL);
  weir_push_free(NULL);
  weir_pull_free(NULL);
  weir_context_free(NULL);
  weir_listing_free(NULL);
  weir_unfinished_free(NULL);
  weir_chunk_release(NULL);
  weir_receipt_clear(NULL);
  weir_error_clear(NULL);
  weir_object_info_clear(NULL);
  weir_text_free(NULL);
  weir_task_run(NULL);
  weir_task_drop(NULL);
  weir_init(NULL, 100);

  CHECK_OK(&error, weir_start("gen:1KiB | null:", NULL, &job, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  /* Of another type, freed, freed twice, an address. */
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_push_write((weir_push*)job, "x", 1, &error));
  CHECK(strstr(error.message, "of a job") != NULL);
  weir_push_free((weir_push*)job);
  CHECK_OK(&error, weir_job_wait(job, 0, NULL, &error));
  weir_job_free(job);
  weir_job_free(job);
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_job_wait(job, 0, NULL, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_job_wait((weir_job*)&error, 0, NULL, &error));
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  weir_push_free(push);
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_push_close(push, &error));
  CHECK_STATUS(WEIR_E_STATE, &error,
               weir_pull_new(NULL, &pull, &error) == WEIR_OK ? weir_pull_read(pull, &chunk, &error) : WEIR_OK);
  weir_pull_free(pull);
  weir_error_clear(&error);
}

static void structs_of_other_sizes(void) {
  /* Of a newer program: what it leaves zero is no matter, what it sets is refused. */
  struct {
    weir_job_options known;
    uint64_t newer[4];
  } options;
  struct {
    weir_receipt known;
    uint64_t newer[4];
  } receipt;
  weir_error error = WEIR_ERROR_INIT;
  weir_job* job = NULL;
  weir_job_options plain;
  static const uint32_t sizes[] = {0, 3, 4, 100, offsetof(weir_receipt, owned), 4100, 0xffffffffu};
  size_t i;
  weir_init(&options, sizeof options);
  weir_init(&receipt, sizeof receipt);
  CHECK_OK(&error, weir_start("gen:1KiB | null:", &options.known, &job, &error));
  receipt.newer[3] = 5;
  CHECK_OK(&error, weir_job_wait(job, -1, &receipt.known, &error));
  CHECK(receipt.known.bytes_read == 1024 && receipt.newer[3] == 0);
  CHECK(receipt.known.struct_size == sizeof receipt);
  weir_receipt_clear(&receipt.known);
  weir_job_free(job);
  options.newer[2] = 1;
  CHECK_STATUS(WEIR_E_VERSION, &error, weir_start("gen:1KiB | null:", &options.known, &job, &error));
  CHECK(job == NULL);
  /* Of no version: in the middle, or not a whole number of fields. */
  options.newer[2] = 0;
  options.known.struct_size = sizeof options - 1;
  CHECK_STATUS(WEIR_E_VERSION, &error, weir_start("gen:1KiB | null:", &options.known, &job, &error));
  weir_init(&plain, sizeof plain);
  plain.struct_size = offsetof(weir_job_options, through);
  CHECK_STATUS(WEIR_E_VERSION, &error, weir_start("gen:1KiB | null:", &plain, &job, &error));
  CHECK(strstr(error.message, "which no version has") != NULL);
  plain.struct_size = sizeof plain.struct_size;
  CHECK_STATUS(WEIR_E_VERSION, &error, weir_start("gen:1KiB | null:", &plain, &job, &error));
  /* Not initialised. */
  memset(&plain, 0, sizeof plain);
  CHECK_STATUS(WEIR_E_VERSION, &error, weir_start("gen:1KiB | null:", &plain, &job, &error));
  memset(&plain, 0xff, sizeof plain);
  CHECK_STATUS(WEIR_E_VERSION, &error, weir_start("gen:1KiB | null:", &plain, &job, &error));
  CHECK_OK(&error, weir_start("gen:1KiB | null:", NULL, &job, &error));
  memset(&receipt, 0, sizeof receipt);
  CHECK_STATUS(WEIR_E_VERSION, &error, weir_job_wait(job, -1, &receipt.known, &error));
  for (i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    receipt.known.struct_size = sizes[i];
    receipt.known.owned = &receipt; /* never looked at */
    CHECK_STATUS(WEIR_E_VERSION, &error, weir_job_wait(job, -1, &receipt.known, &error));
    weir_receipt_clear(&receipt.known);
    CHECK(receipt.known.owned == &receipt);
  }
  weir_job_free(job);
  weir_error_clear(&error);
  /* An error that was not initialised is left alone, whatever is in it. */
  for (i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    memset(&error, 0, sizeof error);
    error.struct_size = sizes[i];
    error.owned = &receipt;
    CHECK(weir_start("", NULL, &job, &error) == WEIR_E_INVALID_ARGUMENT && error.message == NULL);
    weir_error_clear(&error);
    CHECK(error.owned == &receipt);
  }
}

static void an_error_of_a_newer_program(void) {
  struct {
    weir_error known;
    uint64_t newer[4];
  } error;
  weir_job* job = NULL;
  weir_init(&error, sizeof error);
  error.newer[3] = 5;
  CHECK(weir_start("zzz", NULL, &job, &error.known) == WEIR_E_INVALID_ARGUMENT);
  CHECK(error.known.struct_size == sizeof error && error.known.message != NULL && error.newer[3] == 0);
  CHECK(weir_job_wait(NULL, 0, NULL, &error.known) == WEIR_E_HANDLE);
  weir_error_clear(&error.known);
  CHECK(error.known.struct_size == sizeof error && error.known.message == NULL && error.known.owned == NULL);
}

static void log_line(void* host, int32_t level, const char* line) {
  (void)host;
  (void)level;
  (void)line;
}

static void count_release(void* host) { ++*(int*)host; }

static void what_is_reserved_is_zero(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context* context = NULL;
  weir_context_options options;
  weir_logger logger;
  int releases = 0;
  weir_init(&options, sizeof options);
  weir_init(&logger, sizeof logger);
  options.logger = &logger;
  logger.log = log_line;
  logger.release = count_release;
  logger.host = &releases;
  logger.reserved = 1;
  CHECK_STATUS(WEIR_E_VERSION, &error, weir_context_new(&options, &context, &error));
  CHECK(strstr(error.message, "reserved") != NULL && context == NULL && releases == 0);
  logger.reserved = 0;
  /* A call that fails early releases what it was given too. */
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_context_new(&options, NULL, &error));
  CHECK(releases == 1);
  options.threads = 1u << 30;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_context_new(&options, &context, &error));
  CHECK(releases == 2);
  weir_error_clear(&error);
}

static void arguments_that_cannot_be(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job* job = NULL;
  weir_job_options options;
  weir_handle_options handle;
  weir_pair pair;
  weir_push* push = NULL;
  size_t taken = 0;
  char* const long_text = (char*)malloc(3u << 20);
  CHECK(long_text != NULL);
  memset(long_text, 'x', (3u << 20) - 1);
  long_text[(3u << 20) - 1] = 0;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start(long_text, NULL, &job, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("zstd | \xff\xfe | \x80", NULL, &job, &error));
  /* Names may be any bytes. */
  CHECK_OK(&error, weir_start("\xff\xfe | null:", NULL, &job, &error));
  CHECK_STATUS(WEIR_E_NOT_FOUND, &error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("push | null:", NULL, &job, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("gen:1KiB | pull", NULL, &job, &error));
  weir_init(&options, sizeof options);
  options.metadata_count = 1;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("gen:1KiB | null:", &options, &job, &error));
  pair.name = "a";
  pair.value = NULL;
  options.metadata = &pair;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("gen:1KiB | null:", &options, &job, &error));
  weir_init(&options, sizeof options);
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  options.push = push;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("gen:1KiB | null:", &options, &job, &error));
  CHECK(strstr(error.message, "no stage \"push\"") != NULL);
  /* Full before there is a job: an error, not a wait for ever. */
  CHECK_STATUS(WEIR_E_STATE, &error, weir_push_write(push, long_text, 3u << 20, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_push_write(push, NULL, 1, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_push_try_write(push, "x", 1, NULL, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_push_give(push, "x", 1, NULL, NULL, &error));
  CHECK_OK(&error, weir_start("push | null:", &options, &job, &error));
  weir_job_free(job);
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("push | null:", &options, &job, &error));
  CHECK(strstr(error.message, "before") != NULL);
  (void)weir_push_try_write(push, "x", 1, &taken, NULL);
  weir_push_free(push);
  weir_init(&handle, sizeof handle);
  handle.most_bytes = UINT64_MAX;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_push_new(&handle, &push, &error));
  free(long_text);
  weir_error_clear(&error);
}

/* One thread waits inside a call on a handle; another calls, and then frees it. */
static void* wait_for_room(void* push) {
  static weir_status status;
  do {
    status = weir_push_wait((weir_push*)push, -1, NULL);
  } while (status == WEIR_E_STATE); /* the other one was inside */
  return &status;
}

static void two_threads_on_one_handle(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  pthread_t other;
  void* result = NULL;
  size_t taken = 0;
  weir_status status = WEIR_OK;
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  CHECK_OK(&error, weir_pull_new(NULL, &pull, &error));
  weir_init(&options, sizeof options);
  options.push = push;
  options.pull = pull;
  CHECK_OK(&error, weir_start("push | pull", &options, &job, &error));
  do {
    char block[65536] = {0};
    while (weir_push_try_write(push, block, sizeof block, &taken, &error) == WEIR_OK) continue;
  } while (weir_push_wait(push, 200, &error) == WEIR_OK);
  CHECK(pthread_create(&other, NULL, wait_for_room, push) == 0);
  while (status != WEIR_E_STATE) status = weir_push_try_write(push, "x", 1, &taken, &error);
  weir_push_free(push);
  CHECK(pthread_join(other, &result) == 0);
  CHECK(*(weir_status*)result == WEIR_E_HANDLE);
  weir_pull_free(pull);
  weir_job_free(job);
  weir_error_clear(&error);
}

void misuse_cases(void) {
  null_and_freed_handles_are_errors();
  structs_of_other_sizes();
  an_error_of_a_newer_program();
  what_is_reserved_is_zero();
  arguments_that_cannot_be();
  two_threads_on_one_handle();
}
