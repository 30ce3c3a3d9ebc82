/* Handles that push and pull: waiting, trying, without copies, by file descriptor. */
#include <poll.h>

#include "check.h"

enum { kBytes = 5 * 1000 * 1000 + 7 };

static unsigned char byte_at(size_t i) { return (unsigned char)(i * 31 + (i >> 8)); }

static unsigned char* pattern(void) {
  unsigned char* const bytes = (unsigned char*)malloc(kBytes);
  size_t i;
  CHECK(bytes != NULL);
  for (i = 0; i < kBytes; ++i) bytes[i] = byte_at(i);
  return bytes;
}

static void what_is_written_is_stored(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_job* job = NULL;
  unsigned char* const bytes = pattern();
  unsigned char* const back = (unsigned char*)malloc(kBytes);
  char line[5000];
  size_t at = 0;
  size_t size = 0;
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  weir_init(&options, sizeof options);
  options.push = push;
  snprintf(line, sizeof line, "push | zstd | 'file:%s'", path_of("pushed.zst"));
  CHECK_OK(&error, weir_start(line, &options, &job, &error));
  while (at < kBytes) {
    const size_t piece = kBytes - at < 12345 ? kBytes - at : 12345;
    CHECK_OK(&error, weir_push_write(push, bytes + at, piece, &error));
    at += piece;
  }
  CHECK_OK(&error, weir_push_close(push, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, &receipt, &error));
  CHECK(receipt.bytes_read == kBytes);
  weir_push_free(push);
  weir_job_free(job);
  weir_init(&options, sizeof options);
  options.through = "unzstd";
  CHECK_OK(&error, weir_download(path_of("pushed.zst"), back, kBytes, &size, &options, NULL, &error));
  CHECK(size == kBytes && memcmp(bytes, back, kBytes) == 0);
  free(bytes);
  free(back);
  weir_receipt_clear(&receipt);
}

static void released(void* host, const void* data) {
  (void)data;
  ++*(int*)host;
}

