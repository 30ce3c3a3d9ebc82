/* A program of the time of weir 0.1.0: it is compiled with the header of that release and runs with each later library.
 *
 *   client VERSION     of the library that is expected
 *
 * It calls every function of that header, with structs as large as they were then, and looks whether what lies behind
 * them stays as it is. Frozen with the release: it is changed only where the release was wrong. */
#include "weir.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                         \
  do {                                                                           \
    if (!(condition)) {                                                          \
      fprintf(stderr, "%s:%d: %s is not so\n", __FILE__, __LINE__, #condition);  \
      if (error.it.message != NULL) fprintf(stderr, "  %s\n", error.it.message); \
      exit(1);                                                                   \
    }                                                                            \
  } while (0)

/* A struct that says its size, and memory behind it that is not the library's. */
#define GUARDED(type)        \
  struct {                   \
    type it;                 \
    unsigned char guard[64]; \
  }
#define PREPARE(guarded) \
  (memset((guarded).guard, 0xa5, sizeof(guarded).guard), weir_init(&(guarded).it, sizeof(guarded).it))

static int untouched(const unsigned char* guard) {
  size_t i;
  for (i = 0; i < 64; ++i) {
    if (guard[i] != 0xa5) return 0;
  }
  return 1;
}

static GUARDED(weir_error) error;
static int released, progressed, ended, ran, asked, logged;

static void release(void* host) { (void)host, ++released; }
static void on_end(void* host) { (void)host, __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST); }
static void given_back(void* host, const void* data) {
  (void)data, __atomic_add_fetch((int*)host, 1, __ATOMIC_SEQ_CST);
}
static void log_line(void* host, int32_t level, const char* line) { (void)host, (void)level, (void)line, ++logged; }

static void on_progress(void* host, const weir_progress* progress) {
  (void)host;
  CHECK(progress->struct_size >= sizeof *progress);
  if (progress->state == WEIR_JOB_RUNNING || progress->bytes_done == progress->bytes_read) ++progressed;
}

static int32_t get_keys(void* host, int32_t refused, weir_credentials* to) {
  (void)host, (void)refused, ++asked;
  weir_credentials_set(to, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL);
  return 0;
}

/* An executor that has a thread for each task. */
typedef struct task_of {
  weir_task* task;
  uint64_t delay_ns;
} task_of;

static void* run_task(void* given) {
  task_of* const of = (task_of*)given;
  if (of->delay_ns > 0) usleep((useconds_t)(of->delay_ns / 1000 + 1));
  weir_task_run(of->task);
  free(of);
  return NULL;
}

static void post(void* host, int32_t kind, uint64_t delay_ns, weir_task* task) {
  pthread_t thread;
  task_of* const of = (task_of*)malloc(sizeof *of);
  (void)host, (void)kind;
  __atomic_add_fetch(&ran, 1, __ATOMIC_SEQ_CST);
  if (of == NULL) {
    weir_task_drop(task);
    return;
  }
  of->task = task;
  of->delay_ns = delay_ns;
  CHECK(pthread_create(&thread, NULL, run_task, of) == 0);
  pthread_detach(thread);
}

/* A stage that hands on what it gets twice. */
static int32_t twice_process(void* host, const void* data, size_t size, weir_stage_call* call) {
  (void)host;
  if (weir_stage_emit(call, data, size) == WEIR_OK && weir_stage_emit_slice(call, 0, size) == WEIR_OK) return 0;
  weir_stage_fail(call, "it was not taken");
  return 1;
}

static int32_t twice_finish(void* host, weir_stage_call* call) {
  (void)host, (void)call;
  return 0;
}

static int32_t twice_make(void* host, const char* argument, weir_stage_call* call) {
  GUARDED(weir_transform) transform;
  (void)host, (void)argument;
  PREPARE(transform);
  transform.it.process = twice_process;
  transform.it.finish = twice_finish;
  transform.it.release = release;
  return weir_stage_set(call, &transform.it) == WEIR_OK ? 0 : 1;
}

static weir_context* context_of(const char* folder) {
  GUARDED(weir_context_options) options;
  GUARDED(weir_executor) executor;
  GUARDED(weir_logger) logger;
  GUARDED(weir_credentials_provider) provider;
  GUARDED(weir_stage_type) type;
  weir_context* context = NULL;
  PREPARE(options), PREPARE(executor), PREPARE(logger), PREPARE(provider), PREPARE(type);
  executor.it.concurrency = 2;
  executor.it.post = post;
  logger.it.log = log_line;
  provider.it.get = get_keys;
  options.it.executor = &executor.it;
  options.it.logger = &logger.it;
  options.it.credentials = &provider.it;
  options.it.state_dir = folder;
  options.it.ledger = 1;
  options.it.s3_region = "eu-west-1";
  CHECK(weir_context_new(&options.it, &context, &error.it) == WEIR_OK);
  type.it.name = "twice";
  type.it.make = twice_make;
  CHECK(weir_context_add_stage(context, &type.it, &error.it) == WEIR_OK);
  return context;
}

