#include "env.h"

#include <stdlib.h>
#include <time.h>

#include "job.h"
#include "poll.h"

/* How long the end of an environment waits for its jobs. */
enum { EXIT_SECONDS = 10 };

void env_retain(struct env* env) {
  pthread_mutex_lock(&env->mutex);
  ++env->references;
  pthread_mutex_unlock(&env->mutex);
}

void env_release(struct env* env) {
  pthread_mutex_lock(&env->mutex);
  const bool last = --env->references == 0;
  pthread_mutex_unlock(&env->mutex);
  if (!last) return;
  pthread_cond_destroy(&env->changed);
  pthread_mutex_destroy(&env->mutex);
  free(env);
}

void env_post(struct env* env, struct note* note) {
  pthread_mutex_lock(&env->mutex);
  const bool taken = !env->closed;
  if (taken) {
    note->next = NULL;
    *env->last = note;
    env->last = &note->next;
    if (env->queued++ == 0) uv_async_send(&env->doorbell); /* one ring for all that wait */
  }
  pthread_mutex_unlock(&env->mutex);
  if (!taken) note->run(env, note, false);
}

/* With the mutex. */
static struct note* take(struct env* env) {
  struct note* note = env->first;
  if (note == NULL) return NULL;
  env->first = note->next;
  if (env->first == NULL) env->last = &env->first;
  --env->queued;
  return note;
}

static struct note* take_alone(struct env* env, size_t* left) {
  pthread_mutex_lock(&env->mutex);
  struct note* note = take(env);
  *left = env->queued;
  pthread_mutex_unlock(&env->mutex);
  return note;
}

/* As many as there are now: what they bring about waits for others of the loop. */
static void on_doorbell(uv_async_t* doorbell) {
  struct env* env = doorbell->data;
  pthread_mutex_lock(&env->mutex);
  size_t count = env->queued, left = 0;
  pthread_mutex_unlock(&env->mutex);
  for (; count > 0; --count) {
    struct note* note = take_alone(env, &left); /* one at a time: what one runs may end the program */
    if (note == NULL) return;
    napi_handle_scope scope;
    if (napi_open_handle_scope(env->napi, &scope) != napi_ok) return;
    note->run(env, note, true);
    napi_close_handle_scope(env->napi, scope);
  }
  if (left > 0) uv_async_send(doorbell);
}

void env_call(struct env* env, napi_value function, size_t count, const napi_value* values) {
  napi_value global, error;
  if (napi_get_global(env->napi, &global) != napi_ok) return;
  if (napi_make_callback(env->napi, NULL, global, function, count, values, NULL) != napi_pending_exception) return;
  if (napi_get_and_clear_last_exception(env->napi, &error) == napi_ok) napi_fatal_exception(env->napi, error);
}

void env_dispatch(struct env* env, const char* what, double id, size_t count, const napi_value* values) {
  napi_value function, all[5];
  if (env->dispatch == NULL || napi_get_reference_value(env->napi, env->dispatch, &function) != napi_ok) return;
  if (napi_create_string_utf8(env->napi, what, NAPI_AUTO_LENGTH, &all[0]) != napi_ok) return;
  if (napi_create_double(env->napi, id, &all[1]) != napi_ok) return;
  for (size_t i = 0; i < count; ++i) all[2 + i] = values[i];
  env_call(env, function, 2 + count, all);
}

void env_hold(struct env* env) {
  if (env->held++ == 0 && !env->closed) uv_ref((uv_handle_t*)&env->doorbell);
}

void env_let_go(struct env* env) {
  if (env->held > 0 && --env->held == 0 && !env->closed) uv_unref((uv_handle_t*)&env->doorbell);
}

void env_shut_down(struct env* env) {
  if (env->closed) return;
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += EXIT_SECONDS;
  for (struct job* job = env->jobs; job != NULL; job = job->next) {
    if (job->handle != NULL) (void)weir_job_suspend(job->handle, NULL);
    if (job->copies == NULL) continue;
    (void)weir_copies_suspend(job->copies, NULL);
    weir_copies_free(job->copies); /* it holds its host until then */
  }
  pthread_mutex_lock(&env->mutex);
  for (struct note* note = take(env); note != NULL; note = take(env)) {
    pthread_mutex_unlock(&env->mutex);
    note->run(env, note, false);
    pthread_mutex_lock(&env->mutex);
  }
  env->closed = true;
  pthread_cond_broadcast(&env->changed);
  while (env->jobs_running > 0 && pthread_cond_timedwait(&env->changed, &env->mutex, &deadline) == 0) continue;
  while (env->lent > 0) pthread_cond_wait(&env->changed, &env->mutex); /* the jobs were stopped: they give it back */
  pthread_mutex_unlock(&env->mutex);
}

void env_handle_closed(struct env* env) {
  if (--env->open_handles > 0) return;
  napi_remove_async_cleanup_hook(env->cleanup);
  env_release(env);
}

static void on_doorbell_closed(uv_handle_t* doorbell) { env_handle_closed(doorbell->data); }

/* The loop runs on until what was closed is. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void* data) {
  struct env* env = data;
  (void)handle;
  env_shut_down(env);
  pollers_close(env);
  uv_close((uv_handle_t*)&env->doorbell, on_doorbell_closed);
}

struct env* env_new(napi_env napi) {
  uv_loop_t* loop;
  struct env* env = calloc(1, sizeof *env);
  if (env == NULL || napi_get_uv_event_loop(napi, &loop) != napi_ok ||
      uv_async_init(loop, &env->doorbell, on_doorbell) != 0) {
    free(env);
    napi_throw_error(napi, NULL, "weir cannot use the event loop");
    return NULL;
  }
  env->napi = napi;
  env->thread = pthread_self();
  env->last = &env->first;
  env->references = 1;
  env->open_handles = 1;
  env->doorbell.data = env;
  pthread_mutex_init(&env->mutex, NULL);
  pthread_cond_init(&env->changed, NULL);
  uv_unref((uv_handle_t*)&env->doorbell);
  napi_add_async_cleanup_hook(napi, on_cleanup, env, &env->cleanup);
  return env;
}
