/* Handles that push and pull, where calls go wrong around them. */
#include <unistd.h>

#include "check.h"

static void make_handles(weir_job_options* options, weir_push** push, weir_pull** pull) {
  weir_error error = WEIR_ERROR_INIT;
  weir_init(options, sizeof *options);
  CHECK_OK(&error, weir_push_new(NULL, push, &error));
  CHECK_OK(&error, weir_pull_new(NULL, pull, &error));
  options->push = *push;
  options->pull = *pull;
}

static void expect_hello(weir_push* push, weir_pull* pull) {
  weir_error error = WEIR_ERROR_INIT;
  char buffer[16];
  size_t size = 0;
  CHECK_OK(&error, weir_push_write(push, "hello", 5, &error));
  CHECK_OK(&error, weir_push_close(push, &error));
  CHECK_OK(&error, weir_pull_read_into(pull, buffer, sizeof buffer, &size, &error));
  CHECK(size == 5 && memcmp(buffer, "hello", 5) == 0);
  CHECK_STATUS(WEIR_END, &error, weir_pull_read_into(pull, buffer, sizeof buffer, &size, &error));
}

static void a_line_that_cannot_be_meant_uses_no_handle_up(void) {
  static const char* const lines[] = {"push | zzstd | pull", "push | zstd level=99 | pull", "push level=3 | pull",
                                      "push | pull level=3", "push | nosuch:place",         "push | null:",
                                      "gen:1KiB | pull",     "push | pull | null:"};
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  size_t i;
  make_handles(&options, &push, &pull);
  for (i = 0; i < sizeof lines / sizeof lines[0]; ++i) {
    CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start(lines[i], &options, &job, &error));
    CHECK(job == NULL);
  }
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start_copy("gen:1KiB", "null:", &options, &job, &error));
  CHECK_OK(&error, weir_start("push | zstd | unzstd | pull", &options, &job, &error));
  expect_hello(push, pull);
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  weir_push_free(push);
  weir_pull_free(pull);
  weir_error_clear(&error);
}

static void of_two_handles_one_that_is_used_up_leaves_the_other(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* first = NULL;
  weir_push* push = NULL;
  weir_pull* used = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  weir_job* other = NULL;
  make_handles(&options, &first, &used);
  CHECK_OK(&error, weir_start("push | pull", &options, &job, &error));
  make_handles(&options, &push, &pull);
  options.pull = used;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("push | pull", &options, &other, &error));
  CHECK(strstr(error.message, "given to a job before") != NULL);
  options.pull = pull;
  CHECK_OK(&error, weir_start("push | pull", &options, &other, &error));
  expect_hello(push, pull);
  CHECK_OK(&error, weir_job_wait(other, -1, NULL, &error));
  /* One that an earlier job has is of no use to a pipeline without a stage for it. */
  options.push = first;
  options.pull = NULL;
  weir_job_free(other);
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("gen:1KiB | null:", &options, &other, &error));
  CHECK(strstr(error.message, "no stage \"push\"") != NULL);
  expect_hello(first, used);
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  weir_push_free(first);
  weir_push_free(push);
  weir_pull_free(used);
  weir_pull_free(pull);
  weir_error_clear(&error);
}

enum { kMuch = 3 << 20 };

static void what_was_taken_is_told_as_taken(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  weir_chunk chunk = WEIR_CHUNK_INIT;
  char* const data = (char*)calloc(1, kMuch);
  size_t taken = 0;
  size_t again = 1;
  size_t came = 0;
  CHECK(data != NULL);
  make_handles(&options, &push, &pull);
  CHECK_OK(&error, weir_push_try_write(push, data, kMuch, &taken, &error));
  CHECK(taken > 0 && taken < kMuch);
  CHECK_STATUS(WEIR_E_STATE, &error, weir_push_try_write(push, data, kMuch, &again, &error));
  CHECK(again == 0);
  CHECK_OK(&error, weir_start("push | pull", &options, &job, &error));
  CHECK_OK(&error, weir_push_close(push, &error));
  while (weir_pull_read(pull, &chunk, &error) == WEIR_OK) came += chunk.size;
  CHECK(came == taken);
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  weir_push_free(push);
  weir_pull_free(pull);
  /* A write that fails half way fails the stream: no second try can put the same bytes into it twice. */
  make_handles(&options, &push, &pull);
  CHECK_STATUS(WEIR_E_STATE, &error, weir_push_write(push, data, kMuch, &error));
  CHECK_STATUS(WEIR_E_IO, &error, weir_push_write(push, data, 1, &error));
  CHECK_OK(&error, weir_start("push | pull", &options, &job, &error));
  CHECK_STATUS(WEIR_E_IO, &error, weir_job_wait(job, 60000, NULL, &error));
  CHECK(strstr(error.message, "a part of it") != NULL);
  weir_job_free(job);
  weir_push_free(push);
  weir_pull_free(pull);
  weir_error_clear(&error);
  free(data);
}

