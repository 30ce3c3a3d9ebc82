#include "job.h"

#include <stdlib.h>

#include "options.h"
#include "results.h"
#include "stage.h"

static void finalize(napi_env napi, void* data, void* hint) {
  struct job* job = data;
  (void)napi;
  if (job->previous != NULL) job->previous->next = job->next;
  if (job->next != NULL) job->next->previous = job->previous;
  if (job->held.env->jobs == job) job->held.env->jobs = job->next;
  weir_job_free(job->handle);
  weir_copies_free(job->copies);
  free(job);
  env_release(hint);
}

static napi_value value_of(struct env* env, enum HeldKind kind, weir_job* handle, weir_copies* copies) {
  struct job* job = calloc(1, sizeof *job);
  if (job == NULL) {
    weir_job_free(handle);
    weir_copies_free(copies);
    return NULL;
  }
  job->held.kind = kind;
  job->handle = handle;
  job->copies = copies;
  job->next = env->jobs;
  if (job->next != NULL) job->next->previous = job;
  env->jobs = job;
  return new_held(env, &job->held, finalize);
}

napi_value job_value(struct env* env, weir_job* handle) { return value_of(env, HELD_JOB, handle, NULL); }
napi_value copies_value(struct env* env, weir_copies* handle) { return value_of(env, HELD_COPIES, NULL, handle); }

static double* read_ids(struct env* env, napi_value given, uint32_t* count) {
  *count = 0;
  if (napi_get_array_length(env->napi, given, count) != napi_ok) *count = 0;
  double* ids = calloc(*count + 1, sizeof *ids);
  if (ids == NULL) *count = 0;
  for (uint32_t i = 0; i < *count; ++i) {
    napi_value id;
    if (napi_get_element(env->napi, given, i, &id) == napi_ok) napi_get_value_double(env->napi, id, &ids[i]);
  }
  return ids;
}

napi_value js_start(napi_env napi, napi_callback_info info) {
  napi_value values[6], made = NULL;
  struct env* env = arguments(napi, info, 6, values);
  const char *source = NULL, *destination = NULL;
  double id = 0;
  uint32_t count = 0;
  weir_job* job = NULL;
  weir_error error = WEIR_ERROR_INIT;
  struct job_options options = {.pairs = NULL};
  struct texts names = {NULL, 0};
  if (!env->closed && read_text(env, values[1], &names, &source) && read_text(env, values[2], &names, &destination) &&
      read_number(env, values[4], &id) && job_options_read(env, values[3], id, &options)) {
    double* ids = read_ids(env, values[5], &count);
    stage_begin_start(env, ids, count);
    const weir_status status = truth(env, values[0]) ? weir_start_copy(source, destination, &options.told, &job, &error)
                                                     : weir_start(source, &options.told, &job, &error);
    stage_end_start();
    free(ids);
    if (status == WEIR_OK) made = job_value(env, job);
    if (status != WEIR_OK) throw_weir(env, status, &error);
  }
  texts_free(&names);
  job_options_free(&options);
  return made;
}

napi_value js_job_answer(napi_env napi, napi_callback_info info) {
  napi_value values[1], made = NULL;
  struct env* env = arguments(napi, info, 1, values);
  struct job* job = read_held(env, values[0], HELD_JOB);
  if (job == NULL) return NULL;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_error error = WEIR_ERROR_INIT;
  const weir_status status = weir_job_wait(job->handle, 0, &receipt, &error);
  if (status == WEIR_OK) {
    made = receipt_value(env, &receipt);
  } else if (status != WEIR_PENDING) {
    throw_weir(env, status, &error);
  }
  weir_receipt_clear(&receipt);
  return made;
}

napi_value js_job_progress(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  struct env* env = arguments(napi, info, 1, values);
  struct job* job = read_held(env, values[0], HELD_JOB);
  if (job == NULL) return NULL;
  weir_progress progress;
  weir_error error = WEIR_ERROR_INIT;
  weir_init(&progress, sizeof progress);
  const weir_status status = weir_job_progress(job->handle, &progress, &error);
  if (status == WEIR_OK) return progress_value(env, &progress);
  throw_weir(env, status, &error);
  return NULL;
}

napi_value js_job_steer(napi_env napi, napi_callback_info info) {
  static weir_status (*const kWays[])(weir_job*, weir_error*) = {weir_job_pause, weir_job_resume, weir_job_cancel,
                                                                 weir_job_suspend};
  napi_value values[2];
  struct env* env = arguments(napi, info, 2, values);
  struct job* job = read_held(env, values[0], HELD_JOB);
  double way = 0;
  if (job == NULL || !read_number(env, values[1], &way) || way < 0 || way > 3) return NULL;
  weir_error error = WEIR_ERROR_INIT;
  const weir_status status = kWays[(int)way](job->handle, &error);
  if (status != WEIR_OK) throw_weir(env, status, &error);
  return NULL;
}

napi_value js_job_free(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  struct env* env = arguments(napi, info, 1, values);
  struct job* job = read_held(env, values[0], HELD_JOB);
  if (job != NULL) weir_job_free(job->handle);
  return NULL;
}
