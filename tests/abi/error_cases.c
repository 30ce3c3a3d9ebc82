/* What an error says, and that it can be used again. */
#include "check.h"

static void an_error_has_its_parts(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job* job = (weir_job*)&error;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("file:x | zzstd | file:y", NULL, &job, &error));
  CHECK(job == NULL);
  CHECK(error.status == WEIR_E_INVALID_ARGUMENT && error.retry == WEIR_RETRY_NEVER);
  CHECK(strstr(error.message, "zzstd") != NULL && strstr(error.message, "column 10") != NULL);
  CHECK(error.operation[0] != 0 && error.cause[0] != 0 && error.service_code[0] == 0);
  CHECK_STATUS(WEIR_E_NOT_FOUND, &error, weir_copy(path_of("absent"), path_of("out"), NULL, NULL, &error));
  CHECK(strstr(error.message, "absent") != NULL);
  /* A call that succeeds leaves nothing of it. */
  CHECK_OK(&error, weir_upload("x", 1, path_of("x"), NULL, NULL, &error));
  CHECK(error.status == WEIR_OK && error.message == NULL);
  weir_error_clear(&error);
  weir_error_clear(&error);
}

static void an_error_may_be_left_out(void) {
  CHECK(weir_copy(path_of("absent"), path_of("out"), NULL, NULL, NULL) == WEIR_E_NOT_FOUND);
  CHECK(weir_start(NULL, NULL, NULL, NULL) == WEIR_E_INVALID_ARGUMENT);
}

static void a_job_that_cannot_work_says_so_when_it_is_waited_for(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job* job = NULL;
  char line[9000];
  snprintf(line, sizeof line, "'file:%s' | 'file:%s'", path_of("absent"), path_of("out"));
  CHECK_OK(&error, weir_start(line, NULL, &job, &error));
  CHECK_STATUS(WEIR_E_NOT_FOUND, &error, weir_job_wait(job, -1, NULL, &error));
  CHECK_STATUS(WEIR_E_NOT_FOUND, &error, weir_job_wait(job, 0, NULL, &error));
  weir_job_free(job);
  weir_error_clear(&error);
}

static void statuses_have_names(void) {
  CHECK(strcmp(weir_status_name(WEIR_OK), "ok") == 0);
  CHECK(strcmp(weir_status_name(WEIR_E_NOT_FOUND), "not_found") == 0);
  CHECK(strcmp(weir_status_name(WEIR_E_FORKED), "forked") == 0);
  CHECK(strcmp(weir_status_name(12345), "unknown") == 0);
  CHECK(strcmp(weir_status_name(-1), "unknown") == 0);
}

static void what_is_there_is_not_replaced_where_that_is_asked_for(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  char buffer[8];
  size_t size = 0;
  weir_init(&options, sizeof options);
  options.no_clobber = 1;
  CHECK_OK(&error, weir_upload("first", 5, path_of("kept"), &options, NULL, &error));
  CHECK_STATUS(WEIR_E_ALREADY_EXISTS, &error, weir_upload("second", 6, path_of("kept"), &options, NULL, &error));
  CHECK_OK(&error, weir_download(path_of("kept"), buffer, sizeof buffer, &size, NULL, NULL, &error));
  CHECK(size == 5 && memcmp(buffer, "first", 5) == 0);
  weir_error_clear(&error);
}

void error_cases(void) {
  an_error_has_its_parts();
  an_error_may_be_left_out();
  a_job_that_cannot_work_says_so_when_it_is_waited_for();
  statuses_have_names();
  what_is_there_is_not_replaced_where_that_is_asked_for();
}
