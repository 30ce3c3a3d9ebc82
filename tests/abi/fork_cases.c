/* The child of a fork is told; its parent goes on. */
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

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

void fork_cases(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_push* push = NULL;
  weir_job* job = NULL;
  pid_t child = 0;
  int status = 0;
  CHECK_OK(&error, weir_push_new(NULL, &push, &error));
  weir_init(&options, sizeof options);
  options.push = push;
  CHECK_OK(&error, weir_start("push | null:", &options, &job, &error));
  child = fork();
  CHECK(child >= 0);
  if (child == 0) _exit(in_the_child(job, push));
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK_OK(&error, weir_push_write(push, "x", 1, &error));
  CHECK_OK(&error, weir_push_close(push, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_push_free(push);
  weir_job_free(job);
}
