#include "options.h"

#include <stdlib.h>

#include "context.h"
#include "host.h"
#include "stream.h"

static bool read_metadata(struct env* env, napi_value given, struct job_options* into) {
  uint32_t count = 0;
  if (is_nothing(env, given) || napi_get_array_length(env->napi, given, &count) != napi_ok || count == 0) return true;
  into->pairs = calloc(count / 2, sizeof *into->pairs);
  if (into->pairs == NULL) return true;
  for (uint32_t i = 0; i < count; ++i) {
    napi_value text;
    weir_pair* pair = &into->pairs[i / 2];
    if (napi_get_element(env->napi, given, i, &text) != napi_ok ||
        !read_text(env, text, &into->texts, i % 2 == 0 ? &pair->name : &pair->value))
      return false;
  }
  into->told.metadata = into->pairs;
  into->told.metadata_count = count / 2;
  return true;
}

bool job_options_read(struct env* env, napi_value given, double id, struct job_options* into) {
  weir_job_options* told = &into->told;
  uint64_t concurrency = 0;
  weir_init(told, sizeof *told);
  into->texts = (struct texts){NULL, 0};
  into->pairs = NULL;
  told->no_clobber = truth(env, property(env, given, "noClobber"));
  told->begin_anew = truth(env, property(env, given, "beginAnew"));
  const napi_value push = property(env, given, "push"), pull = property(env, given, "pull");
  if (!read_context(env, property(env, given, "context"), &told->context) ||
      !read_u64(env, property(env, given, "budgetBytes"), "budgetBytes", &told->budget_bytes) ||
      !read_u64(env, property(env, given, "partBytes"), "partBytes", &told->part_bytes) ||
      !read_u64(env, property(env, given, "concurrency"), "concurrency", &concurrency) ||
      !read_u64(env, property(env, given, "readOffset"), "readOffset", &told->read_offset) ||
      !read_u64(env, property(env, given, "readBytes"), "readBytes", &told->read_bytes) ||
      !read_text(env, property(env, given, "readEtag"), &into->texts, &told->read_etag) ||
      !read_text(env, property(env, given, "through"), &into->texts, &told->through) ||
      !read_text(env, property(env, given, "contentType"), &into->texts, &told->content_type) ||
      !read_metadata(env, property(env, given, "metadata"), into) ||
      (!is_nothing(env, push) && !read_push(env, push, &told->push)) ||
      (!is_nothing(env, pull) && !read_pull(env, pull, &told->pull)))
    return false;
  told->concurrency = concurrency > UINT32_MAX ? UINT32_MAX : (uint32_t)concurrency;
  told->on_end = host_ended;
  told->release = host_release;
  told->host = host_new(env, id, HOST_JOB);
  if (told->host == NULL) throw_no_memory(env);
  return told->host != NULL;
}

void job_options_free(struct job_options* options) {
  texts_free(&options->texts);
  free(options->pairs);
}
