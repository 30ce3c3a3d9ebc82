/* Pause, resume, cancel, progress, callbacks. */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "check.h"

typedef struct watcher {
  pthread_mutex_t mutex;
  pthread_t starter; /* the thread that starts the job */
  weir_job* started; /* what it has been given */
  int on_starter;    /* calls that came on its thread */
  int without_job;   /* calls that came before it had the job */
  int late;          /* calls after the end */
  int linger_ms;     /* how long on_end takes */
  int reports;
  int ends;
  int releases;
  int32_t last_state;
  weir_job* job; /* to misuse from inside */
  weir_status inside;
} watcher;

static void note_call(watcher* seen) {
  if (pthread_equal(pthread_self(), seen->starter)) ++seen->on_starter;
  if (weir_job_pause(seen->started, NULL) != WEIR_OK) ++seen->without_job;
  if (seen->started != NULL) CHECK_OK(NULL, weir_job_resume(seen->started, NULL));
  if (seen->ends > 0) ++seen->late;
}

static void on_progress(void* host, const weir_progress* progress) {
  watcher* const seen = (watcher*)host;
  pthread_mutex_lock(&seen->mutex);
  note_call(seen);
  ++seen->reports;
  seen->last_state = progress->state;
  if (seen->job != NULL) seen->inside = weir_job_wait(seen->job, 0, NULL, NULL);
  pthread_mutex_unlock(&seen->mutex);
}

static void on_end(void* host) {
  watcher* const seen = (watcher*)host;
  pthread_mutex_lock(&seen->mutex);
  note_call(seen);
  ++seen->ends;
  pthread_mutex_unlock(&seen->mutex);
  sleep_ms(seen->linger_ms);
}

static void on_release(void* host) {
  watcher* const seen = (watcher*)host;
  pthread_mutex_lock(&seen->mutex);
  ++seen->releases;
  pthread_mutex_unlock(&seen->mutex);
}

static int value_of(watcher* seen, const int* field) {
  int value = 0;
  pthread_mutex_lock(&seen->mutex);
  value = *field;
  pthread_mutex_unlock(&seen->mutex);
  return value;
}

static void watch(weir_job_options* options, watcher* seen) {
  memset(seen, 0, sizeof *seen);
  pthread_mutex_init(&seen->mutex, NULL);
  seen->starter = pthread_self();
  weir_init(options, sizeof *options);
  options->on_progress = on_progress;
  options->on_end = on_end;
  options->release = on_release;
  options->host = seen;
}

static void callbacks_come_and_are_released_once(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  watcher seen;
  weir_job* job = NULL;
  int round;
  for (round = 0; round < 100; ++round) {
    watch(&options, &seen);
    seen.linger_ms = round % 10;
    CHECK_OK(&error, weir_start("gen:1MiB | null:", &options, &seen.started, &error));
    CHECK_OK(&error, weir_job_wait(seen.started, -1, NULL, &error));
    /* Who has the answer may let go of all that they use. */
    CHECK(seen.reports > 0 && seen.ends == 1 && seen.releases == 1 && seen.late == 0);
    CHECK(seen.on_starter == 0 && seen.without_job == 0);
    CHECK(seen.last_state == WEIR_JOB_DONE);
    weir_job_free(seen.started);
  }
  /* A job that fails at once. */
  watch(&options, &seen);
  options.budget_bytes = 1;
  CHECK_OK(&error, weir_start("gen:1MiB | null:", &options, &seen.started, &error));
  CHECK_STATUS(WEIR_E_BUDGET_TOO_SMALL, &error, weir_job_wait(seen.started, -1, NULL, &error));
  CHECK(seen.reports == 1 && seen.ends == 1 && seen.releases == 1 && seen.late == 0);
  CHECK(seen.on_starter == 0 && seen.without_job == 0);
  CHECK(seen.last_state == WEIR_JOB_FAILED);
  weir_job_free(seen.started);
  /* Without a job that anyone sees. */
  watch(&options, &seen);
  CHECK_OK(&error, weir_copy("gen:1MiB", "null:", &options, NULL, &error));
  CHECK(seen.reports > 0 && seen.ends == 1 && seen.releases == 1 && seen.on_starter == 0);
  /* Also where the call fails that took it. */
  watch(&options, &seen);
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("nonsense", &options, &job, &error));
  CHECK(value_of(&seen, &seen.releases) == 1 && value_of(&seen, &seen.ends) == 0);
  weir_error_clear(&error);
}

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A source that has to be asked first, and does not answer: the call that starts it does not wait for that, and a job
 * that is stopped meanwhile ends. */
