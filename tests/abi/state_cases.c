/* Stages of the host's own that answer later, and such as say their state. */
#include <pthread.h>

#include "check.h"

enum { kBytes = 32 << 20, kPartBytes = 5 << 20 };

/* Answers by a thread of its own, some time after it was asked. */
typedef struct slow {
  int answers_now;
  int forgets;
  int waits;
  int pieces;
  weir_waker* waker;
} slow;

static void* wake(void* host) {
  slow* const of = (slow*)host;
  weir_waker* const waker = of->waker;
  sleep_ms(2);
  of->answers_now = 1;
  of->waits = 0;
  weir_waker_wake(waker);
  return NULL;
}

static int32_t later(slow* of, weir_stage_call* call) {
  pthread_t thread;
  if (of->forgets) return WEIR_PENDING;
  CHECK(!of->waits); /* it is asked again when it was woken, and not before */
  of->waits = 1;
  if (weir_stage_waker(call, &of->waker) != WEIR_OK) return 1;
  if (pthread_create(&thread, NULL, wake, of) != 0) return 1;
  pthread_detach(thread);
  return WEIR_PENDING;
}

static int32_t slow_process(void* host, const void* data, size_t size, weir_stage_call* call) {
  slow* const of = (slow*)host;
  if (!of->answers_now) return later(of, call);
  of->answers_now = 0;
  ++of->pieces;
  (void)data;
  return weir_stage_emit_slice(call, 0, size) == WEIR_OK ? 0 : 1;
}

static int32_t slow_finish(void* host, weir_stage_call* call) {
  slow* const of = (slow*)host;
  if (!of->answers_now) return later(of, call);
  return weir_stage_emit(call, "!", 1) == WEIR_OK ? 0 : 1;
}

static weir_job* start_slow(slow* of, const char* from, weir_error* error) {
  weir_transform transform;
  weir_pipeline* pipeline = NULL;
  weir_job* job = NULL;
  weir_init(&transform, sizeof transform);
  transform.answers_later = 1;
  transform.process = slow_process;
  transform.finish = slow_finish;
  transform.host = of;
  CHECK_OK(error, weir_pipeline_new(NULL, &pipeline, error));
  CHECK_OK(error, weir_pipeline_from(pipeline, from, error));
  CHECK_OK(error, weir_pipeline_through_own(pipeline, "slow", &transform, error));
  CHECK_OK(error, weir_pipeline_to(pipeline, path_of("slow"), error));
  CHECK_OK(error, weir_pipeline_start(pipeline, NULL, &job, error));
  weir_pipeline_free(pipeline);
  return job;
}

static void answers_later(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  slow of = {0, 0, 0, 0, NULL};
  weir_job* job = start_slow(&of, "gen:3MiB", &error);
  while (weir_job_wait(job, 1, NULL, NULL) == WEIR_PENDING) {
    /* Each of these has the stage's thread look whether there is something to do. */
    CHECK_OK(&error, weir_job_pause(job, &error));
    CHECK_OK(&error, weir_job_resume(job, &error));
  }
  CHECK_OK(&error, weir_job_wait(job, 60000, &receipt, &error));
  CHECK(receipt.bytes_stored == (3u << 20) + 1 && of.pieces > 0);
  weir_job_free(job);
  /* It was not woken twice. */
  weir_waker_wake(of.waker);
  /* Who takes no waker would never be asked again. */
  of.forgets = 1;
  of.answers_now = 0;
  job = start_slow(&of, "gen:3MiB", &error);
  CHECK_STATUS(WEIR_E_IO, &error, weir_job_wait(job, 60000, NULL, &error));
  CHECK(strstr(error.message, "took no waker") != NULL);
  weir_job_free(job);
  weir_receipt_clear(&receipt);
  weir_error_clear(&error);
}

