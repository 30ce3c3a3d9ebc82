#include "poll.h"

#include <stdlib.h>

struct poller {
  uv_poll_t poll;
  struct env* env;
  napi_ref callback;
  struct poller** owner;
  struct poller *previous, *next;
};

static void drop_callback(struct poller* poller) {
  if (poller->callback != NULL) napi_delete_reference(poller->env->napi, poller->callback);
  poller->callback = NULL;
}

static void on_ready(uv_poll_t* poll, int status, int events) {
  struct poller* poller = poll->data;
  struct env* env = poller->env;
  (void)status; /* a descriptor that is broken is worth a try too: that says why */
  (void)events;
  uv_poll_stop(poll);
  napi_handle_scope scope;
  napi_value function;
  if (napi_open_handle_scope(env->napi, &scope) != napi_ok) return;
  if (napi_get_reference_value(env->napi, poller->callback, &function) == napi_ok) {
    drop_callback(poller);
    env_call(env, function, 0, NULL);
  }
  napi_close_handle_scope(env->napi, scope);
}

static struct poller* make(struct env* env, struct poller** owner, int fd) {
  uv_loop_t* loop;
  struct poller* poller = calloc(1, sizeof *poller);
  if (poller == NULL || napi_get_uv_event_loop(env->napi, &loop) != napi_ok ||
      uv_poll_init(loop, &poller->poll, fd) != 0) {
    free(poller);
    return NULL;
  }
  poller->poll.data = poller;
  poller->env = env;
  poller->owner = owner;
  poller->next = env->pollers;
  if (poller->next != NULL) poller->next->previous = poller;
  env->pollers = poller;
  ++env->open_handles;
  return poller;
}

int poller_wait(struct env* env, struct poller** poller, int fd, napi_value callback) {
  if (env->closed) return UV_ECANCELED;
  if (*poller == NULL && (*poller = make(env, poller, fd)) == NULL) return UV_ENOMEM;
  drop_callback(*poller);
  if (napi_create_reference(env->napi, callback, 1, &(*poller)->callback) != napi_ok) return UV_EINVAL;
  return uv_poll_start(&(*poller)->poll, UV_READABLE, on_ready);
}

static void unlink_poller(struct poller* poller) {
  if (poller->previous != NULL) poller->previous->next = poller->next;
  if (poller->next != NULL) poller->next->previous = poller->previous;
  if (poller->env->pollers == poller) poller->env->pollers = poller->next;
  *poller->owner = NULL;
  drop_callback(poller);
}

static void on_closed(uv_handle_t* handle) {
  struct poller* poller = handle->data;
  struct env* env = poller->env;
  free(poller);
  env_handle_closed(env);
}

void poller_close(struct poller** poller) {
  struct poller* closing = *poller;
  if (closing == NULL) return;
  unlink_poller(closing);
  uv_poll_stop(&closing->poll);
  uv_close((uv_handle_t*)&closing->poll, on_closed);
}

void pollers_close(struct env* env) {
  while (env->pollers != NULL) poller_close(env->pollers->owner);
}
