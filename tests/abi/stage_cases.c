/* Stages of the host's own. */
#include "check.h"

/* "rot N" adds N to each byte, and says at the end how many there were. */
typedef struct rot {
  int by;
  long count;
} rot;

static int made;
static int released;
static int types_released;

static int32_t rot_process(void* host, const void* data, size_t size, weir_stage_call* call) {
  rot* const state = (rot*)host;
  unsigned char out[1000];
  size_t at = 0;
  while (at < size) {
    const size_t piece = size - at < sizeof out ? size - at : sizeof out;
    size_t i;
    for (i = 0; i < piece; ++i) out[i] = (unsigned char)(((const unsigned char*)data)[at + i] + state->by);
    if (weir_stage_emit(call, out, piece) != WEIR_OK) return 1;
    at += piece;
  }
  state->count += (long)size;
  return 0;
}

static int32_t rot_finish(void* host, weir_stage_call* call) {
  char text[32];
  snprintf(text, sizeof text, "|%ld", ((rot*)host)->count);
  return weir_stage_emit(call, text, strlen(text)) == WEIR_OK ? 0 : 1;
}

static void rot_release(void* host) {
  free(host);
  __atomic_add_fetch(&released, 1, __ATOMIC_SEQ_CST);
}

static int32_t rot_make(void* host, const char* argument, weir_stage_call* call) {
  weir_transform transform;
  rot* state = NULL;
  CHECK(host == &types_released);
  if (argument[0] == 0) {
    weir_stage_fail(call, "say by how much");
    return 1;
  }
  state = (rot*)calloc(1, sizeof *state);
  CHECK(state != NULL);
  state->by = atoi(argument);
  weir_init(&transform, sizeof transform);
  transform.process = rot_process;
  transform.finish = rot_finish;
  transform.release = rot_release;
  transform.host = state;
  ++made;
  return weir_stage_set(call, &transform) == WEIR_OK ? 0 : 2;
}

static void type_released(void* host) { __atomic_add_fetch((int*)host, 1, __ATOMIC_SEQ_CST); }

static void refused_release(void* host) { ++*(int*)host; }

/* Inside a callback: each is refused, and lets go of what it was given. */
static void try_what_waits(void) {
  weir_job_options options;
  weir_job* job = NULL;
  char buffer[4];
  size_t size = 0;
  int releases = 0;
  weir_init(&options, sizeof options);
  options.release = refused_release;
  options.host = &releases;
  CHECK(weir_copy("gen:1KiB", "null:", NULL, NULL, NULL) == WEIR_E_STATE);
  CHECK(weir_copy("gen:1KiB", "null:", &options, NULL, NULL) == WEIR_E_STATE && releases == 1);
  CHECK(weir_upload("x", 1, "null:", &options, NULL, NULL) == WEIR_E_STATE && releases == 2);
  CHECK(weir_download("gen:1KiB", buffer, sizeof buffer, &size, &options, NULL, NULL) == WEIR_E_STATE && releases == 3);
  CHECK(weir_ledger_resume(1, &options, &job, NULL) == WEIR_E_STATE && releases == 4);
}

/* "careless TO": hands on what cannot be, does not look whether that went, and says that all is well. */
static int32_t careless_process(void* host, const void* data, size_t size, weir_stage_call* call) {
  const char to = *(const char*)host;
  (void)data;
  if (to == 'n') CHECK(weir_stage_emit(call, NULL, 1) == WEIR_E_INVALID_ARGUMENT);
  if (to == 's') CHECK(weir_stage_emit_slice(call, size, 1) == WEIR_E_INVALID_ARGUMENT);
  if (to == 'o') CHECK(weir_stage_emit_slice(call, 1, (size_t)-1) == WEIR_E_INVALID_ARGUMENT);
  (void)weir_stage_emit_slice(call, 0, size);
  return 0;
}