static int32_t holed_process(void* host, const void* data, size_t size, weir_stage_call* call) {
  (void)data;
  if ((*(int*)host)++ > 0) return 0;
  CHECK(weir_stage_emit_slice(call, size, 1) == WEIR_E_INVALID_ARGUMENT);
  {
    weir_waker* waker = NULL;
    CHECK(weir_stage_waker(call, &waker) == WEIR_OK);
    weir_waker_wake(waker);
  }
  return WEIR_PENDING;
}

/* A piece that was refused before it answered later is missing all the same. */
static void a_hole_is_not_forgotten(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_transform transform;
  weir_pipeline* pipeline = NULL;
  weir_job* job = NULL;
  int calls = 0;
  weir_init(&transform, sizeof transform);
  transform.answers_later = 1;
  transform.process = holed_process;
  transform.host = &calls;
  CHECK_OK(&error, weir_pipeline_new(NULL, &pipeline, &error));
  CHECK_OK(&error, weir_pipeline_from(pipeline, "gen:1KiB", &error));
  CHECK_OK(&error, weir_pipeline_through_own(pipeline, "holed", &transform, &error));
  CHECK_OK(&error, weir_pipeline_to(pipeline, path_of("holed"), &error));
  CHECK_OK(&error, weir_pipeline_start(pipeline, NULL, &job, &error));
  CHECK_STATUS(WEIR_E_IO, &error, weir_job_wait(job, -1, NULL, &error));
  CHECK(strstr(error.message, "was refused") != NULL && !file_exists(path_of("holed")));
  weir_job_free(job);
  weir_pipeline_free(pipeline);
  weir_error_clear(&error);
}

static weir_waker* kept;
static int32_t never(void* host, const void* data, size_t size, weir_stage_call* call) {
  weir_waker* waker = NULL;
  (void)host, (void)data, (void)size;
  if (weir_stage_waker(call, &waker) != WEIR_OK) return 1;
  __atomic_store_n(&kept, waker, __ATOMIC_SEQ_CST);
  return WEIR_PENDING;
}

/* A stage that never answers holds up no cancel, and may be woken when its job is no more. */
static void never_answers(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_transform transform;
  weir_pipeline* pipeline = NULL;
  weir_job* job = NULL;
  weir_init(&transform, sizeof transform);
  transform.answers_later = 1;
  transform.process = never;
  CHECK_OK(&error, weir_pipeline_new(NULL, &pipeline, &error));
  CHECK_OK(&error, weir_pipeline_from(pipeline, "gen:1KiB", &error));
  CHECK_OK(&error, weir_pipeline_through_own(pipeline, NULL, &transform, &error));
  CHECK_OK(&error, weir_pipeline_to(pipeline, "null:", &error));
  CHECK_OK(&error, weir_pipeline_start(pipeline, NULL, &job, &error));
  weir_pipeline_free(pipeline);
  while (__atomic_load_n(&kept, __ATOMIC_SEQ_CST) == NULL) sleep_ms(1);
  CHECK_STATUS(WEIR_PENDING, &error, weir_job_wait(job, 20, NULL, &error));
  CHECK_OK(&error, weir_job_cancel(job, &error));
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, 60000, NULL, &error));
  weir_job_free(job);
  weir_waker_wake(kept);
  weir_error_clear(&error);
}

/* Each byte of its output depends on all of its input before. */
typedef struct chain {
  unsigned char last;
  long bytes;
  int snapshots;
  int restores;
} chain;

static int32_t chain_process(void* host, const void* data, size_t size, weir_stage_call* call) {
  chain* const of = (chain*)host;
  unsigned char* const out = (unsigned char*)malloc(size);
  size_t i;
  int32_t answer = 0;
  CHECK(out != NULL);
  for (i = 0; i < size; ++i) out[i] = of->last = (unsigned char)(((const unsigned char*)data)[i] + 3 * of->last);
  answer = weir_stage_emit(call, out, size) == WEIR_OK ? 0 : 1;
  __atomic_add_fetch(&of->bytes, (long)size, __ATOMIC_SEQ_CST);
  free(out);
  return answer;
}

