#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "host.h"
#include "job.h"
#include "options.h"
#include "results.h"

/* Entries of a listing that are fetched in one go. */
enum { AT_ONCE = 500 };

struct call {
  struct note note;
  struct env* env;
  double id;
  void (*run)(struct call* call);
  napi_value (*result)(struct env* env, struct call* call); /* NULL: undefined */
  struct texts texts;
  weir_context* context;
  const char *first, *second;
  uint64_t number;
  struct job_options options;
  weir_listing* listing;
  weir_copies* copies;
  weir_copies_progress sum;

  weir_status status;
  weir_error error;
  weir_object_info info;
  char* url;
  weir_job* job;
  weir_listed* listed;
  weir_unfinished_job* unfinished;
  size_t count;
};

/* ---- On a thread of the call's */

static void run_head(struct call* call) {
  call->status = weir_store_head(call->context, call->first, &call->info, &call->error);
}

static void run_remove(struct call* call) {
  call->status = weir_store_remove(call->context, call->first, &call->error);
}

static void run_copy(struct call* call) {
  call->status = weir_store_copy(call->context, call->first, call->second, &call->info, &call->error);
}

static void run_presign(struct call* call) {
  call->status = weir_store_presign(call->context, call->second, call->first, call->number, &call->url, &call->error);
}

static void run_abort(struct call* call) {
  call->status = weir_ledger_abort(call->context, (int64_t)call->number, &call->error);
}

static void run_resume(struct call* call) {
  call->status = weir_ledger_resume((int64_t)call->number, &call->options.told, &call->job, &call->error);
}

/* A text that lives as long as the call. */
static const char* keep(struct call* call, const char* text) {
  char** items = realloc(call->texts.items, (call->texts.count + 1) * sizeof *items);
  if (items == NULL) return "";
  call->texts.items = items;
  items[call->texts.count] = strdup(text == NULL ? "" : text);
  return items[call->texts.count++];
}

static void run_next(struct call* call) {
  call->listed = calloc(AT_ONCE, sizeof *call->listed);
  if (call->listed == NULL) call->status = WEIR_E_NOMEM;
  while (call->listed != NULL && call->count < AT_ONCE) {
    weir_listed* entry = &call->listed[call->count];
    weir_init(entry, sizeof *entry);
    call->status = weir_listing_next(call->listing, entry, &call->error);
    if (call->status != WEIR_OK) return;
    entry->name = keep(call, entry->name);
    entry->key = keep(call, entry->key);
    entry->etag = keep(call, entry->etag);
    ++call->count;
  }
}

static void run_unfinished(struct call* call) {
  weir_unfinished* list = NULL;
  weir_unfinished_job job = WEIR_UNFINISHED_JOB_INIT;
  call->status = weir_ledger_list(call->context, &list, &call->error);
  while (call->status == WEIR_OK && (call->status = weir_unfinished_next(list, &job, &call->error)) == WEIR_OK) {
    weir_unfinished_job* all = realloc(call->unfinished, (call->count + 1) * sizeof *all);
    if (all == NULL) {
      call->status = WEIR_E_NOMEM;
      break;
    }
    call->unfinished = all;
    job.source = keep(call, job.source);
    job.destination = keep(call, job.destination);
    all[call->count++] = job;
  }
  weir_unfinished_free(list);
}

static void run_copies(struct call* call) {
  weir_init(&call->sum, sizeof call->sum);
  call->status = weir_copies_wait(call->copies, -1, &call->sum, &call->error);
}

/* ---- On JavaScript's */

static napi_value sum_result(struct env* env, struct call* call) { return summary_value(env, &call->sum); }

static napi_value info_result(struct env* env, struct call* call) { return info_value(env, &call->info); }
static napi_value url_result(struct env* env, struct call* call) { return new_text(env, call->url); }

static napi_value job_result(struct env* env, struct call* call) {
  weir_job* job = call->job;
  call->job = NULL;
  return job_value(env, job);
}

static napi_value list_result(struct env* env, struct call* call) {
  napi_value array = NULL;
  napi_create_array_with_length(env->napi, call->count, &array);
  for (size_t i = 0; i < call->count; ++i)
    napi_set_element(
        env->napi, array, (uint32_t)i,
        call->listed != NULL ? listed_value(env, &call->listed[i]) : unfinished_value(env, &call->unfinished[i]));
  return array;
}

static void call_free(struct call* call) {
  struct env* env = call->env;
  weir_error_clear(&call->error);
  weir_object_info_clear(&call->info);
  weir_text_free(call->url);
  if (call->job != NULL) (void)weir_job_suspend(call->job, NULL); /* nobody asked for it to be given up */
  weir_job_free(call->job);
  free(call->listed);
  free(call->unfinished);
  texts_free(&call->texts);
  job_options_free(&call->options);
  free(call);
  env_release(env);
}

