/* Handles that push into a pipeline and pull out of one, without waiting. */
#ifndef WEIR_NODE_STREAM_H
#define WEIR_NODE_STREAM_H

#include "values.h"

bool read_push(struct env* env, napi_value value, weir_push** into);
bool read_pull(struct env* env, napi_value value, weir_pull** into);

/* pushNew(exactBytes or undefined, mostBytes or undefined) → external */
napi_value js_push_new(napi_env napi, napi_callback_info info);
/* pushWrite(push, bytes, offset) → how many were taken; 0: there is no room */
napi_value js_push_write(napi_env napi, napi_callback_info info);
/* pushLend(push, bytes, offset, size, id) → whether they were taken; dispatch("released", id) when they are not needed
 */
napi_value js_push_lend(napi_env napi, napi_callback_info info);
napi_value js_push_close(napi_env napi, napi_callback_info info);
/* pushFail(push, text) */
napi_value js_push_fail(napi_env napi, napi_callback_info info);
/* pullNew() → external */
napi_value js_pull_new(napi_env napi, napi_callback_info info);
/* pullRead(pull) → a Buffer; null at the end; undefined: there is nothing yet */
napi_value js_pull_read(napi_env napi, napi_callback_info info);
/* pullLend(pull) → as pullRead, a Buffer on the job's own memory, to be given back by detach() */
napi_value js_pull_lend(napi_env napi, napi_callback_info info);
/* detach(arrayBuffer): whoever still has it has no bytes any more */
napi_value js_detach(napi_env napi, napi_callback_info info);
/* pullReadInto(pull, bytes) → how many; 0 at the end; undefined: there is nothing yet */
napi_value js_pull_read_into(napi_env napi, napi_callback_info info);
/* streamWait(push or pull, callback): once, when a try is worth it */
napi_value js_stream_wait(napi_env napi, napi_callback_info info);
napi_value js_stream_free(napi_env napi, napi_callback_info info);

#endif
