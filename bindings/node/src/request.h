/* A question of a thread of the library's to JavaScript, which waits for the answer. */
#ifndef WEIR_NODE_REQUEST_H
#define WEIR_NODE_REQUEST_H

#include "env.h"

struct request {
  struct note note;
  double id; /* once JavaScript has been asked */
  double host;
  const char* what; /* dispatch("asked", id, host, what, data, flag or item) */
  const void* data; /* NULL: flag is meant */
  size_t size;
  const weir_copied* item; /* else NULL */
  bool flag;
  struct request* next;

  /* The answer; freed by request_clear(). */
  bool answered;
  char* error;
  uint8_t* bytes;
  size_t count;
};

/* Waits for the answer. False: none will come, as the environment ends, or this is JavaScript's own thread. */
bool request_ask(struct env* env, struct request* request);
void request_clear(struct request* request);

/* answer(id, error, bytes): `error` a text or null, `bytes` an array of Uint8Array. Of one that was answered: nothing.
 */
napi_value js_answer(napi_env napi, napi_callback_info info);

#endif