static void tell(struct env* env, struct note* note, bool alive) {
  struct call* call = (struct call*)note;
  const bool good = call->status == WEIR_OK || call->status == WEIR_END;
  napi_value values[2];
  if (alive) {
    napi_get_null(env->napi, &values[0]);
    napi_get_undefined(env->napi, &values[1]);
    if (!good) values[0] = weir_error_value(env, call->status, &call->error);
    if (good && call->result != NULL) values[1] = call->result(env, call);
    env_dispatch(env, "called", call->id, 2, values);
  }
  call_free(call);
}

static void* on_thread(void* data) {
  struct call* call = data;
  call->run(call);
  env_post(call->env, &call->note);
  return NULL;
}

static struct call* call_new(struct env* env, napi_value id) {
  struct call* call = calloc(1, sizeof *call);
  if (call == NULL) throw_no_memory(env);
  if (call == NULL || !read_number(env, id, &call->id)) {
    free(call);
    return NULL;
  }
  call->env = env;
  call->note.run = tell;
  weir_init(&call->error, sizeof call->error);
  weir_init(&call->info, sizeof call->info);
  env_retain(env);
  return call;
}

static void call_start(struct call* call) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (pthread_create(&thread, &attributes, on_thread, call) != 0) {
    napi_throw_error(call->env->napi, "EAGAIN", "weir cannot start a thread");
    host_drop(call->options.told.host);
    call_free(call);
  }
  pthread_attr_destroy(&attributes);
}

napi_value js_call(napi_env napi, napi_callback_info info) {
  static const struct {
    const char* name;
    void (*run)(struct call* call);
    napi_value (*result)(struct env* env, struct call* call);
  } kKinds[] = {
      {"head", run_head, info_result},      {"remove", run_remove, NULL}, {"copyInside", run_copy, info_result},
      {"presign", run_presign, url_result}, {"abort", run_abort, NULL},   {"unfinished", run_unfinished, list_result},
      {"resume", run_resume, job_result}};
  napi_value values[8];
  struct env* env = arguments(napi, info, 8, values);
  const char* what = NULL;
  struct call* call = env->closed ? NULL : call_new(env, values[0]);
  if (call == NULL) return NULL;
  double job_id = 0;
  if (!read_context(env, values[1], &call->context) || !read_text(env, values[2], &call->texts, &what) ||
      !read_text(env, values[3], &call->texts, &call->first) ||
      !read_text(env, values[4], &call->texts, &call->second) || !read_u64(env, values[5], "seconds", &call->number) ||
      (strcmp(what, "resume") == 0 &&
       (!read_number(env, values[6], &job_id) || !job_options_read(env, values[7], job_id, &call->options)))) {
    call_free(call);
    return NULL;
  }
  for (size_t i = 0; i < sizeof kKinds / sizeof *kKinds; ++i) {
    if (strcmp(what, kKinds[i].name) != 0) continue;
    call->run = kKinds[i].run;
    call->result = kKinds[i].result;
  }
  call_start(call);
  return NULL;
}

/* ---- Listings */

struct listing {
  struct held held;
  weir_listing* handle;
};

static void finalize(napi_env napi, void* data, void* hint) {
  struct listing* listing = data;
  (void)napi;
  weir_listing_free(listing->handle);
  free(listing);
  env_release(hint);
}

napi_value js_list_new(napi_env napi, napi_callback_info info) {
  napi_value values[3], made = NULL;
  struct env* env = arguments(napi, info, 3, values);
  struct texts texts = {NULL, 0};
  const char* prefix = NULL;
  weir_context* context = NULL;
  weir_error error = WEIR_ERROR_INIT;
  weir_list_options options;
  weir_init(&options, sizeof options);
  options.folders = truth(env, values[2]);
  struct listing* listing = calloc(1, sizeof *listing);
  if (listing != NULL && read_context(env, values[0], &context) && read_text(env, values[1], &texts, &prefix)) {
    listing->held.kind = HELD_LISTING;
    const weir_status status = weir_store_list(context, prefix, &options, &listing->handle, &error);
    if (status == WEIR_OK) {
      made = new_held(env, &listing->held, finalize); /* which frees it where it fails */
      listing = NULL;
    } else {
      throw_weir(env, status, &error);
    }
  }
  free(listing);
  texts_free(&texts);
  return made;
}

napi_value js_list_next(napi_env napi, napi_callback_info info) {
  napi_value values[2];
  struct env* env = arguments(napi, info, 2, values);
  struct listing* listing = read_held(env, values[1], HELD_LISTING);
  struct call* call = listing == NULL || env->closed ? NULL : call_new(env, values[0]);
  if (call == NULL) return NULL;
  call->listing = listing->handle;
  call->run = run_next;
  call->result = list_result;
  call_start(call);
  return NULL;
}

napi_value js_copies_wait(napi_env napi, napi_callback_info info) {
  napi_value values[2];
  struct env* env = arguments(napi, info, 2, values);
  struct job* copies = read_held(env, values[1], HELD_COPIES);
  struct call* call = copies == NULL || env->closed ? NULL : call_new(env, values[0]);
  if (call == NULL) return NULL;
  call->copies = copies->copies;
  call->run = run_copies;
  call->result = sum_result;
  call_start(call);
  return NULL;
}
