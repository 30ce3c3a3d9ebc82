/* An upload that was killed or suspended is in the ledger, and the same call, or its number, goes on with it. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { kBytes = 16 << 20, kPartBytes = 5 << 20 };

static weir_context* context_with_ledger(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context_options options;
  weir_context* context = NULL;
  weir_init(&options, sizeof options);
  options.ledger = 1;
  options.state_dir = path_of("state");
  options.s3_endpoint_url = getenv("WEIR_TEST_S3_ENDPOINT");
  options.bytes_per_second = 16 << 20; /* slow enough to be met in the middle */
  CHECK_OK(&error, weir_context_new(&options, &context, &error));
  return context;
}

static weir_job* start(weir_context* context) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_job* job = NULL;
  weir_init(&options, sizeof options);
  options.context = context;
  options.part_bytes = kPartBytes;
  options.content_type = "text/x-large"; /* becomes part of the object: going on by number must know it */
  CHECK_OK(&error, weir_start_copy(path_of("large"), s3_name("large"), &options, &job, &error));
  return job;
}

static void wait_for_the_middle(weir_job* job) {
  weir_error error = WEIR_ERROR_INIT;
  weir_progress progress;
  weir_init(&progress, sizeof progress);
  do {
    sleep_ms(1);
    CHECK_OK(&error, weir_job_progress(job, &progress, &error));
    CHECK(progress.state == WEIR_JOB_RUNNING);
  } while (progress.bytes_confirmed < kPartBytes);
}

static weir_job* start_and_suspend(weir_context* context) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job* const job = start(context);
  wait_for_the_middle(job);
  CHECK_OK(&error, weir_job_suspend(job, &error));
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, 60000, NULL, &error));
  CHECK(error.kept_bytes >= kPartBytes);
  weir_error_clear(&error);
  return job;
}

/* The number of the only job in the ledger that has something to go on with; 0: there is none. */
static int64_t only_job(weir_context* context) {
  weir_error error = WEIR_ERROR_INIT;
  weir_unfinished_job found = WEIR_UNFINISHED_JOB_INIT;
  weir_unfinished* list = NULL;
  int64_t id = 0;
  weir_status status = WEIR_OK;
  CHECK_OK(&error, weir_ledger_list(context, &list, &error));
  status = weir_unfinished_next(list, &found, &error);
  if (status == WEIR_OK && found.bytes_stored >= kPartBytes) {
    CHECK(strstr(found.source, "large") != NULL && strcmp(found.destination, s3_name("large")) == 0);
    CHECK(found.can_resume == 1 && found.bytes_total == kBytes);
    id = found.id;
    CHECK_STATUS(WEIR_END, &error, weir_unfinished_next(list, &found, &error));
  } else {
    CHECK(status == WEIR_END || status == WEIR_OK);
  }
  weir_unfinished_free(list);
  return id;
}

int be_the_victim(void) {
  weir_context* const context = context_with_ledger();
  wait_for_the_middle(start(context));
  while (only_job(context) == 0) sleep_ms(1); /* what is confirmed is recorded a little later */
  raise(SIGKILL);
  return 0;
}

static void kill_one(void) {
  const pid_t child = fork();
  int status = 0;
  CHECK(child >= 0);
  if (child == 0) {
    execl(getenv("WEIR_TEST_PROGRAM"), "abi_cases", "victim", (char*)NULL);
    _exit(1);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void finish(weir_job* job) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_object_info info = WEIR_OBJECT_INFO_INIT;
  weir_context* const context = s3_context();
  weir_job_options options;
  CHECK_OK(&error, weir_job_wait(job, -1, &receipt, &error));
  CHECK(receipt.bytes_stored == kBytes && receipt.bytes_resumed >= kPartBytes && receipt.checksum_verified);
  weir_init(&options, sizeof options);
  options.context = context;
  CHECK_OK(&error, weir_copy(s3_name("large"), path_of("large.back"), &options, NULL, &error));
  CHECK(same_files(path_of("large"), path_of("large.back")));
  CHECK_OK(&error, weir_store_head(context, s3_name("large"), &info, &error));
  CHECK(strcmp(info.content_type, "text/x-large") == 0);
  CHECK_OK(&error, weir_store_remove(context, s3_name("large"), &error));
  weir_context_free(context);
  weir_job_free(job);
  weir_receipt_clear(&receipt);
  weir_object_info_clear(&info);
}

void resume_cases(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context* context = NULL;
  weir_job_options options;
  weir_job* job = NULL;
  int64_t id = 0;
  write_file(path_of("large"), kBytes);

  kill_one();
  context = context_with_ledger();
  CHECK(only_job(context) > 0);
  finish(start(context)); /* the same call */
  CHECK(only_job(context) == 0);

  weir_job_free(start_and_suspend(context));
  id = only_job(context);
  weir_init(&options, sizeof options);
  options.context = context;
  CHECK_STATUS(WEIR_E_NOT_FOUND, &error, weir_ledger_resume(id + 1000, &options, &job, &error));
  CHECK_OK(&error, weir_ledger_resume(id, &options, &job, &error)); /* its number */
  finish(job);

  weir_job_free(start_and_suspend(context));
  CHECK_OK(&error, weir_ledger_abort(context, only_job(context), &error));
  CHECK(only_job(context) == 0);
  CHECK_STATUS(WEIR_E_NOT_FOUND, &error, weir_ledger_abort(context, id, &error));
  weir_context_free(context);
  weir_error_clear(&error);
}