static int32_t careless_finish(void* host, weir_stage_call* call) {
  if (*(const char*)host == 'f') CHECK(weir_stage_emit(call, NULL, 1) == WEIR_E_INVALID_ARGUMENT);
  return 0;
}

static int32_t careless_make(void* host, const char* argument, weir_stage_call* call) {
  static char to[8];
  static unsigned turn;
  weir_transform transform;
  (void)host;
  weir_init(&transform, sizeof transform);
  transform.process = careless_process;
  transform.finish = careless_finish;
  transform.host = &to[turn % sizeof to];
  to[turn++ % sizeof to] = argument[0];
  return weir_stage_set(call, &transform) == WEIR_OK ? 0 : 2;
}

static void what_was_not_handed_on_fails_the_job(weir_context* context) {
  static const char* const kStages[] = {"careless n", "careless s", "careless o", "careless f"};
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_stage_type type;
  size_t i;
  weir_init(&type, sizeof type);
  type.name = "careless";
  type.make = careless_make;
  CHECK_OK(&error, weir_context_add_stage(context, &type, &error));
  weir_init(&options, sizeof options);
  options.context = context;
  for (i = 0; i < sizeof kStages / sizeof kStages[0]; ++i) {
    options.through = kStages[i];
    CHECK_STATUS(WEIR_E_IO, &error, weir_upload("abc", 3, path_of("holed"), &options, NULL, &error));
    CHECK(strstr(error.message, "was refused") != NULL && strcmp(error.stage, "careless") == 0);
    CHECK(!file_exists(path_of("holed")));
  }
  options.through = "careless";
  CHECK_OK(&error, weir_upload("abc", 3, path_of("whole"), &options, NULL, &error));
  weir_error_clear(&error);
}

/* A host's name is the host's, also where the library has it, or gets it. */
static void a_name_of_the_hosts_is_the_hosts(weir_context* context) {
  static const char* const kHandles[] = {"push", "pull"};
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_stage_type type;
  char buffer[8];
  size_t size = 0;
  size_t i;
  weir_init(&type, sizeof type);
  type.make = rot_make;
  type.host = &types_released;
  type.name = "zstd";
  CHECK_OK(&error, weir_context_add_stage(context, &type, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_context_add_stage(context, &type, &error));
  weir_init(&options, sizeof options);
  options.context = context;
  options.through = "zstd 1";
  CHECK_OK(&error, weir_download(path_of("plain"), buffer, sizeof buffer, &size, &options, NULL, &error));
  CHECK(size == 5 && memcmp(buffer, "IBM|3", 5) == 0);
  /* Elsewhere it is what it was. */
  CHECK_OK(&error, weir_copy("gen:1KiB", "null:", NULL, NULL, &error));
  options.context = NULL;
  options.through = "zstd | unzstd";
  CHECK_OK(&error, weir_download(path_of("plain"), buffer, sizeof buffer, &size, &options, NULL, &error));
  CHECK(size == 3 && memcmp(buffer, "HAL", 3) == 0);
  for (i = 0; i < 2; ++i) {
    type.name = kHandles[i];
    CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_context_add_stage(context, &type, &error));
  }
  weir_error_clear(&error);
}

/* "odd": hands on the second half of each piece without a copy; fails at an 'x'; tries what it may not. */
static int32_t odd_process(void* host, const void* data, size_t size, weir_stage_call* call) {
  weir_transform transform;
  weir_waker* waker = NULL;
  (void)host;
  if (memchr(data, 'x', size) != NULL) {
    weir_stage_fail(call, "there was an x");
    return 7;
  }
  weir_init(&transform, sizeof transform);
  CHECK(weir_stage_set(call, &transform) == WEIR_E_HANDLE);
  CHECK(weir_stage_set_state(call, data, 1) == WEIR_E_HANDLE);
  CHECK(weir_stage_waker(call, &waker) == WEIR_E_HANDLE && waker == NULL);
  try_what_waits();
  return weir_stage_emit_slice(call, size / 2, size - size / 2) == WEIR_OK ? 0 : 1;
}

