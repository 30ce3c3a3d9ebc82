#include "request.h"

#include <stdlib.h>
#include <string.h>

#include "results.h"

static void ask_javascript(struct env* env, struct note* note, bool alive) {
  struct request* request = (struct request*)note;
  if (!alive) return; /* who waits sees that it is closed */
  request->id = ++env->last_request;
  request->next = env->requests;
  env->requests = request;
  napi_value values[3];
  if (napi_create_double(env->napi, request->host, &values[0]) != napi_ok) return;
  values[1] = new_text(env, request->what);
  if (request->item != NULL) {
    values[2] = item_value(env, request->item);
  } else if (request->data == NULL) {
    napi_get_boolean(env->napi, request->flag, &values[2]);
  } else if (napi_create_buffer_copy(env->napi, request->size, request->data, NULL, &values[2]) != napi_ok) {
    napi_get_null(env->napi, &values[2]);
  }
  env_dispatch(env, "asked", request->id, 3, values);
}

bool request_ask(struct env* env, struct request* request) {
  if (pthread_equal(pthread_self(), env->thread)) return false;
  request->note.run = ask_javascript;
  env_post(env, &request->note);
  pthread_mutex_lock(&env->mutex);
  while (!request->answered && !env->closed) pthread_cond_wait(&env->changed, &env->mutex);
  pthread_mutex_unlock(&env->mutex);
  return request->answered;
}

void request_clear(struct request* request) {
  free(request->error);
  free(request->bytes);
}

/* One block of all the pieces. */
static bool gather(struct env* env, napi_value pieces, struct request* request) {
  uint32_t count = 0;
  size_t total = 0;
  for (int filling = 0; filling < 2; ++filling) {
    size_t at = 0;
    napi_get_array_length(env->napi, pieces, &count);
    for (uint32_t i = 0; i < count; ++i) {
      napi_value piece;
      uint8_t* data = NULL;
      size_t size = 0;
      if (napi_get_element(env->napi, pieces, i, &piece) != napi_ok || !read_bytes(env, piece, &data, &size))
        return false;
      if (filling != 0 && size > 0) memcpy(request->bytes + at, data, size);
      at += size;
    }
    total = at;
    if (filling == 0 && total > 0 && (request->bytes = malloc(total)) == NULL) return false;
  }
  request->count = total;
  return true;
}

napi_value js_answer(napi_env napi, napi_callback_info info) {
  napi_value values[3];
  double id = 0;
  struct env* env = arguments(napi, info, 3, values);
  struct request** link = &env->requests;
  if (env->closed || !read_number(env, values[0], &id)) return NULL;
  while (*link != NULL && (*link)->id != id) link = &(*link)->next;
  struct request* request = *link;
  if (request == NULL) return NULL;
  if (!is_nothing(env, values[1])) {
    struct texts texts = {NULL, 0};
    const char* error = NULL;
    if (read_text(env, values[1], &texts, &error)) request->error = strdup(error == NULL ? "" : error);
    texts_free(&texts);
  } else if (!gather(env, values[2], request)) {
    request->error = strdup("it gave no bytes");
  }
  *link = request->next;
  pthread_mutex_lock(&env->mutex);
  request->answered = true; /* from here on it is not ours */
  pthread_cond_broadcast(&env->changed);
  pthread_mutex_unlock(&env->mutex);
  return NULL;
}
