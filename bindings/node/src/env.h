/* What one JavaScript environment, of the main thread or of a worker, shares with the library's threads: a queue of
 * notes with a doorbell, and what must end before the environment does. */
#ifndef WEIR_NODE_ENV_H
#define WEIR_NODE_ENV_H

#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <uv.h>
#include <weir/weir.h>

struct env;
struct job;
struct request;

/* Something for the JavaScript thread to do; a part of something larger. `alive` false: the environment has ended, free
 * what there is. Then it may come on any thread. */
struct note {
  struct note* next;
  void (*run)(struct env* env, struct note* note, bool alive);
};

struct env {
  pthread_mutex_t mutex; /* of what other threads touch: down to `lent` */
  pthread_cond_t changed;
  bool closed; /* no note is taken any more, and nobody waits for answers */
  struct note* first;
  struct note** last;
  size_t queued;
  unsigned references;
  unsigned jobs_running;
  unsigned lent; /* buffers of JavaScript's */

  pthread_t thread; /* JavaScript's */

  /* Of the JavaScript thread alone. */
  napi_env napi;
  napi_ref dispatch; /* function(what, id, ...) */
  napi_ref error_class;
  napi_async_cleanup_hook_handle cleanup;
  uv_async_t doorbell;
  unsigned open_handles; /* of libuv */
  unsigned held;         /* what keeps the program from ending */
  double last_request;
  struct job* jobs;
  struct poller* pollers;
  struct request* requests;
};

/* NULL: an exception is pending. */
struct env* env_new(napi_env napi);
void env_retain(struct env* env);
void env_release(struct env* env);

/* Any thread. Runs the note soon on the JavaScript thread; or at once, not alive, where that is too late. */
void env_post(struct env* env, struct note* note);

/* Calls dispatch(what, id, values...). What it throws is an uncaught exception. */
void env_dispatch(struct env* env, const char* what, double id, size_t count, const napi_value* values);
void env_call(struct env* env, napi_value function, size_t count, const napi_value* values);

/* While held, the loop goes on. */
void env_hold(struct env* env);
void env_let_go(struct env* env);

/* One of libuv's handles is closed. Behind the last one, the environment may end. */
void env_handle_closed(struct env* env);

/* Stops what runs, and waits until the library has nothing of ours any more. Again: nothing. */
void env_shut_down(struct env* env);

#endif