static void jobs(weir_context* context) {
  GUARDED(weir_job_options) options;
  GUARDED(weir_progress) progress;
  GUARDED(weir_receipt) receipt;
  weir_job* job = NULL;
  int32_t fd = -1;
  PREPARE(options), PREPARE(progress), PREPARE(receipt);
  options.it.context = context;
  options.it.on_progress = on_progress;
  options.it.on_end = on_end;
  options.it.release = release;
  CHECK(weir_start("gen:3MiB | twice | sha256 | null:", &options.it, &job, &error.it) == WEIR_OK);
  CHECK(weir_job_pause(job, &error.it) == WEIR_OK && weir_job_resume(job, &error.it) == WEIR_OK);
  CHECK(weir_job_wait(job, -1, &receipt.it, &error.it) == WEIR_OK);
  CHECK(receipt.it.bytes_read == 3u << 20 && receipt.it.bytes_stored == 6u << 20);
  CHECK(receipt.it.fact_count == 1 && strcmp(receipt.it.facts[0].name, "sha256") == 0);
  CHECK(weir_job_progress(job, &progress.it, &error.it) == WEIR_OK);
  CHECK(progress.it.state == WEIR_JOB_DONE && progress.it.bytes_read == 3u << 20);
  CHECK(untouched(progress.guard) && untouched(receipt.guard));
  weir_receipt_clear(&receipt.it);
  CHECK(untouched(receipt.guard));
  weir_job_free(job);

  CHECK(weir_start("gen:1TiB | null:", NULL, &job, &error.it) == WEIR_OK);
  CHECK(weir_job_suspend(job, &error.it) == WEIR_OK && weir_job_cancel(job, &error.it) == WEIR_OK);
  CHECK(weir_job_wait(job, -1, NULL, &error.it) == WEIR_E_CANCELLED && untouched(error.guard));
  CHECK(weir_job_fd(job, &fd, &error.it) == WEIR_OK && fd >= 0);
  weir_job_free(job);
  CHECK(weir_job_wait(job, 0, NULL, &error.it) == WEIR_E_HANDLE);
}

static void copies(weir_context* context) {
  GUARDED(weir_receipt) receipt;
  GUARDED(weir_job_options) options;
  weir_job* job = NULL;
  char buffer[16];
  size_t size = 0;
  PREPARE(receipt), PREPARE(options);
  options.it.context = context;
  options.it.through = "twice";
  CHECK(weir_upload("abc", 3, "twice.txt", &options.it, &receipt.it, &error.it) == WEIR_OK);
  CHECK(weir_copy("twice.txt", "copy.txt", NULL, &receipt.it, &error.it) == WEIR_OK && receipt.it.bytes_stored == 6);
  CHECK(weir_start_copy("copy.txt", "again.txt", NULL, &job, &error.it) == WEIR_OK);
  CHECK(weir_job_wait(job, -1, &receipt.it, &error.it) == WEIR_OK && untouched(receipt.guard));
  CHECK(weir_download("again.txt", buffer, sizeof buffer, &size, NULL, NULL, &error.it) == WEIR_OK);
  CHECK(size == 6 && memcmp(buffer, "abcabc", 6) == 0);
  weir_job_free(job);
  weir_receipt_clear(&receipt.it);
}

