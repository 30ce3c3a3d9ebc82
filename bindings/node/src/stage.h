/* Stages written in JavaScript: one stage of the library's by the name of "node" in each context. Its argument is the
 * number of the function in the pipeline that this thread is just starting; no line of text from elsewhere can mean
 * one. */
#ifndef WEIR_NODE_STAGE_H
#define WEIR_NODE_STAGE_H

#include "env.h"

weir_status stage_add(weir_context* context, weir_error* error);

/* What this thread's next pipeline may mean, by the numbers that JavaScript keeps them by; until stage_end_start(). */
void stage_begin_start(struct env* env, const double* ids, size_t count);
void stage_end_start(void);

#endif
