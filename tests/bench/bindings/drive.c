/* What the C interface does, for the bindings to be measured by: see frame.py for the actions. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <weir/weir.h>

enum { kPiece = 1 << 20, kObject = 64 << 10, kRead = 64 << 10, kAtOnce = 16 };

static weir_error error = WEIR_ERROR_INIT;

static void must(weir_status status) {
  if (status == WEIR_OK) return;
  fprintf(stderr, "%s\n", error.message != NULL ? error.message : weir_status_name(status));
  exit(1);
}

static double wall_s(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_s(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void not_needed(void* host, const void* data) { (void)host, (void)data; }

/* Lent, or copied by the library, as a host's memory is that will be used again at once. */
static void up(const char* name, uint64_t bytes, int copied) {
  unsigned char* const piece = (unsigned char*)malloc(kPiece);
  weir_job_options options;
  weir_job* job = NULL;
  char line[4200];
  uint64_t at;
  memset(piece, 'w', kPiece);
  weir_init(&options, sizeof options);
  must(weir_push_new(NULL, &options.push, &error));
  snprintf(line, sizeof line, "push | '%s'", name);
  must(weir_start(line, &options, &job, &error));
  for (at = 0; at < bytes;) {
    const size_t size = bytes - at < kPiece ? (size_t)(bytes - at) : kPiece;
    const weir_status status = copied ? weir_push_write(options.push, piece, size, &error)
                                      : weir_push_give(options.push, piece, size, not_needed, NULL, &error);
    if (status == WEIR_PENDING) {
      must(weir_push_wait(options.push, -1, &error));
    } else {
      must(status);
      at += size;
    }
  }
  must(weir_push_close(options.push, &error));
  must(weir_job_wait(job, -1, NULL, &error));
  weir_push_free(options.push);
  weir_job_free(job);
}

static weir_job* start_down(const char* name, weir_job_options* options) {
  weir_job* job = NULL;
  char line[4200];
  weir_init(options, sizeof *options);
  must(weir_pull_new(NULL, &options->pull, &error));
  snprintf(line, sizeof line, "'%s' | pull", name);
  must(weir_start(line, options, &job, &error));
  return job;
}

/* In chunks as they come, or copied into a buffer of 64 KiB. */
static void down(const char* name, uint64_t bytes, int copied) {
  static unsigned char buffer[kRead];
  weir_job_options options;
  weir_job* const job = start_down(name, &options);
  weir_chunk chunk = WEIR_CHUNK_INIT;
  uint64_t got = 0;
  weir_status status;
  for (;;) {
    size_t size = 0;
    status = copied ? weir_pull_read_into(options.pull, buffer, sizeof buffer, &size, &error)
                    : weir_pull_read(options.pull, &chunk, &error);
    if (status == WEIR_END) break;
    must(status);
    got += copied ? size : chunk.size;
  }
  must(weir_job_wait(job, -1, NULL, &error));
  if (got != bytes) must(WEIR_E_CORRUPT);
  weir_pull_free(options.pull);
  weir_job_free(job);
}

/* Objects of memory, several at once. */
static void many(const char* name, uint64_t count) {
  static unsigned char object[kObject];
  weir_job_options options;
  weir_job* jobs[kAtOnce] = {NULL};
  char line[4200];
  uint64_t i;
  weir_init(&options, sizeof options);
  must(weir_context_new(NULL, &options.context, &error));
  for (i = 0; i < count + kAtOnce; ++i) {
    weir_job** const job = &jobs[i % kAtOnce];
    if (*job != NULL) must(weir_job_wait(*job, -1, NULL, &error));
    weir_job_free(*job);
    *job = NULL;
    if (i >= count) continue;
    must(weir_push_new(NULL, &options.push, &error));
    snprintf(line, sizeof line, "push | '%s%05" PRIu64 "'", name, i);
    must(weir_start(line, &options, job, &error));
    must(weir_push_give(options.push, object, kObject, not_needed, NULL, &error));
    must(weir_push_close(options.push, &error));
    weir_push_free(options.push);
  }
  weir_context_free(options.context);
}

int main(int count, char** words) {
  const double began_s = wall_s();
  const double before_s = cpu_s();
  uint64_t amount;
  if (count != 4) return 2;
  amount = strtoull(words[3], NULL, 10);
  if (strcmp(words[1], "up") == 0) up(words[2], amount, getenv("BENCH_COPIED") != NULL);
  if (strcmp(words[1], "down") == 0) down(words[2], amount, 0);
  if (strcmp(words[1], "read") == 0) down(words[2], amount, 1);
  if (strcmp(words[1], "many") == 0) many(words[2], amount);
  printf("{\"wall_s\": %f, \"cpu_s\": %f}\n", wall_s() - began_s, cpu_s() - before_s);
  return 0;
}
