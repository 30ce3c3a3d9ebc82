/* weir for Node: the C interface of the library, as lib/ calls it. Nobody else does. */

#include "call.h"
#include "context.h"
#include "copies.h"
#include "job.h"
#include "request.h"
#include "stream.h"

/* begin(dispatch, WeirError): before anything else. */
static napi_value js_begin(napi_env napi, napi_callback_info info) {
  napi_value values[2];
  struct env* env = arguments(napi, info, 2, values);
  napi_create_reference(napi, values[0], 1, &env->dispatch);
  napi_create_reference(napi, values[1], 1, &env->error_class);
  return NULL;
}

/* hold(true) keeps the program running, until hold(false). */
static napi_value js_hold(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  struct env* env = arguments(napi, info, 1, values);
  if (truth(env, values[0])) {
    env_hold(env);
  } else {
    env_let_go(env);
  }
  return NULL;
}

static napi_value js_shut_down(napi_env napi, napi_callback_info info) {
  env_shut_down(arguments(napi, info, 0, NULL));
  return NULL;
}

static bool define(struct env* env, napi_value exports) {
  const napi_property_descriptor functions[] = {
#define FUNCTION(name, function) {name, NULL, function, NULL, NULL, NULL, napi_default, env}
      FUNCTION("begin", js_begin),
      FUNCTION("hold", js_hold),
      FUNCTION("shutDown", js_shut_down),
      FUNCTION("contextNew", js_context_new),
      FUNCTION("contextFree", js_context_free),
      FUNCTION("start", js_start),
      FUNCTION("jobAnswer", js_job_answer),
      FUNCTION("jobProgress", js_job_progress),
      FUNCTION("jobSteer", js_job_steer),
      FUNCTION("jobFree", js_job_free),
      FUNCTION("pushNew", js_push_new),
      FUNCTION("pushWrite", js_push_write),
      FUNCTION("pushLend", js_push_lend),
      FUNCTION("pushClose", js_push_close),
      FUNCTION("pushFail", js_push_fail),
      FUNCTION("pullNew", js_pull_new),
      FUNCTION("pullRead", js_pull_read),
      FUNCTION("pullLend", js_pull_lend),
      FUNCTION("detach", js_detach),
      FUNCTION("pullReadInto", js_pull_read_into),
      FUNCTION("streamWait", js_stream_wait),
      FUNCTION("streamFree", js_stream_free),
      FUNCTION("answer", js_answer),
      FUNCTION("call", js_call),
      FUNCTION("listNew", js_list_new),
      FUNCTION("listNext", js_list_next),
      FUNCTION("copiesStart", js_copies_start),
      FUNCTION("copiesWait", js_copies_wait),
      FUNCTION("copiesProgress", js_copies_progress),
      FUNCTION("copiesSuspend", js_copies_suspend),
      FUNCTION("copiesFree", js_copies_free),
#undef FUNCTION
  };
  set_text(env, exports, "version", weir_version_text());
  set_text(env, exports, "features", weir_features());
  return napi_define_properties(env->napi, exports, sizeof functions / sizeof *functions, functions) == napi_ok;
}

NAPI_MODULE_INIT() {
  if (weir_version() < WEIR_VERSION_NUMBER) {
    napi_throw_error(env, NULL, "the library libweir.so is older than this addon");
    return NULL;
  }
  struct env* made = env_new(env);
  return made != NULL && define(made, exports) ? exports : NULL;
}
