#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "poll.h"

struct stream {
  struct held held;
  weir_push* push;
  weir_pull* pull;
  weir_chunk rest; /* of what was pulled for memory of the caller's */
  struct poller* poller;
};

static void close_stream(struct stream* stream) {
  poller_close(&stream->poller); /* before its descriptor goes */
  weir_push_free(stream->push);
  weir_pull_free(stream->pull);
  weir_chunk_release(&stream->rest);
  stream->push = NULL;
  stream->pull = NULL;
}

static void finalize(napi_env napi, void* data, void* hint) {
  (void)napi;
  close_stream(data);
  free(data);
  env_release(hint);
}

static struct stream* stream_of(struct env* env, napi_value value) {
  void* held = NULL;
  if (napi_get_value_external(env->napi, value, &held) == napi_ok && ((struct held*)held)->kind == HELD_PULL)
    return held;
  return read_held(env, value, HELD_PUSH);
}

bool read_push(struct env* env, napi_value value, weir_push** into) {
  struct stream* stream = read_held(env, value, HELD_PUSH);
  if (stream != NULL) *into = stream->push;
  return stream != NULL;
}

bool read_pull(struct env* env, napi_value value, weir_pull** into) {
  struct stream* stream = read_held(env, value, HELD_PULL);
  if (stream != NULL) *into = stream->pull;
  return stream != NULL;
}

static napi_value wrap(struct env* env, enum HeldKind kind, weir_push* push, weir_pull* pull) {
  struct stream* stream = calloc(1, sizeof *stream);
  if (stream == NULL) {
    weir_push_free(push);
    weir_pull_free(pull);
    throw_no_memory(env);
    return NULL;
  }
  stream->held.kind = kind;
  stream->push = push;
  stream->pull = pull;
  return new_held(env, &stream->held, finalize);
}

/* What is to be returned for a status; `value` for WEIR_OK. */
static napi_value answer(struct env* env, weir_status status, weir_error* error, napi_value value) {
  if (status == WEIR_OK) return value;
  if (status != WEIR_PENDING) throw_weir(env, status, error);
  return NULL;
}

static napi_value number_value(struct env* env, size_t number) {
  napi_value value = NULL;
  napi_create_double(env->napi, (double)number, &value);
  return value;
}

napi_value js_push_new(napi_env napi, napi_callback_info info) {
  napi_value values[2];
  struct env* env = arguments(napi, info, 2, values);
  weir_error error = WEIR_ERROR_INIT;
  weir_handle_options options;
  weir_push* push = NULL;
  weir_init(&options, sizeof options);
  options.has_exact_bytes = !is_nothing(env, values[0]);
  if (!read_u64(env, values[0], "exactBytes", &options.exact_bytes) ||
      !read_u64(env, values[1], "mostBytes", &options.most_bytes))
    return NULL;
  const weir_status status = weir_push_new(&options, &push, &error);
  return answer(env, status, &error, status == WEIR_OK ? wrap(env, HELD_PUSH, push, NULL) : NULL);
}

/* The bytes behind `offset`. */
static bool read_rest(struct env* env, napi_value bytes, napi_value offset, uint8_t** data, size_t* size) {
  double at = 0;
  if (!read_bytes(env, bytes, data, size) || !read_number(env, offset, &at)) return false;
  if (!(at >= 0 && at <= (double)*size)) {
    napi_throw_range_error(env->napi, "ERR_OUT_OF_RANGE", "the buffer was detached, or is smaller than it was");
    return false;
  }
  *data += (size_t)at;
  *size -= (size_t)at;
  return true;
}

