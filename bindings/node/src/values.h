/* Values on their way in from JavaScript and out to it. Reading functions return false with an exception pending. */
#ifndef WEIR_NODE_VALUES_H
#define WEIR_NODE_VALUES_H

#include "env.h"

/* Texts that live while a call does. */
struct texts {
  char** items;
  size_t count;
};
void texts_free(struct texts* texts);

/* The arguments of a function; what is missing is undefined. */
struct env* arguments(napi_env napi, napi_callback_info info, size_t count, napi_value* values);

/* A string, or the bytes of a Uint8Array; NULL for undefined and null. */
bool read_text(struct env* env, napi_value value, struct texts* texts, const char** into);
/* A number or bigint, 0 for undefined. */
bool read_u64(struct env* env, napi_value value, const char* what, uint64_t* into);
bool read_number(struct env* env, napi_value value, double* into);
/* The memory of a Uint8Array. Detached: none. */
bool read_bytes(struct env* env, napi_value value, uint8_t** data, size_t* size);
napi_value property(struct env* env, napi_value object, const char* name);
bool is_nothing(struct env* env, napi_value value);
bool truth(struct env* env, napi_value value);

napi_value new_object(struct env* env);
napi_value new_text(struct env* env, const char* text);
void set(struct env* env, napi_value object, const char* name, napi_value value);
void set_number(struct env* env, napi_value object, const char* name, double value);
void set_number_or_null(struct env* env, napi_value object, const char* name, double value, bool known);
void set_text(struct env* env, napi_value object, const char* name, const char* text); /* NULL is "" */
void set_bool(struct env* env, napi_value object, const char* name, bool value);
void set_pairs(struct env* env, napi_value object, const char* name, const weir_pair* pairs, size_t count);

/* What stands behind an external value: begins with its kind. */
enum HeldKind { HELD_CONTEXT = 0x77656972, HELD_JOB, HELD_PUSH, HELD_PULL, HELD_LISTING, HELD_COPIES };
struct held {
  enum HeldKind kind;
  struct env* env;
};
/* NULL: an exception is pending. `finalize` gets `held`, which it frees. */
napi_value new_held(struct env* env, struct held* held, napi_finalize finalize);
void* read_held(struct env* env, napi_value value, enum HeldKind kind);

/* Throws the WeirError of a status that is an error, and clears `error`. */
void throw_weir(struct env* env, weir_status status, weir_error* error);
/* The same as a value. */
napi_value weir_error_value(struct env* env, weir_status status, const weir_error* error);
void throw_no_memory(struct env* env);

#endif
