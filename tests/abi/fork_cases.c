/* The child of a fork is told; its parent goes on. */
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* How the child ends; it must within a second. */
static int exit_code_of(pid_t child) {
  int status = 0;
  int ms;
  CHECK(child >= 0);
  for (ms = 0; ms < 1000; ++ms) {
    const pid_t ended = waitpid(child, &status, WNOHANG);
    CHECK(ended >= 0);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
    sleep_ms(1);
  }
  return -1;
}

static int in_the_child(weir_job* job, weir_push* push) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context* context = NULL;
  weir_job* other = NULL;
  if (weir_job_wait(job, -1, NULL, &error) != WEIR_E_FORKED) return 1;
  if (strstr(error.message, "child") == NULL) return 2;
  if (weir_push_write(push, "x", 1, &error) != WEIR_E_FORKED) return 3;
  if (weir_start("gen:1KiB | null:", NULL, &other, &error) != WEIR_E_FORKED || other != NULL) return 4;
  if (weir_context_new(NULL, &context, &error) != WEIR_E_FORKED) return 5;
  weir_push_free(push);
  weir_job_free(job);
  weir_error_clear(&error);
  return 0;
}

static void the_child_is_told(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_job* job = NULL;
  pid_t child = 0;
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  weir_init(&options, sizeof options);
  options.push = push;
  CHECK_OK(&error, weir_start("push | null:", &options, &job, &error));
  child = fork();
  if (child == 0) _exit(in_the_child(job, push));
  CHECK(exit_code_of(child) == 0);
  CHECK_OK(&error, weir_push_write(push, "x", 1, &error));
  CHECK_OK(&error, weir_push_close(push, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_push_free(push);
  weir_job_free(job);
}

/* With a request under way in the parent, which nobody answers. */
static void a_child_that_exits_waits_for_nothing(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job* job = NULL;
  char url[64];
  char line[100];
  pid_t child = 0;
  const int deaf = deaf_server(url, sizeof url);
  snprintf(line, sizeof line, "%s | null:", url);
  CHECK_OK(&error, weir_start(line, NULL, &job, &error));
  CHECK_STATUS(WEIR_PENDING, &error, weir_job_wait(job, 100, NULL, &error));
  fflush(stdout);
  child = fork();
  if (child == 0) exit(7);
  CHECK(exit_code_of(child) == 7);
  CHECK_OK(&error, weir_job_cancel(job, &error));
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  weir_error_clear(&error);
  close(deaf);
}

static int forks;
static int processed;

/* Forks inside a callback. */
static int32_t fork_process(void* host, const void* data, size_t size, weir_stage_call* call) {
  (void)host;
  (void)data;
  ++processed;
  if (forks++ == 0) {
    const pid_t child = fork();
    if (child == 0) _exit(weir_copy("gen:1KiB", "null:", NULL, NULL, NULL) == WEIR_E_FORKED ? 0 : 1);
    CHECK(exit_code_of(child) == 0);
  }
  return weir_stage_emit_slice(call, 0, size) == WEIR_OK ? 0 : 1;
}

static int32_t fork_make(void* host, const char* argument, weir_stage_call* call) {
  weir_transform transform;
  (void)host;
  (void)argument;
  weir_init(&transform, sizeof transform);
  transform.process = fork_process;
  return weir_stage_set(call, &transform) == WEIR_OK ? 0 : 1;
}

/* An executor of this thread's: what was posted is run when it says so. */
enum { kMostTasks = 1000 };
static weir_task* tasks[kMostTasks];
static int posted;
static int ran;

static void keep_task(void* host, int32_t kind, uint64_t delay_ns, weir_task* task) {
  (void)host;
  (void)kind;
  (void)delay_ns;
  CHECK(posted < kMostTasks);
  tasks[posted++] = task;
}

static void run_tasks(void) {
  while (ran < posted) weir_task_run(tasks[ran++]);
}

static void a_child_runs_nothing_of_its_parents(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context* context = NULL;
  weir_context_options options;
  weir_executor executor;
  weir_stage_type type;
  weir_job_options with;
  weir_job* job = NULL;
  pid_t child = 0;
  weir_init(&executor, sizeof executor);
  executor.concurrency = 1;
  executor.post = keep_task;
  weir_init(&options, sizeof options);
  options.executor = &executor;
  CHECK_OK(&error, weir_context_new(&options, &context, &error));
  weir_init(&type, sizeof type);
  type.name = "fork";
  type.make = fork_make;
  CHECK_OK(&error, weir_context_add_stage(context, &type, &error));
  weir_init(&with, sizeof with);
  with.context = context;
  CHECK_OK(&error, weir_start("gen:1KiB | fork | null:", &with, &job, &error));
  CHECK(posted > 0);
  child = fork();
  if (child == 0) {
    run_tasks();
    weir_task_drop(tasks[0]);
    _exit(processed);
  }
  CHECK(exit_code_of(child) == 0);
  run_tasks();
  CHECK(processed > 0 && forks > 0);
  CHECK_OK(&error, weir_job_wait(job, 0, NULL, &error));
  weir_job_free(job);
  weir_context_free(context);
}

void fork_cases(void) {
  the_child_is_told();
  a_child_that_exits_waits_for_nothing();
  a_child_runs_nothing_of_its_parents();
}
