/* What a job is told. */
#ifndef WEIR_NODE_OPTIONS_H
#define WEIR_NODE_OPTIONS_H

#include "values.h"

struct job_options {
  weir_job_options told;
  struct texts texts;
  weir_pair* pairs;
};
/* False: an exception is pending. job_options_free() in any case. */
bool job_options_read(struct env* env, napi_value given, double id, struct job_options* into);
void job_options_free(struct job_options* options);

#endif
