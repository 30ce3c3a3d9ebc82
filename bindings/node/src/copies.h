/* Many files and objects in one call. */
#ifndef WEIR_NODE_COPIES_H
#define WEIR_NODE_COPIES_H

#include <node_api.h>

/* copiesStart(sources, destination, how, options, id) → external; asked("item", item) for each */
napi_value js_copies_start(napi_env napi, napi_callback_info info);
napi_value js_copies_progress(napi_env napi, napi_callback_info info);
napi_value js_copies_suspend(napi_env napi, napi_callback_info info);
napi_value js_copies_free(napi_env napi, napi_callback_info info);

#endif
