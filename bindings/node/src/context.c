#include "context.h"

#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "request.h"
#include "stage.h"

struct context {
  struct held held;
  weir_context* handle;
};

/* Lines that wait for JavaScript, at most; what comes beyond is lost. */
enum { MOST_LINES = 1000 };

struct line {
  struct note note;
  double host;
  char text[];
};

static void tell_line(struct env* env, struct note* note, bool alive) {
  struct line* line = (struct line*)note;
  napi_value text = alive ? new_text(env, line->text) : NULL;
  if (text != NULL) env_dispatch(env, "log", line->host, 1, &text);
  free(line);
}

static void on_line(void* host, int32_t level, const char* text) {
  (void)level;
  struct env* env = host_env(host);
  pthread_mutex_lock(&env->mutex);
  const bool room = env->queued < MOST_LINES;
  pthread_mutex_unlock(&env->mutex);
  const size_t size = strlen(text) + 1;
  struct line* line = room ? malloc(sizeof *line + size) : NULL;
  if (line == NULL) return;
  line->note.run = tell_line;
  line->host = host_id(host);
  memcpy(line->text, text, size);
  env_post(env, &line->note);
}

/* The answer is three texts, each with a NUL behind it. */
static int32_t on_credentials(void* host, int32_t refused, weir_credentials* to) {
  struct request request = {.what = "credentials", .flag = refused != 0, .host = host_id(host)};
  int32_t failed = 1;
  if (request_ask(host_env(host), &request) && request.error == NULL && request.count > 2) {
    const char* texts[3] = {(const char*)request.bytes, "", ""};
    const char* end = texts[0] + request.count;
    size_t found = 0;
    for (const char* at = texts[0]; at < end && found < 3; at += strlen(at) + 1) texts[found++] = at;
    failed = found != 3;
    if (!failed) weir_credentials_set(to, texts[0], texts[1], texts[2][0] == '\0' ? NULL : texts[2]);
  }
  request_clear(&request);
  return failed;
}

static void finalize(napi_env napi, void* data, void* hint) {
  struct context* context = data;
  (void)napi;
  weir_context_free(context->handle);
  free(context);
  env_release(hint);
}

static bool read_options(struct env* env, napi_value given, weir_context_options* options, struct texts* texts) {
  uint64_t threads = 0;
  options->ledger = truth(env, property(env, given, "ledger"));
  options->no_sign_request = truth(env, property(env, given, "noSignRequest"));
  if (!read_u64(env, property(env, given, "threads"), "threads", &threads)) return false;
  options->threads = threads > UINT32_MAX ? UINT32_MAX : (uint32_t)threads;
  return read_u64(env, property(env, given, "budgetBytes"), "budgetBytes", &options->budget_bytes) &&
         read_u64(env, property(env, given, "bytesPerSecond"), "bytesPerSecond", &options->bytes_per_second) &&
         read_text(env, property(env, given, "stateDir"), texts, &options->state_dir) &&
         read_text(env, property(env, given, "s3EndpointUrl"), texts, &options->s3_endpoint_url) &&
         read_text(env, property(env, given, "s3Region"), texts, &options->s3_region) &&
         read_text(env, property(env, given, "awsProfile"), texts, &options->aws_profile) &&
         read_text(env, property(env, given, "caBundle"), texts, &options->ca_bundle);
}

napi_value js_context_new(napi_env napi, napi_callback_info info) {
  napi_value values[3], made = NULL;
  struct env* env = arguments(napi, info, 3, values);
  double log_id = 0, credentials_id = 0;
  weir_error error = WEIR_ERROR_INIT;
  weir_logger logger;
  weir_credentials_provider provider;
  weir_context_options options;
  struct texts texts = {NULL, 0};
  weir_init(&options, sizeof options);
  weir_init(&logger, sizeof logger);
  weir_init(&provider, sizeof provider);
  struct context* context = calloc(1, sizeof *context);
  const bool has_credentials = !is_nothing(env, values[2]);
  if (context != NULL && read_options(env, values[0], &options, &texts) && read_number(env, values[1], &log_id) &&
      (!has_credentials || read_number(env, values[2], &credentials_id))) {
    logger.log = on_line;
    logger.release = host_release;
    logger.host = host_new(env, log_id, HOST_IDLE);
    options.logger = &logger;
    provider.get = on_credentials;
    provider.release = host_release;
    if (has_credentials) provider.host = host_new(env, credentials_id, HOST_IDLE);
    if (has_credentials) options.credentials = &provider;
    const bool no_host = logger.host == NULL || (has_credentials && provider.host == NULL);
    if (no_host) {  // a function without a host would have nobody to call
      if (logger.host != NULL) host_drop(logger.host);
      if (provider.host != NULL) host_drop(provider.host);
    }
    weir_status status = no_host ? WEIR_E_NOMEM : weir_context_new(&options, &context->handle, &error);
    if (status == WEIR_OK) status = stage_add(context->handle, &error);
    context->held.kind = HELD_CONTEXT;
    if (status == WEIR_OK) {
      made = new_held(env, &context->held, finalize);
      context = NULL;
    } else {
      weir_context_free(context->handle);
      no_host ? throw_no_memory(env) : throw_weir(env, status, &error);
    }
  }
  free(context);
  texts_free(&texts);
  return made;
}

bool read_context(struct env* env, napi_value value, weir_context** into) {
  struct context* context = read_held(env, value, HELD_CONTEXT);
  if (context != NULL) *into = context->handle;
  return context != NULL;
}

napi_value js_context_free(napi_env napi, napi_callback_info info) {
  napi_value values[1];
  struct env* env = arguments(napi, info, 1, values);
  struct context* context = read_held(env, values[0], HELD_CONTEXT);
  if (context != NULL) weir_context_free(context->handle);
  return NULL;
}
