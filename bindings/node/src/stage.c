#include "stage.h"

#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "request.h"

static _Thread_local struct {
  struct env* env;
  const double* ids;
  size_t count;
} starting;

void stage_begin_start(struct env* env, const double* ids, size_t count) {
  starting.env = env;
  starting.ids = ids;
  starting.count = count;
}

void stage_end_start(void) { memset(&starting, 0, sizeof starting); }

static int32_t run(void* host, struct request* request, weir_stage_call* call) {
  request->host = host_id(host);
  int32_t failed = 1;
  if (!request_ask(host_env(host), request)) {
    weir_stage_fail(call, "the JavaScript environment that it runs in has ended");
  } else if (request->error != NULL) {
    weir_stage_fail(call, request->error);
  } else {
    failed = request->count > 0 && weir_stage_emit(call, request->bytes, request->count) != WEIR_OK;
  }
  request_clear(request);
  return failed;
}

static int32_t process(void* host, const void* data, size_t size, weir_stage_call* call) {
  struct request request = {.what = "process", .data = data, .size = size};
  return run(host, &request, call);
}

static int32_t finish(void* host, weir_stage_call* call) {
  struct request request = {.what = "finish"};
  return run(host, &request, call);
}

static int32_t make(void* nothing, const char* argument, weir_stage_call* call) {
  (void)nothing;
  char* end = NULL;
  const unsigned long number = strtoul(argument, &end, 10);
  if (starting.env == NULL || end == argument || *end != '\0' || number >= starting.count) {
    weir_stage_fail(call, "a function of a JavaScript program cannot be named in text: make the same call again");
    return 1;
  }
  weir_transform transform;
  weir_init(&transform, sizeof transform);
  transform.process = process;
  transform.finish = finish;
  transform.release = host_release;
  transform.host = host_new(starting.env, starting.ids[number], HOST_IDLE);
  return transform.host == NULL || weir_stage_set(call, &transform) != WEIR_OK;
}

weir_status stage_add(weir_context* context, weir_error* error) {
  weir_stage_type type;
  weir_init(&type, sizeof type);
  type.name = "node";
  type.help = "a function of this JavaScript program";
  type.make = make;
  return weir_context_add_stage(context, &type, error);
}