/* Both ends at once in one thread that never waits but in poll(). */
static void one_thread_pushes_and_pulls_by_poll(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  weir_chunk chunk = WEIR_CHUNK_INIT;
  unsigned char* const bytes = pattern();
  struct pollfd fds[2];
  int32_t fd = -1;
  size_t pushed = 0;
  size_t pulled = 0;
  int closed = 0;
  weir_status status = WEIR_OK;
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  CHECK_OK(&error, weir_pull_new(NULL, &pull, &error));
  weir_init(&options, sizeof options);
  options.push = push;
  options.pull = pull;
  CHECK_OK(&error, weir_start("push | gzip | gunzip | pull", &options, &job, &error));
  CHECK_OK(&error, weir_push_fd(push, &fd, &error));
  fds[0].fd = fd;
  CHECK_OK(&error, weir_pull_fd(pull, &fd, &error));
  fds[1].fd = fd;
  fds[1].events = POLLIN;
  while (status != WEIR_END) {
    fds[0].events = closed ? 0 : POLLIN;
    CHECK(poll(fds, 2, 60000) > 0);
    if (!closed && (fds[0].revents & POLLIN) != 0) {
      size_t taken = 0;
      status = weir_push_try_write(push, bytes + pushed, kBytes - pushed, &taken, &error);
      CHECK(status == WEIR_OK || status == WEIR_PENDING);
      pushed += taken;
      if (pushed == kBytes) {
        CHECK_OK(&error, weir_push_close(push, &error));
        closed = 1;
      }
    }
    if ((fds[1].revents & POLLIN) != 0) {
      size_t i;
      status = weir_pull_try_read(pull, &chunk, &error);
      CHECK(status == WEIR_OK || status == WEIR_PENDING || status == WEIR_END);
      if (status != WEIR_OK) continue;
      for (i = 0; i < chunk.size; i += 997) CHECK(((const unsigned char*)chunk.data)[i] == byte_at(pulled + i));
      pulled += chunk.size;
    }
  }
  CHECK(pulled == kBytes);
  CHECK_STATUS(WEIR_END, &error, weir_pull_read(pull, &chunk, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_push_free(push);
  weir_pull_free(pull);
  weir_job_free(job);
  free(bytes);
}

static void memory_of_either_side_goes_without_a_copy(void) {
  static const char given[] = "given by the host";
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  weir_chunk chunk = WEIR_CHUNK_INIT;
  void* memory = NULL;
  char buffer[8];
  size_t size = 0;
  int releases = 0;
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  CHECK_OK(&error, weir_pull_new(NULL, &pull, &error));
  CHECK_STATUS(WEIR_PENDING, &error, weir_push_lease(push, &memory, &size, &error));
  weir_init(&options, sizeof options);
  options.push = push;
  options.pull = pull;
  CHECK_OK(&error, weir_start("push | pull", &options, &job, &error));
  CHECK_OK(&error, weir_push_give(push, given, sizeof given, released, &releases, &error));
  CHECK_OK(&error, weir_pull_read(pull, &chunk, &error));
  CHECK(chunk.data == given && chunk.size == sizeof given && releases == 0);
  weir_chunk_release(&chunk);
  CHECK(releases == 1 && chunk.data == NULL);
  weir_chunk_release(&chunk);
  while (weir_push_lease(push, &memory, &size, &error) == WEIR_PENDING) sleep_ms(1);
  CHECK(memory != NULL && size >= 65536);
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_push_commit(push, size + 1, &error));
  memcpy(memory, "leased bytes", 12);
  CHECK_OK(&error, weir_push_commit(push, 12, &error));
  CHECK_STATUS(WEIR_E_STATE, &error, weir_push_commit(push, 1, &error));
  CHECK_OK(&error, weir_push_close(push, &error));
  CHECK_OK(&error, weir_pull_wait(pull, 60000, &error));
  CHECK_OK(&error, weir_pull_read_into(pull, buffer, 7, &size, &error));
  CHECK(size == 7 && memcmp(buffer, "leased ", 7) == 0);
  CHECK_OK(&error, weir_pull_read(pull, &chunk, &error));
  CHECK(chunk.size == 5 && memcmp(chunk.data, "bytes", 5) == 0);
  weir_chunk_release(&chunk);
  CHECK_STATUS(WEIR_END, &error, weir_pull_read_into(pull, buffer, 8, &size, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_push_free(push);
  weir_pull_free(pull);
  weir_job_free(job);
  weir_error_clear(&error);
}

/* A stream of single bytes is bounded in memory as any other: what waits is counted with what it costs. */
static void single_bytes_find_a_full_handle(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  size_t taken = 1;
  long count = 0;
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  CHECK_OK(&error, weir_pull_new(NULL, &pull, &error));
  weir_init(&options, sizeof options);
  options.push = push;
  options.pull = pull;
  CHECK_OK(&error, weir_start("push | pull", &options, &job, &error));
  do {
    while (weir_push_try_write(push, "x", 1, &taken, &error) == WEIR_OK) CHECK(++count < 100000);
    /* The job may still take some on: full is what stays full. */
  } while (weir_push_wait(push, 200, &error) == WEIR_OK);
  CHECK(count > 1000);
  weir_push_free(push); /* not closed: never a whole stream */
  weir_pull_free(pull);
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, 60000, NULL, &error));
  weir_job_free(job);
  weir_error_clear(&error);
}

static void a_reader_that_goes_ends_the_job(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  weir_chunk chunk = WEIR_CHUNK_INIT;
  CHECK_OK(&error, weir_pull_new(NULL, &pull, &error));
  weir_init(&options, sizeof options);
  options.pull = pull;
  CHECK_OK(&error, weir_start("gen:100MiB | pull", &options, &job, &error));
  CHECK_OK(&error, weir_pull_read(pull, &chunk, &error));
  weir_pull_free(pull);
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, 60000, NULL, &error));
  weir_job_free(job);
  CHECK(chunk.size > 0 && ((const char*)chunk.data)[chunk.size - 1] >= -128); /* outlives both */
  weir_chunk_release(&chunk);
  weir_error_clear(&error);
}

static void a_writer_that_fails_fails_the_job(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_job* job = NULL;
  char line[5000];
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  weir_init(&options, sizeof options);
  options.push = push;
  snprintf(line, sizeof line, "push | 'file:%s'", path_of("half"));
  CHECK_OK(&error, weir_start(line, &options, &job, &error));
  CHECK_OK(&error, weir_push_write(push, "half", 4, &error));
  CHECK_OK(&error, weir_push_fail(push, "the sensor is gone", &error));
  CHECK_STATUS(WEIR_E_IO, &error, weir_job_wait(job, 60000, NULL, &error));
  CHECK(strstr(error.message, "the sensor is gone") != NULL);
  CHECK(!file_exists(path_of("half")));
  CHECK(weir_push_write(push, "more", 4, NULL) != WEIR_OK);
  weir_push_free(push);
  weir_job_free(job);
  weir_error_clear(&error);
}

void stream_cases(void) {
  what_is_written_is_stored();
  one_thread_pushes_and_pulls_by_poll();
  memory_of_either_side_goes_without_a_copy();
  single_bytes_find_a_full_handle();
  a_reader_that_goes_ends_the_job();
  a_writer_that_fails_fails_the_job();
}