static void to_start_a_job_waits_for_nobody(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_progress progress;
  watcher seen;
  char url[64];
  double begun = 0;
  const int deaf = deaf_server(url, sizeof url);
  int round;
  for (round = 0; round < 2; ++round) {
    watch(&options, &seen);
    begun = seconds_now();
    CHECK_OK(&error, weir_start_copy(url, "null:", &options, &seen.started, &error));
    weir_init(&progress, sizeof progress);
    CHECK_OK(&error, weir_job_progress(seen.started, &progress, &error));
    CHECK(progress.state == WEIR_JOB_RUNNING);
    CHECK_STATUS(WEIR_PENDING, &error, weir_job_wait(seen.started, round * 100, NULL, &error));
    CHECK_OK(&error, weir_job_pause(seen.started, &error));
    CHECK_OK(&error, weir_job_resume(seen.started, &error));
    CHECK_OK(&error, weir_job_cancel(seen.started, &error));
    CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(seen.started, -1, NULL, &error));
    CHECK(seconds_now() - begun < 2);
    CHECK(seen.ends == 1 && seen.releases == 1 && seen.on_starter == 0);
    weir_job_free(seen.started);
  }
  close(deaf);
  weir_error_clear(&error);
}

/* A loop that is told by on_end asks without waiting, and has the answer. */
static void after_on_end_no_wait_is_pending(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  watcher seen;
  int round;
  for (round = 0; round < 20; ++round) {
    watch(&options, &seen);
    seen.linger_ms = 20;
    CHECK_OK(&error, weir_start("gen:1MiB | null:", &options, &seen.started, &error));
    while (value_of(&seen, &seen.ends) == 0) continue;
    CHECK_OK(&error, weir_job_wait(seen.started, 0, NULL, &error));
    CHECK(seen.releases == 1);
    weir_job_free(seen.started);
  }
}

static void a_paused_job_stands_still_and_goes_on(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_progress progress;
  weir_push* push = NULL;
  weir_job* job = NULL;
  weir_init(&progress, sizeof progress);
  weir_init(&options, sizeof options);
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  options.push = push;
  CHECK_OK(&error, weir_start("push | null:", &options, &job, &error));
  CHECK_OK(&error, weir_job_progress(job, &progress, &error));
  CHECK(progress.state == WEIR_JOB_RUNNING && progress.struct_size == sizeof progress);
  CHECK_OK(&error, weir_job_pause(job, &error));
  CHECK_OK(&error, weir_job_progress(job, &progress, &error));
  CHECK(progress.state == WEIR_JOB_PAUSED);
  CHECK_OK(&error, weir_push_write(push, "abc", 3, &error));
  CHECK_OK(&error, weir_push_close(push, &error));
  CHECK_STATUS(WEIR_PENDING, &error, weir_job_wait(job, 50, NULL, &error));
  CHECK_OK(&error, weir_job_resume(job, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  CHECK_OK(&error, weir_job_progress(job, &progress, &error));
  CHECK(progress.state == WEIR_JOB_DONE && progress.bytes_read == 3);
  weir_push_free(push);
  weir_job_free(job);
}

static void a_cancelled_job_leaves_nothing(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_job* job = NULL;
  char line[5000];
  weir_init(&options, sizeof options);
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  options.push = push;
  snprintf(line, sizeof line, "push | 'file:%s'", path_of("cancelled"));
  CHECK_OK(&error, weir_start(line, &options, &job, &error));
  CHECK_OK(&error, weir_push_write(push, "abc", 3, &error));
  CHECK_STATUS(WEIR_PENDING, &error, weir_job_wait(job, 0, NULL, &error));
  CHECK_OK(&error, weir_job_cancel(job, &error));
  CHECK_OK(&error, weir_job_cancel(job, &error));
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, 60000, NULL, &error));
  CHECK(!file_exists(path_of("cancelled")));
  CHECK_STATUS(WEIR_E_BROKEN_PIPE, &error, weir_push_write(push, "abc", 3, &error));
  weir_push_free(push);
  weir_job_free(job);
  weir_error_clear(&error);
}

