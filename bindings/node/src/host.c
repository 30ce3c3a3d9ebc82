#include "host.h"

#include <stddef.h>
#include <stdlib.h>

struct host {
  struct note ended;
  struct note released;
  struct env* env;
  double id;
  enum HostKind kind;
};

static void tell_ended(struct env* env, struct note* note, bool alive) {
  struct host* host = (struct host*)((char*)note - offsetof(struct host, ended));
  if (alive) env_dispatch(env, "ended", host->id, 0, NULL);
}

static void tell_released(struct env* env, struct note* note, bool alive) {
  struct host* host = (struct host*)((char*)note - offsetof(struct host, released));
  if (alive) env_dispatch(env, "released", host->id, 0, NULL);
  free(host);
  env_release(env);
}

void* host_new(struct env* env, double id, enum HostKind kind) {
  struct host* host = calloc(1, sizeof *host);
  if (host == NULL) return NULL;
  host->ended.run = tell_ended;
  host->released.run = tell_released;
  host->env = env;
  host->id = id;
  host->kind = kind;
  pthread_mutex_lock(&env->mutex);
  ++env->references;
  env->jobs_running += kind == HOST_JOB;
  env->lent += kind == HOST_LENT;
  pthread_mutex_unlock(&env->mutex);
  return host;
}

struct env* host_env(void* host) {
  return ((struct host*)host)->env;
}
double host_id(void* host) { return ((struct host*)host)->id; }

void host_ended(void* host) { env_post(((struct host*)host)->env, &((struct host*)host)->ended); }

static void let_go(struct host* host) {
  struct env* env = host->env;
  pthread_mutex_lock(&env->mutex);
  env->jobs_running -= host->kind == HOST_JOB;
  env->lent -= host->kind == HOST_LENT;
  pthread_cond_broadcast(&env->changed);
  pthread_mutex_unlock(&env->mutex);
}

void host_release(void* released) {
  struct host* host = released;
  let_go(host);
  env_post(host->env, &host->released);
}

void host_release_data(void* host, const void* data) {
  (void)data;
  host_release(host);
}

void host_drop(void* dropped) {
  struct host* host = dropped;
  if (host == NULL) return;
  let_go(host);
  env_release(host->env);
  free(host);
}