napi_value js_push_write(napi_env napi, napi_callback_info info) {
  napi_value values[3];
  struct env* env = arguments(napi, info, 3, values);
  struct stream* stream = read_held(env, values[0], HELD_PUSH);
  uint8_t* data = NULL;
  size_t size = 0, taken = 0;
  if (stream == NULL || !read_rest(env, values[1], values[2], &data, &size)) return NULL;
  if (size == 0) return number_value(env, 0);
  weir_error error = WEIR_ERROR_INIT;
  const weir_status status = weir_push_try_write(stream->push, data, size, &taken, &error);
  return answer(env, status == WEIR_PENDING ? WEIR_OK : status, &error, number_value(env, taken));
}

napi_value js_push_lend(napi_env napi, napi_callback_info info) {
  napi_value values[5], lent = NULL;
  struct env* env = arguments(napi, info, 5, values);
  struct stream* stream = read_held(env, values[0], HELD_PUSH);
  uint8_t* data = NULL;
  size_t size = 0;
  uint64_t most = 0;
  double id = 0;
  if (stream == NULL || !read_rest(env, values[1], values[2], &data, &size) ||
      !read_u64(env, values[3], "size", &most) || !read_number(env, values[4], &id))
    return NULL;
  if (env->closed) return NULL;
  void* host = host_new(env, id, HOST_LENT);
  if (host == NULL) {
    throw_no_memory(env);
    return NULL;
  }
  weir_error error = WEIR_ERROR_INIT;
  const weir_status status =
      weir_push_give(stream->push, data, size < most ? size : (size_t)most, host_release_data, host, &error);
  if (status != WEIR_OK) host_drop(host);
  napi_get_boolean(napi, status == WEIR_OK, &lent);
  return answer(env, status == WEIR_PENDING ? WEIR_OK : status, &error, lent);
}

napi_value js_push_close(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  struct env* env = arguments(napi, info, 1, values);
  struct stream* stream = read_held(env, values[0], HELD_PUSH);
  weir_error error = WEIR_ERROR_INIT;
  return stream == NULL ? NULL : answer(env, weir_push_close(stream->push, &error), &error, NULL);
}

napi_value js_push_fail(napi_env napi, napi_callback_info info) {
  napi_value values[2];
  struct env* env = arguments(napi, info, 2, values);
  struct stream* stream = read_held(env, values[0], HELD_PUSH);
  struct texts texts = {NULL, 0};
  const char* cause = NULL;
  if (stream != NULL && read_text(env, values[1], &texts, &cause)) (void)weir_push_fail(stream->push, cause, NULL);
  texts_free(&texts);
  return NULL;
}

napi_value js_pull_new(napi_env napi, napi_callback_info info) {
  struct env* env = arguments(napi, info, 0, NULL);
  weir_error error = WEIR_ERROR_INIT;
  weir_pull* pull = NULL;
  const weir_status status = weir_pull_new(NULL, &pull, &error);
  return answer(env, status, &error, status == WEIR_OK ? wrap(env, HELD_PULL, NULL, pull) : NULL);
}

/* Copies: a Buffer lives until it is collected, and the job's memory, which is bounded, cannot wait for that. */
napi_value js_pull_read(napi_env napi, napi_callback_info info) {
  napi_value values[1], made = NULL;
  struct env* env = arguments(napi, info, 1, values);
  struct stream* stream = read_held(env, values[0], HELD_PULL);
  weir_chunk chunk = WEIR_CHUNK_INIT;
  weir_error error = WEIR_ERROR_INIT;
  if (stream == NULL) return NULL;
  const weir_status status = weir_pull_try_read(stream->pull, &chunk, &error);
  if (status == WEIR_END) {
    napi_get_null(napi, &made);
    return made;
  }
  if (status == WEIR_OK && napi_create_buffer_copy(napi, chunk.size, chunk.data, NULL, &made) != napi_ok)
    napi_throw_error(napi, "ENOMEM", "no memory for a Buffer");
  weir_chunk_release(&chunk);
  return answer(env, status, &error, made);
}

static void release_lent(napi_env napi, void* data, void* lent) {
  (void)napi;
  (void)data;
  weir_chunk_release(lent);
  free(lent);
}