/* A writer that waits for room is told when its job is stopped by another thread. */
static void* cancel_later(void* job) {
  sleep_ms(50);
  CHECK_OK(NULL, weir_job_cancel((weir_job*)job, NULL));
  return NULL;
}

static void a_writer_that_waits_is_told_of_the_end(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_pull* pull = NULL;
  weir_job* job = NULL;
  pthread_t other;
  weir_status status = WEIR_OK;
  char block[65536];
  memset(block, 7, sizeof block);
  weir_init(&options, sizeof options);
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  CHECK_OK(&error, weir_pull_new(NULL, &pull, &error));
  options.push = push;
  options.pull = pull;
  CHECK_OK(&error, weir_start("push | pull", &options, &job, &error));
  CHECK(pthread_create(&other, NULL, cancel_later, job) == 0);
  while (status == WEIR_OK) status = weir_push_write(push, block, sizeof block, &error);
  CHECK(status == WEIR_E_BROKEN_PIPE);
  CHECK(pthread_join(other, NULL) == 0);
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, 60000, NULL, &error));
  weir_push_free(push);
  weir_pull_free(pull);
  weir_job_free(job);
  weir_error_clear(&error);
}

static void a_call_that_waits_is_refused_inside_a_callback(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  watcher seen;
  weir_push* push = NULL;
  weir_job* job = NULL;
  watch(&options, &seen);
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  options.push = push;
  CHECK_OK(&error, weir_start("push | null:", &options, &job, &error));
  pthread_mutex_lock(&seen.mutex);
  seen.job = job;
  pthread_mutex_unlock(&seen.mutex);
  CHECK_OK(&error, weir_push_close(push, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  while (value_of(&seen, &seen.inside) == WEIR_OK) sleep_ms(1);
  CHECK(value_of(&seen, &seen.inside) == WEIR_E_STATE);
  weir_push_free(push);
  weir_job_free(job);
  while (value_of(&seen, &seen.releases) == 0) sleep_ms(1);
}

/* An executor of the host's: a thread for each task, which is the simplest that is right. */
typedef struct posted {
  weir_task* task;
  int32_t kind;
  uint64_t delay_ns;
} posted;

static int readable(int32_t fd, int timeout_ms) {
  struct pollfd asked;
  asked.fd = fd;
  asked.events = POLLIN;
  asked.revents = 0;
  return poll(&asked, 1, timeout_ms) == 1;
}

static void a_descriptor_tells_of_the_end(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job* job = NULL;
  int32_t fd = -1;
  int32_t same = -1;
  CHECK_OK(&error, weir_start("gen:1TiB | null:", NULL, &job, &error));
  CHECK_OK(&error, weir_job_fd(job, &fd, &error));
  CHECK_OK(&error, weir_job_fd(job, &same, &error));
  CHECK(fd == same && !readable(fd, 20));
  CHECK_OK(&error, weir_job_cancel(job, &error));
  CHECK(readable(fd, 60000));
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, 0, NULL, &error));
  CHECK(readable(fd, 0));
  weir_job_free(job);
  /* Also of one that had ended before anybody asked. */
  CHECK_OK(&error, weir_start("gen:1KiB | null:", NULL, &job, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  CHECK_OK(&error, weir_job_fd(job, &fd, &error));
  CHECK(readable(fd, 0));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_job_fd(job, NULL, &error));
  weir_job_free(job);
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_job_fd(job, &fd, &error));
  weir_error_clear(&error);
}

static pthread_key_t kind_of_thread; /* points to the kind of the task that it runs */

