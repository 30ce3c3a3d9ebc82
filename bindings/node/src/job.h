/* Jobs: started, watched, steered. */
#ifndef WEIR_NODE_JOB_H
#define WEIR_NODE_JOB_H

#include "values.h"

struct job {
  struct held held;
  weir_job* handle;
  weir_copies* copies;         /* one of the two is NULL */
  struct job *previous, *next; /* of the environment's */
};

/* An external value for a job of the library's, which it frees. */
napi_value job_value(struct env* env, weir_job* handle);
napi_value copies_value(struct env* env, weir_copies* handle);

/* start(copies, text, text, options, id, stageIds) → external; the first text is a pipeline, or source and destination.
 */
napi_value js_start(napi_env napi, napi_callback_info info);
/* jobAnswer(job) → receipt, or undefined while it runs; throws why it failed. */
napi_value js_job_answer(napi_env napi, napi_callback_info info);
napi_value js_job_progress(napi_env napi, napi_callback_info info);
/* jobSteer(job, 0 pause | 1 resume | 2 cancel | 3 suspend) */
napi_value js_job_steer(napi_env napi, napi_callback_info info);
napi_value js_job_free(napi_env napi, napi_callback_info info);

#endif
