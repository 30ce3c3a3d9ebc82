#include "values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void texts_free(struct texts* texts) {
  for (size_t i = 0; i < texts->count; ++i) free(texts->items[i]);
  free(texts->items);
  texts->items = NULL;
  texts->count = 0;
}

static char* texts_add(struct texts* texts, size_t size) {
  char** items = realloc(texts->items, (texts->count + 1) * sizeof *items);
  if (items == NULL) return NULL;
  texts->items = items;
  char* text = malloc(size + 1);
  if (text != NULL) items[texts->count++] = text;
  return text;
}

struct env* arguments(napi_env napi, napi_callback_info info, size_t count, napi_value* values) {
  void* env = NULL;
  napi_get_cb_info(napi, info, &count, values, NULL, &env);
  return env;
}

static bool refuse(struct env* env, const char* text) {
  napi_throw_type_error(env->napi, NULL, text);
  return false;
}

static napi_valuetype type_of(struct env* env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env->napi, value, &type);
  return type;
}

bool is_nothing(struct env* env, napi_value value) {
  const napi_valuetype type = type_of(env, value);
  return type == napi_undefined || type == napi_null;
}

bool truth(struct env* env, napi_value value) {
  bool is = false;
  return !is_nothing(env, value) && napi_coerce_to_bool(env->napi, value, &value) == napi_ok &&
         napi_get_value_bool(env->napi, value, &is) == napi_ok && is;
}

bool read_text(struct env* env, napi_value value, struct texts* texts, const char** into) {
  *into = NULL;
  if (is_nothing(env, value)) return true;
  size_t size = 0;
  uint8_t* bytes = NULL;
  const bool is_string = type_of(env, value) == napi_string;
  if (is_string) {
    if (napi_get_value_string_utf8(env->napi, value, NULL, 0, &size) != napi_ok) return refuse(env, "unreadable text");
  } else if (!read_bytes(env, value, &bytes, &size)) {
    return false;
  }
  char* text = texts_add(texts, size);
  if (text == NULL) return refuse(env, "no memory for a text");
  if (is_string) {
    napi_get_value_string_utf8(env->napi, value, text, size + 1, &size);
  } else if (size > 0) {
    memcpy(text, bytes, size);
  }
  text[size] = '\0';
  *into = text;
  return true;
}

bool read_number(struct env* env, napi_value value, double* into) {
  return napi_get_value_double(env->napi, value, into) == napi_ok || refuse(env, "a number is needed");
}

bool read_u64(struct env* env, napi_value value, const char* what, uint64_t* into) {
  *into = 0;
  if (is_nothing(env, value)) return true;
  if (type_of(env, value) == napi_bigint) {
    bool lossless = false;
    if (napi_get_value_bigint_uint64(env->napi, value, into, &lossless) == napi_ok && lossless) return true;
  } else {
    double number = -1;
    if (type_of(env, value) == napi_number) napi_get_value_double(env->napi, value, &number);
    if (number >= 0 && number <= 9007199254740991.0 && number == floor(number)) {
      *into = (uint64_t)number;
      return true;
    }
  }
  char text[128];
  snprintf(text, sizeof text, "%s is a whole number, at least 0: a number up to 2^53 - 1, or a bigint", what);
  napi_throw_range_error(env->napi, "ERR_OUT_OF_RANGE", text);
  return false;
}

bool read_bytes(struct env* env, napi_value value, uint8_t** data, size_t* size) {
  bool is = false;
  void* memory = NULL;
  napi_typedarray_type type = napi_uint8_array;
  if (napi_is_typedarray(env->napi, value, &is) != napi_ok || !is ||
      napi_get_typedarray_info(env->napi, value, &type, size, &memory, NULL, NULL) != napi_ok ||
      (type != napi_uint8_array && type != napi_uint8_clamped_array && type != napi_int8_array)) {
    return refuse(env, "bytes are needed");
  }
  *data = memory;
  return true;
}