static void handles(void) {
  static const char kGiven[] = "given";
  GUARDED(weir_handle_options) handle;
  GUARDED(weir_job_options) options;
  weir_chunk chunk = WEIR_CHUNK_INIT;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  void* memory = NULL;
  char text[64] = "";
  size_t size = 0, total = 0;
  int32_t fd = -1;
  int back = 0;
  weir_status status;
  PREPARE(handle), PREPARE(options);
  CHECK(weir_push_new(&handle.it, &push, &error.it) == WEIR_OK);
  CHECK(weir_pull_new(&handle.it, &pull, &error.it) == WEIR_OK);
  options.it.push = push;
  options.it.pull = pull;
  CHECK(weir_start("push | zstd | unzstd | pull", &options.it, &job, &error.it) == WEIR_OK);
  CHECK(weir_push_fd(push, &fd, &error.it) == WEIR_OK && fd >= 0);
  CHECK(weir_pull_fd(pull, &fd, &error.it) == WEIR_OK && fd >= 0);
  CHECK(weir_push_wait(push, -1, &error.it) == WEIR_OK);
  CHECK(weir_push_write(push, "one ", 4, &error.it) == WEIR_OK);
  CHECK(weir_push_try_write(push, "two ", 4, &size, &error.it) == WEIR_OK && size == 4);
  while ((status = weir_push_lease(push, &memory, &size, &error.it)) == WEIR_PENDING) usleep(1000);
  CHECK(status == WEIR_OK && size >= 6);
  memcpy(memory, "leased", 6);
  CHECK(weir_push_commit(push, 6, &error.it) == WEIR_OK);
  CHECK(weir_push_give(push, kGiven, 5, given_back, &back, &error.it) == WEIR_OK);
  CHECK(weir_push_close(push, &error.it) == WEIR_OK);
  CHECK(weir_pull_wait(pull, -1, &error.it) == WEIR_OK);
  while ((status = weir_pull_try_read(pull, &chunk, &error.it)) == WEIR_PENDING) usleep(1000);
  for (; status == WEIR_OK; status = weir_pull_read(pull, &chunk, &error.it)) {
    CHECK(total + chunk.size <= sizeof text);
    memcpy(text + total, chunk.data, chunk.size);
    total += chunk.size;
    weir_chunk_release(&chunk);
  }
  CHECK(status == WEIR_END && total == 19 && memcmp(text, "one two leasedgiven", 19) == 0);
  CHECK(weir_pull_read_into(pull, text, sizeof text, &size, &error.it) == WEIR_END);
  CHECK(weir_job_wait(job, -1, NULL, &error.it) == WEIR_OK);
  while (__atomic_load_n(&back, __ATOMIC_SEQ_CST) == 0) usleep(1000);
  weir_push_free(push), weir_pull_free(pull), weir_job_free(job);
  CHECK(weir_push_new(NULL, &push, &error.it) == WEIR_OK);
  CHECK(weir_push_fail(push, "no more", &error.it) == WEIR_OK);
  weir_push_free(push);
}

/* A stage that answers at the second call, and says a state. */
static int32_t late_process(void* host, const void* data, size_t size, weir_stage_call* call) {
  weir_waker* waker = NULL;
  (void)data;
  if ((++*(int*)host & 1) == 0) return weir_stage_emit_slice(call, 0, size) == WEIR_OK ? 0 : 1;
  if (weir_stage_waker(call, &waker) != WEIR_OK) return 1;
  weir_waker_wake(waker);
  return WEIR_PENDING;
}
static int32_t late_snapshot(void* host, weir_stage_call* call) {
  return weir_stage_set_state(call, host, sizeof(int)) == WEIR_OK ? 0 : 1;
}
static int32_t late_restore(void* host, const void* state, size_t size, weir_stage_call* call) {
  (void)call, memcpy(host, state, size);
  return 0;
}

static void pipelines(weir_context* context) {
  GUARDED(weir_transform) transform;
  GUARDED(weir_job_options) options;
  weir_pipeline* pipeline = NULL;
  weir_job* job = NULL;
  char buffer[16];
  size_t size = 0;
  int calls = 0;
  PREPARE(transform), PREPARE(options);
  transform.it.answers_later = 1;
  transform.it.process = late_process;
  transform.it.recipe = "late 1";
  transform.it.snapshot = late_snapshot;
  transform.it.restore = late_restore;
  transform.it.host = &calls;
  CHECK(weir_pipeline_new(context, &pipeline, &error.it) == WEIR_OK);
  CHECK(weir_pipeline_from(pipeline, "twice.txt", &error.it) == WEIR_OK);
  CHECK(weir_pipeline_through(pipeline, "zstd | unzstd", &error.it) == WEIR_OK);
  CHECK(weir_pipeline_through_own(pipeline, "late", &transform.it, &error.it) == WEIR_OK);
  CHECK(weir_pipeline_to(pipeline, "late.txt", &error.it) == WEIR_OK);
  options.it.read_offset = 1;
  options.it.read_bytes = 3;
  CHECK(weir_pipeline_start(pipeline, &options.it, &job, &error.it) == WEIR_OK);
  CHECK(weir_job_wait(job, -1, NULL, &error.it) == WEIR_OK && calls == 2);
  weir_job_free(job), weir_pipeline_free(pipeline);
  CHECK(weir_download("late.txt", buffer, sizeof buffer, &size, NULL, NULL, &error.it) == WEIR_OK);
  CHECK(size == 3 && memcmp(buffer, "bca", 3) == 0);
}

static void on_item(void* host, const weir_copied* item) {
  CHECK(item->outcome == WEIR_COPY_DONE && item->bytes == 6 && item->receipt != NULL && item->error == NULL);
  CHECK(item->source[0] != 0 && item->destination[0] != 0 && item->reason[0] == 0);
  ++*(int*)host;
}