static long resident_pages(void) {
  FILE* const file = fopen("/proc/self/statm", "r");
  long all = 0;
  long resident = 0;
  CHECK(file != NULL && fscanf(file, "%ld %ld", &all, &resident) == 2);
  fclose(file);
  return resident;
}

static void to_ask_for_a_lease_again_and_again_takes_no_memory(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_handle_options handle;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  weir_chunk chunk = WEIR_CHUNK_INIT;
  void* memory = NULL;
  size_t size = 0;
  long before = 0;
  int i;
  weir_init(&handle, sizeof handle);
  handle.most_bytes = 1u << 30; /* more than the job may hold: its memory is what ends first */
  make_handles(&options, &push, &pull);
  weir_push_free(push);
  CHECK_OK(&error, weir_push_new(&handle, &push, &error));
  options.push = push;
  options.budget_bytes = 8 << 20;
  CHECK_OK(&error, weir_start("push | pull", &options, &job, &error));
  for (i = 0; i < 1000; ++i) {
    while (weir_push_lease(push, &memory, &size, &error) == WEIR_OK) {
      CHECK_OK(&error, weir_push_commit(push, size, &error));
      i = 0;
    }
    sleep_ms(1); /* the job may just have been started */
    if (i > 100) break;
  }
  before = resident_pages();
  for (i = 0; i < 500000; ++i) CHECK_STATUS(WEIR_PENDING, &error, weir_push_lease(push, &memory, &size, &error));
  CHECK(resident_pages() - before < (4 << 20) / sysconf(_SC_PAGESIZE));
  /* There is memory again when some was read. */
  for (i = 0; i < 8; ++i) CHECK_OK(&error, weir_pull_read(pull, &chunk, &error));
  weir_chunk_release(&chunk);
  CHECK_OK(&error, weir_push_lease(push, &memory, &size, &error));
  weir_job_free(job);
  weir_push_free(push);
  weir_pull_free(pull);
  weir_error_clear(&error);
}

/* A lease that nobody takes any more is gone, however often it is committed. */
static void a_lease_ends_with_its_job(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_job* job = NULL;
  void* memory = NULL;
  size_t size = 0;
  weir_status status;
  weir_init(&options, sizeof options);
  CHECK_OK(&error, weir_push_new(NULL, &options.push, &error));
  CHECK_OK(&error, weir_start("push | null:", &options, &job, &error));
  while ((status = weir_push_lease(options.push, &memory, &size, &error)) == WEIR_PENDING) sleep_ms(1);
  CHECK(status == WEIR_OK && size > 0);
  memset(memory, 'x', size);
  CHECK_OK(&error, weir_push_close(options.push, &error));
  CHECK(weir_push_commit(options.push, size, &error) > WEIR_END);
  CHECK_STATUS(WEIR_E_STATE, &error, weir_push_commit(options.push, size, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_push_free(options.push);
  weir_job_free(job);
  weir_error_clear(&error);
}

void handle_cases(void) {
  a_lease_ends_with_its_job();
  a_line_that_cannot_be_meant_uses_no_handle_up();
  of_two_handles_one_that_is_used_up_leaves_the_other();
  what_was_taken_is_told_as_taken();
  to_ask_for_a_lease_again_and_again_takes_no_memory();
}
