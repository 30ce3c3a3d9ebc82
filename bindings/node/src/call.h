/* Calls that wait, each on a thread of its own: those of libuv's pool would be missing for what a function that gives
 * credentials does, which such a call may wait for. */
#ifndef WEIR_NODE_CALL_H
#define WEIR_NODE_CALL_H

#include "env.h"

/* call(id, context, what, text, text, number, jobId, options) → dispatch("called", id, error or null, value) */
napi_value js_call(napi_env napi, napi_callback_info info);
/* listNew(context, prefix, folders) → external; listNext(id, listing) → as call: an array, empty at the end */
napi_value js_list_new(napi_env napi, napi_callback_info info);
napi_value js_list_next(napi_env napi, napi_callback_info info);
/* copiesWait(id, copies) → as call: the sum */
napi_value js_copies_wait(napi_env napi, napi_callback_info info);

#endif
