#include "copies.h"

#include <stdlib.h>

#include "host.h"
#include "job.h"
#include "options.h"
#include "request.h"
#include "results.h"

/* Waits until JavaScript has seen it: what is told too fast is held up. */
static void on_item(void* host, const weir_copied* item) {
  struct request request = {.what = "item", .item = item, .host = host_id(host)};
  (void)request_ask(host_env(host), &request);
  request_clear(&request);
}

struct lists {
  struct texts texts;
  const char** sources;
  weir_pair* filters;
  uint32_t source_count, filter_count;
};

static bool read_texts(struct env* env, napi_value given, struct texts* texts, const char** into, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    napi_value text;
    if (napi_get_element(env->napi, given, i, &text) != napi_ok || !read_text(env, text, texts, &into[i])) return false;
  }
  return true;
}

static bool read_lists(struct env* env, napi_value sources, napi_value filters, struct lists* into) {
  napi_get_array_length(env->napi, sources, &into->source_count);
  napi_get_array_length(env->napi, filters, &into->filter_count);
  into->sources = calloc(into->source_count + 1, sizeof *into->sources);
  into->filters = calloc(into->filter_count / 2 + 1, sizeof *into->filters); /* pairs are two texts each */
  return into->sources != NULL && into->filters != NULL &&
         read_texts(env, sources, &into->texts, into->sources, into->source_count) &&
         read_texts(env, filters, &into->texts, &into->filters[0].name, into->filter_count);
}

static bool read_how(struct env* env, napi_value given, weir_copies_options* how) {
  uint64_t update = 0, files = 0;
  how->recursive = truth(env, property(env, given, "recursive"));
  how->globs = truth(env, property(env, given, "globs"));
  how->dry_run = truth(env, property(env, given, "dryRun"));
  if (!read_u64(env, property(env, given, "update"), "update", &update) ||
      !read_u64(env, property(env, given, "files"), "files", &files))
    return false;
  how->update = (int32_t)update;
  how->files = files > UINT32_MAX ? UINT32_MAX : (uint32_t)files;
  return true;
}

napi_value js_copies_start(napi_env napi, napi_callback_info info) {
  napi_value values[5], made = NULL;
  struct env* env = arguments(napi, info, 5, values);
  struct lists lists = {.source_count = 0};
  struct job_options options = {.pairs = NULL};
  weir_copies_options how;
  weir_error error = WEIR_ERROR_INIT;
  const char* destination = NULL;
  weir_copies* copies = NULL;
  double id = 0;
  weir_init(&how, sizeof how);
  if (!env->closed && read_lists(env, values[0], property(env, values[2], "filters"), &lists) &&
      read_text(env, values[1], &lists.texts, &destination) && read_how(env, values[2], &how) &&
      read_number(env, values[4], &id) && job_options_read(env, values[3], id, &options)) {
    host_drop(options.told.host); /* of jobs; this is none */
    options.told.on_end = NULL;
    options.told.release = NULL;
    options.told.host = NULL;
    how.filters = lists.filters;
    how.filter_count = lists.filter_count / 2;
    how.on_item = on_item;
    how.release = host_release;
    how.host = host_new(env, id, HOST_JOB);
    const weir_status status = how.host == NULL ? WEIR_E_NOMEM
                                                : weir_start_copies(lists.sources, lists.source_count, destination,
                                                                    &how, &options.told, &copies, &error);
    if (status == WEIR_OK) made = copies_value(env, copies);
    if (how.host == NULL) throw_no_memory(env);
    if (how.host != NULL && status != WEIR_OK) throw_weir(env, status, &error);
  }
  texts_free(&lists.texts);
  free(lists.sources);
  free(lists.filters);
  job_options_free(&options);
  return made;
}

napi_value js_copies_progress(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  struct env* env = arguments(napi, info, 1, values);
  struct job* copies = read_held(env, values[0], HELD_COPIES);
  weir_copies_progress progress;
  weir_error error = WEIR_ERROR_INIT;
  weir_init(&progress, sizeof progress);
  if (copies == NULL) return NULL;
  const weir_status status = weir_copies_snapshot(copies->copies, &progress, &error);
  if (status == WEIR_OK) return summary_value(env, &progress);
  throw_weir(env, status, &error);
  return NULL;
}

napi_value js_copies_suspend(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  struct env* env = arguments(napi, info, 1, values);
  struct job* copies = read_held(env, values[0], HELD_COPIES);
  if (copies != NULL) (void)weir_copies_suspend(copies->copies, NULL);
  return NULL;
}

napi_value js_copies_free(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  struct env* env = arguments(napi, info, 1, values);
  struct job* copies = read_held(env, values[0], HELD_COPIES);
  if (copies != NULL) weir_copies_free(copies->copies);
  return NULL;
}