static void on_progress_of_pool(void* host, const weir_progress* progress) {
  const int32_t* const kind = (const int32_t*)pthread_getspecific(kind_of_thread);
  CHECK(kind != NULL && *kind == WEIR_TASK_BLOCKING);
  *(int32_t*)host = progress->state;
}

static void on_end_of_pool(void* host) {
  const int32_t* const kind = (const int32_t*)pthread_getspecific(kind_of_thread);
  CHECK(kind != NULL && *kind == WEIR_TASK_BLOCKING && *(int32_t*)host == WEIR_JOB_DONE);
}

static pthread_mutex_t pool_mutex = PTHREAD_MUTEX_INITIALIZER;
static int pool_tasks;
static int pool_running;
static int pool_released;

static void* run_posted(void* given) {
  posted* const what = (posted*)given;
  sleep_ms((long)(what->delay_ns / 1000000));
  CHECK(pthread_setspecific(kind_of_thread, &what->kind) == 0);
  weir_task_run(what->task);
  free(what);
  pthread_mutex_lock(&pool_mutex);
  --pool_running;
  pthread_mutex_unlock(&pool_mutex);
  return NULL;
}

static void post(void* host, int32_t kind, uint64_t delay_ns, weir_task* task) {
  posted* const what = (posted*)malloc(sizeof *what);
  pthread_t thread;
  (void)host;
  CHECK(kind >= WEIR_TASK_SHORT && kind <= WEIR_TASK_BLOCKING && what != NULL);
  what->task = task;
  what->kind = kind;
  what->delay_ns = delay_ns;
  pthread_mutex_lock(&pool_mutex);
  ++pool_tasks;
  ++pool_running;
  pthread_mutex_unlock(&pool_mutex);
  CHECK(pthread_create(&thread, NULL, run_posted, what) == 0);
  CHECK(pthread_detach(thread) == 0);
}

static void release_pool(void* host) {
  (void)host;
  pthread_mutex_lock(&pool_mutex);
  ++pool_released;
  pthread_mutex_unlock(&pool_mutex);
}

static int pool_value(const int* field) {
  int value = 0;
  pthread_mutex_lock(&pool_mutex);
  value = *field;
  pthread_mutex_unlock(&pool_mutex);
  return value;
}

static void jobs_run_on_the_hosts_threads(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context* context = NULL;
  weir_context_options options;
  weir_job_options job;
  weir_executor executor;
  int32_t state = WEIR_JOB_RUNNING;
  CHECK(pthread_key_create(&kind_of_thread, NULL) == 0);
  weir_init(&executor, sizeof executor);
  executor.concurrency = 2;
  executor.post = post;
  executor.release = release_pool;
  weir_init(&options, sizeof options);
  options.executor = &executor;
  CHECK_OK(&error, weir_context_new(&options, &context, &error));
  weir_init(&job, sizeof job);
  job.context = context;
  write_file(path_of("host.in"), 1000000);
  job.on_progress = on_progress_of_pool;
  job.on_end = on_end_of_pool;
  job.host = &state;
  CHECK_OK(&error, weir_copy(path_of("host.in"), path_of("host.out"), &job, NULL, &error));
  CHECK(state == WEIR_JOB_DONE);
  CHECK(same_files(path_of("host.in"), path_of("host.out")));
  CHECK(pool_value(&pool_tasks) > 0);
  weir_context_free(context);
  while (pool_value(&pool_released) == 0 || pool_value(&pool_running) != 0) sleep_ms(1);
  CHECK(pool_value(&pool_released) == 1);
  options.threads = 3;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_context_new(&options, &context, &error));
  CHECK(pool_value(&pool_released) == 2 && context == NULL);
  weir_error_clear(&error);
}

void control_cases(void) {
  a_descriptor_tells_of_the_end();
  callbacks_come_and_are_released_once();
  after_on_end_no_wait_is_pending();
  to_start_a_job_waits_for_nobody();
  a_paused_job_stands_still_and_goes_on();
  a_cancelled_job_leaves_nothing();
  a_writer_that_waits_is_told_of_the_end();
  a_call_that_waits_is_refused_inside_a_callback();
  jobs_run_on_the_hosts_threads();
}