napi_value property(struct env* env, napi_value object, const char* name) {
  napi_value value = NULL;
  if (napi_get_named_property(env->napi, object, name, &value) != napi_ok) napi_get_undefined(env->napi, &value);
  return value;
}

napi_value new_object(struct env* env) {
  napi_value object = NULL;
  napi_create_object(env->napi, &object);
  return object;
}

napi_value new_text(struct env* env, const char* text) {
  napi_value value = NULL;
  napi_create_string_utf8(env->napi, text == NULL ? "" : text, NAPI_AUTO_LENGTH, &value);
  return value;
}

void set(struct env* env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env->napi, object, name, value);
}

void set_number(struct env* env, napi_value object, const char* name, double number) {
  napi_value value;
  if (napi_create_double(env->napi, number, &value) == napi_ok) set(env, object, name, value);
}

void set_number_or_null(struct env* env, napi_value object, const char* name, double number, bool known) {
  napi_value value;
  if (known) {
    set_number(env, object, name, number);
  } else if (napi_get_null(env->napi, &value) == napi_ok) {
    set(env, object, name, value);
  }
}

void set_text(struct env* env, napi_value object, const char* name, const char* text) {
  set(env, object, name, new_text(env, text));
}

void set_bool(struct env* env, napi_value object, const char* name, bool is) {
  napi_value value;
  if (napi_get_boolean(env->napi, is, &value) == napi_ok) set(env, object, name, value);
}

void set_pairs(struct env* env, napi_value object, const char* name, const weir_pair* pairs, size_t count) {
  napi_value map = new_object(env);
  for (size_t i = 0; i < count; ++i) set_text(env, map, pairs[i].name, pairs[i].value);
  set(env, object, name, map);
}

napi_value new_held(struct env* env, struct held* held, napi_finalize finalize) {
  napi_value value = NULL;
  held->env = env;
  env_retain(env);
  if (napi_create_external(env->napi, held, finalize, env, &value) == napi_ok) return value;
  finalize(env->napi, held, env);
  return NULL;
}

void* read_held(struct env* env, napi_value value, enum HeldKind kind) {
  void* held = NULL;
  if (type_of(env, value) == napi_external && napi_get_value_external(env->napi, value, &held) == napi_ok &&
      ((struct held*)held)->kind == kind) {
    return held;
  }
  refuse(env, "this is none of weir's own objects");
  return NULL;
}

napi_value weir_error_value(struct env* env, weir_status status, const weir_error* error) {
  const char* kind = weir_status_name(status);
  napi_value class, made = NULL, values[2] = {NULL, new_object(env)};
  values[0] = new_text(env, error->message != NULL && error->message[0] != '\0' ? error->message : kind);
  set_text(env, values[1], "kind", kind);
  set_number(env, values[1], "retry", error->retry);
  set_number(env, values[1], "httpStatus", error->http_status);
  set_number_or_null(env, values[1], "offset", (double)error->offset, error->has_offset != 0);
  set_number_or_null(env, values[1], "retryAfterMs", (double)error->retry_after_ms, error->retry_after_ms != 0);
  set_number(env, values[1], "neededBytes", (double)error->needed_bytes);
  set_number(env, values[1], "keptBytes", (double)error->kept_bytes);
  set_text(env, values[1], "operation", error->operation);
  set_text(env, values[1], "reason", error->cause);
  set_text(env, values[1], "advice", error->advice);
  set_text(env, values[1], "stage", error->stage);
  set_text(env, values[1], "serviceCode", error->service_code);
  set_text(env, values[1], "requestId", error->request_id);
  if (napi_get_reference_value(env->napi, env->error_class, &class) == napi_ok)
    napi_new_instance(env->napi, class, 2, values, &made);
  return made;
}

void throw_weir(struct env* env, weir_status status, weir_error* error) {
  const napi_value value = weir_error_value(env, status, error);
  weir_error_clear(error);
  if (value != NULL) napi_throw(env->napi, value);
}

void throw_no_memory(struct env* env) { napi_throw_error(env->napi, "ENOMEM", "weir has no memory"); }