/* The job's own memory. It is given back when its ArrayBuffer lets go of it: by js_detach(), or collected. */
static napi_value lent_buffer(struct env* env, weir_chunk* chunk) {
  napi_value made = NULL;
  weir_chunk* const lent = malloc(sizeof *lent);
  if (lent == NULL) {
    throw_no_memory(env);
    return NULL;
  }
  *lent = *chunk;
  const napi_status status =
      napi_create_external_buffer(env->napi, chunk->size, (void*)(uintptr_t)chunk->data, release_lent, lent, &made);
  if (status == napi_ok) {
    *chunk = (weir_chunk)WEIR_CHUNK_INIT;
    return made;
  }
  free(lent);
  /* Hosts whose heap is caged have no such buffers. */
  if (napi_create_buffer_copy(env->napi, chunk->size, chunk->data, NULL, &made) != napi_ok)
    napi_throw_error(env->napi, "ENOMEM", "no memory for a Buffer");
  return made;
}

napi_value js_pull_lend(napi_env napi, napi_callback_info info) {
  napi_value values[1], made = NULL;
  struct env* env = arguments(napi, info, 1, values);
  struct stream* stream = read_held(env, values[0], HELD_PULL);
  weir_chunk chunk = WEIR_CHUNK_INIT;
  weir_error error = WEIR_ERROR_INIT;
  if (stream == NULL) return NULL;
  const weir_status status = weir_pull_try_read(stream->pull, &chunk, &error);
  if (status == WEIR_END) {
    napi_get_null(napi, &made);
    return made;
  }
  if (status == WEIR_OK) made = lent_buffer(env, &chunk);
  weir_chunk_release(&chunk);
  return answer(env, status, &error, made);
}

napi_value js_detach(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  arguments(napi, info, 1, values);
  (void)napi_detach_arraybuffer(napi, values[0]); /* one that cannot be is a copy, or was given away */
  return NULL;
}

napi_value js_pull_read_into(napi_env napi, napi_callback_info info) {
  napi_value values[2];
  struct env* env = arguments(napi, info, 2, values);
  struct stream* stream = read_held(env, values[0], HELD_PULL);
  uint8_t* data = NULL;
  size_t capacity = 0, size = 0;
  weir_error error = WEIR_ERROR_INIT;
  if (stream == NULL || !read_bytes(env, values[1], &data, &capacity)) return NULL;
  weir_chunk* const rest = &stream->rest;
  weir_status status = WEIR_OK;
  if (rest->size == 0)
    status = weir_pull_try_read(stream->pull, rest, &error); /* lowers the descriptor, as wait does not */
  if (status == WEIR_OK) {
    size = rest->size < capacity ? rest->size : capacity;
    memcpy(data, rest->data, size);
    rest->data = (const uint8_t*)rest->data + size;
    rest->size -= size;
    if (rest->size == 0) weir_chunk_release(rest);
  }
  return answer(env, status == WEIR_END ? WEIR_OK : status, &error, number_value(env, size));
}

napi_value js_stream_wait(napi_env napi, napi_callback_info info) {
  napi_value values[2];
  struct env* env = arguments(napi, info, 2, values);
  struct stream* stream = stream_of(env, values[0]);
  weir_error error = WEIR_ERROR_INIT;
  int32_t fd = -1;
  if (stream == NULL) return NULL;
  const weir_status status = stream->held.kind == HELD_PUSH ? weir_push_fd(stream->push, &fd, &error)
                                                            : weir_pull_fd(stream->pull, &fd, &error);
  if (status == WEIR_OK && poller_wait(env, &stream->poller, fd, values[1]) != 0)
    napi_throw_error(napi, NULL, "weir cannot wait on the event loop");
  return answer(env, status, &error, NULL);
}

napi_value js_stream_free(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  struct env* env = arguments(napi, info, 1, values);
  struct stream* stream = stream_of(env, values[0]);
  if (stream != NULL) close_stream(stream);
  return NULL;
}