static int32_t odd_make(void* host, const char* argument, weir_stage_call* call) {
  weir_transform transform;
  (void)host;
  CHECK(weir_stage_emit(call, "x", 1) == WEIR_E_HANDLE);
  if (strcmp(argument, "nothing") == 0) return 0;
  weir_init(&transform, sizeof transform);
  CHECK(weir_stage_set(call, &transform) == WEIR_E_INVALID_ARGUMENT);
  transform.process = odd_process;
  return weir_stage_set(call, &transform) == WEIR_OK ? 0 : 2;
}

static weir_context* context_with_stages(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context* context = NULL;
  weir_stage_type type;
  CHECK_OK(&error, weir_context_new(NULL, &context, &error));
  weir_init(&type, sizeof type);
  type.name = "rot";
  type.make = rot_make;
  type.release = type_released;
  type.host = &types_released;
  CHECK_OK(&error, weir_context_add_stage(context, &type, &error));
  /* The name is taken: it is released all the same. */
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_context_add_stage(context, &type, &error));
  CHECK(types_released == 1);
  weir_init(&type, sizeof type);
  type.name = "odd";
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_context_add_stage(context, &type, &error));
  type.make = odd_make;
  CHECK_OK(&error, weir_context_add_stage(context, &type, &error));
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_context_add_stage(NULL, &type, &error));
  weir_error_clear(&error);
  return context;
}

void stage_cases(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context* const context = context_with_stages();
  weir_job_options options;
  weir_job* job = NULL;
  char buffer[64];
  char line[5000];
  size_t size = 0;
  weir_init(&options, sizeof options);
  options.context = context;
  CHECK_OK(&error, weir_upload("HAL", 3, path_of("plain"), NULL, NULL, &error));
  options.through = "rot 1 | rot -1 | rot 1";
  CHECK_OK(&error, weir_download(path_of("plain"), buffer, sizeof buffer, &size, &options, NULL, &error));
  /* Each counts what those before have added: "|3", turned twice, is |3; then "|5", turned once, is }6; then "|7". */
  CHECK(size == 9 && memcmp(buffer, "IBM|3}6|7", 9) == 0 && made == 3);
  options.through = "odd";
  CHECK_OK(&error, weir_download(path_of("plain"), buffer, sizeof buffer, &size, &options, NULL, &error));
  CHECK(size == 2 && memcmp(buffer, "AL", 2) == 0);
  CHECK_STATUS(WEIR_E_IO, &error, weir_upload("a x", 3, path_of("failed"), &options, NULL, &error));
  CHECK(strstr(error.message, "there was an x") != NULL && strcmp(error.stage, "odd") == 0);
  CHECK(!file_exists(path_of("failed")));
  what_was_not_handed_on_fails_the_job(context);
  a_name_of_the_hosts_is_the_hosts(context);
  options.through = "odd nothing";
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_upload("a", 1, path_of("failed"), &options, NULL, &error));
  options.through = NULL;
  snprintf(line, sizeof line, "'file:%s' | rot | null:", path_of("plain"));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start(line, &options, &job, &error));
  CHECK(strstr(error.message, "say by how much") != NULL);
  /* Of other contexts there is no such stage. */
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start("gen:1KiB | rot 1 | null:", NULL, &job, &error));
  /* Jobs keep what they need of a context that was freed. */
  CHECK_OK(&error, weir_start("gen:8MiB | rot 1 | rot -1 | null:", &options, &job, &error));
  weir_context_free(context);
  CHECK_OK(&error, weir_job_wait(job, -1, NULL, &error));
  weir_job_free(job);
  while (__atomic_load_n(&types_released, __ATOMIC_SEQ_CST) < 2) sleep_ms(1);
  while (__atomic_load_n(&released, __ATOMIC_SEQ_CST) < made) sleep_ms(1);
  weir_error_clear(&error);
}
