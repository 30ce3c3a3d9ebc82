/* What the library tells, as JavaScript's objects. */
#ifndef WEIR_NODE_RESULTS_H
#define WEIR_NODE_RESULTS_H

#include "values.h"

napi_value progress_value(struct env* env, const weir_progress* progress);
napi_value receipt_value(struct env* env, const weir_receipt* receipt);
napi_value info_value(struct env* env, const weir_object_info* info);
napi_value listed_value(struct env* env, const weir_listed* entry);
napi_value item_value(struct env* env, const weir_copied* item);
napi_value summary_value(struct env* env, const weir_copies_progress* progress);
napi_value unfinished_value(struct env* env, const weir_unfinished_job* job);

#endif
