/* Contexts, with functions of JavaScript's for keys and for what is logged. */
#ifndef WEIR_NODE_CONTEXT_H
#define WEIR_NODE_CONTEXT_H

#include "values.h"

/* The context behind an external value. */
bool read_context(struct env* env, napi_value value, weir_context** into);

/* contextNew(options, logId, credentialsId or undefined) → external */
napi_value js_context_new(napi_env napi, napi_callback_info info);
napi_value js_context_free(napi_env napi, napi_callback_info info);

#endif