static int32_t chain_snapshot(void* host, weir_stage_call* call) {
  chain* const of = (chain*)host;
  ++of->snapshots;
  return weir_stage_set_state(call, &of->last, 1) == WEIR_OK ? 0 : 1;
}

static int32_t chain_restore(void* host, const void* state, size_t size, weir_stage_call* call) {
  chain* const of = (chain*)host;
  ++of->restores;
  if (size != 1) return weir_stage_fail(call, "no state of this stage"), 1;
  of->last = *(const unsigned char*)state;
  return 0;
}

static weir_job* start_chain(chain* of, weir_context* context, const char* to) {
  weir_error error = WEIR_ERROR_INIT;
  weir_transform transform;
  weir_pipeline* pipeline = NULL;
  weir_job_options options;
  weir_job* job = NULL;
  weir_init(&transform, sizeof transform);
  transform.process = chain_process;
  transform.recipe = "chain 1";
  transform.snapshot = chain_snapshot;
  transform.host = of;
  CHECK_OK(&error, weir_pipeline_new(context, &pipeline, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_pipeline_through_own(pipeline, "chain", &transform, &error));
  transform.restore = chain_restore;
  transform.recipe = NULL;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_pipeline_through_own(pipeline, "chain", &transform, &error));
  transform.recipe = "chain 1";
  CHECK_OK(&error, weir_pipeline_through_own(pipeline, "chain", &transform, &error));
  CHECK_OK(&error, weir_pipeline_from(pipeline, path_of("long"), &error));
  CHECK_OK(&error, weir_pipeline_to(pipeline, to, &error));
  weir_init(&options, sizeof options);
  options.part_bytes = kPartBytes;
  options.concurrency = 1; /* in their order, so that what is confirmed can be gone on with */
  CHECK_OK(&error, weir_pipeline_start(pipeline, &options, &job, &error));
  weir_pipeline_free(pipeline);
  weir_error_clear(&error);
  return job;
}

/* Needs a server: what lies in a file is compared as it is made again. */
void restore_cases(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context_options with_ledger;
  weir_context* context = NULL;
  weir_job_options options;
  weir_progress progress;
  weir_job* job = NULL;
  chain whole = {7, 0, 0, 0};
  chain first = {7, 0, 0, 0};
  chain second = {7, 0, 0, 0};
  weir_init(&with_ledger, sizeof with_ledger);
  with_ledger.ledger = 1;
  with_ledger.state_dir = path_of("state");
  with_ledger.s3_endpoint_url = getenv("WEIR_TEST_S3_ENDPOINT");
  with_ledger.bytes_per_second = 48 << 20; /* slow enough to be met in the middle */
  CHECK_OK(&error, weir_context_new(&with_ledger, &context, &error));
  write_file(path_of("long"), kBytes);
  job = start_chain(&whole, NULL, path_of("whole"));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  CHECK(whole.bytes == kBytes);

  job = start_chain(&first, context, s3_name("chain"));
  weir_init(&progress, sizeof progress);
  do {
    CHECK_OK(&error, weir_job_progress(job, &progress, &error));
  } while (progress.bytes_confirmed < kBytes / 2 && progress.state == WEIR_JOB_RUNNING);
  CHECK_OK(&error, weir_job_suspend(job, &error));
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  job = start_chain(&second, context, s3_name("chain"));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  CHECK(first.snapshots > 0 && second.restores == 1);
  CHECK(second.bytes <= kBytes - (4 << 20)); /* a piece at least */
  weir_init(&options, sizeof options);
  options.context = context;
  CHECK_OK(&error, weir_copy(s3_name("chain"), path_of("resumed"), &options, NULL, &error));
  CHECK(same_files(path_of("whole"), path_of("resumed")));
  weir_context_free(context);
  weir_error_clear(&error);
}

void state_cases(void) {
  answers_later();
  a_hole_is_not_forgotten();
  never_answers();
}