static void many(weir_context* context) {
  static const char* const kSources[] = {"twice.txt", "again.txt"};
  GUARDED(weir_copies_options) many;
  GUARDED(weir_job_options) options;
  GUARDED(weir_copies_progress) sum;
  weir_copies* copies = NULL;
  int items = 0;
  PREPARE(many), PREPARE(options), PREPARE(sum);
  options.it.context = context;
  many.it.on_item = on_item;
  many.it.host = &items;
  CHECK(weir_start_copies(kSources, 2, "many/", &many.it, &options.it, &copies, &error.it) == WEIR_OK);
  CHECK(weir_copies_snapshot(copies, &sum.it, &error.it) == WEIR_OK);
  CHECK(weir_copies_wait(copies, -1, &sum.it, &error.it) == WEIR_OK && untouched(sum.guard));
  CHECK(sum.it.copied == 2 && sum.it.bytes_copied == 12 && items == 2);
  CHECK(weir_copies_suspend(copies, &error.it) == WEIR_OK && weir_copies_cancel(copies, &error.it) == WEIR_OK);
  weir_copies_free(copies);
}

static void stores(weir_context* context) {
  GUARDED(weir_object_info) info;
  GUARDED(weir_list_options) options;
  GUARDED(weir_listed) entry;
  GUARDED(weir_unfinished_job) unfinished;
  weir_listing* listing = NULL;
  weir_unfinished* list = NULL;
  weir_job* job = NULL;
  char* url = NULL;
  int found = 0;
  weir_status status;
  PREPARE(info), PREPARE(options), PREPARE(entry), PREPARE(unfinished);
  CHECK(weir_store_head(context, "copy.txt", &info.it, &error.it) == WEIR_OK && info.it.size == 6);
  weir_object_info_clear(&info.it);
  CHECK(untouched(info.guard));
  CHECK(weir_store_list(context, "./", &options.it, &listing, &error.it) == WEIR_OK);
  while ((status = weir_listing_next(listing, &entry.it, &error.it)) == WEIR_OK) {
    CHECK(untouched(entry.guard));
    if (strcmp(entry.it.key, "copy.txt") == 0 || strstr(entry.it.name, "copy.txt") != NULL) found += entry.it.size == 6;
  }
  CHECK(status == WEIR_END && found == 1);
  weir_listing_free(listing);
  CHECK(weir_store_presign(context, "GET", "s3://bucket/key", 60, &url, &error.it) == WEIR_OK);
  CHECK(strstr(url, "AKIAIOSFODNN7EXAMPLE") != NULL && asked > 0);
  weir_text_free(url);
  CHECK(weir_store_copy(context, "copy.txt", "s3://bucket/key", &info.it, &error.it) != WEIR_OK);
  CHECK(weir_store_remove(context, "copy.txt", &error.it) == WEIR_OK);
  CHECK(weir_ledger_list(context, &list, &error.it) == WEIR_OK);
  CHECK(weir_unfinished_next(list, &unfinished.it, &error.it) == WEIR_END && untouched(unfinished.guard));
  weir_unfinished_free(list);
  CHECK(weir_ledger_resume(12345, NULL, &job, &error.it) != WEIR_OK && job == NULL);
  CHECK(weir_ledger_abort(context, 12345, &error.it) != WEIR_OK);
}

int main(int count, char** words) {
  char folder[] = "/tmp/weir-old-client-XXXXXX";
  weir_context* context = NULL;
  PREPARE(error);
  if (count != 2 || strcmp(weir_version_text(), words[1]) != 0) {
    return fprintf(stderr, "the library is %s\n", weir_version_text()), 1;
  }
  CHECK(weir_version() >= WEIR_VERSION_NUMBER && strstr(weir_features(), "zstd") != NULL);
  CHECK(strcmp(weir_status_name(WEIR_E_NOT_FOUND), "not_found") == 0);
  CHECK(mkdtemp(folder) != NULL && chdir(folder) == 0);
  context = context_of(folder);
  CHECK(weir_copy("not there", "null:", NULL, NULL, &error.it) == WEIR_E_NOT_FOUND && error.it.message[0] != 0);
  jobs(context);
  copies(context);
  pipelines(context);
  many(context);
  handles();
  stores(context);
  weir_context_free(context);
  CHECK(ran > 0 && progressed > 0 && released > 0 && ended == 1 && untouched(error.guard));
  weir_error_clear(&error.it);
  CHECK(untouched(error.guard));
  CHECK(chdir("/") == 0);
  return execlp("rm", "rm", "-rf", folder, (char*)NULL);
}
