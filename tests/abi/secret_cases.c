/* Keys: the host's own, and those that stand in a URL. They need the server whose faults can be asked for. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

/* Asks the server for faults: a list in JSON. */
static void ask_for_faults(const char* json) {
  const char* const endpoint = getenv("WEIR_TEST_S3_ENDPOINT");
  const char* const port = endpoint == NULL ? NULL : strrchr(endpoint, ':');
  struct sockaddr_in address;
  char text[1024];
  int length;
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(port != NULL && connection >= 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)atoi(port + 1));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect(connection, (const struct sockaddr*)&address, sizeof address) == 0);
  length =
      snprintf(text, sizeof text,
               "POST /_weir/faults HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
               (int)strlen(json), json);
  CHECK(write(connection, text, (size_t)length) == length);
  CHECK(read(connection, text, 12) == 12 && memcmp(text, "HTTP/1.1 204", 12) == 0);
  close(connection);
}

typedef struct keys {
  int calls;
  int refused[8]; /* of each call, as it was told */
} keys;

static int32_t give_keys(void* host, int32_t refused, weir_credentials* to) {
  keys* const state = (keys*)host;
  const int call = __atomic_fetch_add(&state->calls, 1, __ATOMIC_SEQ_CST);
  if (call < 8) state->refused[call] = refused;
  weir_credentials_set(to, getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN"));
  return 0;
}

static void the_host_is_told_that_its_keys_have_expired(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_credentials_provider provider;
  weir_context_options with;
  weir_context* context = NULL;
  weir_job_options options;
  keys state;
  int i;
  memset(&state, 0, sizeof state);
  weir_init(&provider, sizeof provider);
  provider.get = give_keys;
  provider.host = &state;
  weir_init(&with, sizeof with);
  with.s3_endpoint_url = getenv("WEIR_TEST_S3_ENDPOINT");
  with.credentials = &provider;
  CHECK_OK(&error, weir_context_new(&with, &context, &error));
  weir_init(&options, sizeof options);
  options.context = context;
  ask_for_faults("[{\"op\": \"PutObject\", \"action\": \"expired_token\"}]");
  CHECK_OK(&error, weir_upload("x", 1, s3_name("expired"), &options, NULL, &error));
  CHECK(state.calls >= 2 && state.refused[0] == 0 && state.refused[1] == 1);
  for (i = 2; i < state.calls && i < 8; ++i) CHECK(state.refused[i] == 0); /* told once */
  state.calls = 0;
  CHECK_OK(&error, weir_store_remove(context, s3_name("expired"), &error));
  CHECK(state.calls >= 1 && state.refused[0] == 0);
  weir_context_free(context);
}

static int state_holds(const char* text) {
  char line[5000];
  snprintf(line, sizeof line, "grep -rqF -e '%s' '%s'", text, path_of("secret_state"));
  return system(line) == 0;
}

/* A signed URL is a key: what is recorded of a job that has one is enough to go on, and no more. */
static void a_signed_url_is_not_recorded(void) {
  enum { kBytes = 24 << 20 };
  weir_error error = WEIR_ERROR_INIT;
  weir_context_options with;
  weir_context* context = NULL;
  weir_job_options options;
  weir_progress progress;
  weir_unfinished* list = NULL;
  weir_unfinished_job found = WEIR_UNFINISHED_JOB_INIT;
  weir_job* job = NULL;
  char* url = NULL;
  char line[6000];
  const char* signature = NULL;
  int round;
  weir_init(&with, sizeof with);
  with.s3_endpoint_url = getenv("WEIR_TEST_S3_ENDPOINT");
  with.ledger = 1;
  with.state_dir = path_of("secret_state");
  with.bytes_per_second = 24 << 20;
  CHECK_OK(&error, weir_context_new(&with, &context, &error));
  weir_init(&options, sizeof options);
  options.context = context;
  write_file(path_of("secret.in"), kBytes);
  CHECK_OK(&error, weir_copy(path_of("secret.in"), s3_name("secret"), &options, NULL, &error));
  CHECK_OK(&error, weir_store_presign(context, "GET", s3_name("secret"), 600, &url, &error));
  signature = strstr(url, "X-Amz-Signature=");
  CHECK(signature != NULL);
  for (round = 0; round < 2; ++round) { /* by weir_start_copy(), by weir_start() */
    snprintf(line, sizeof line, "'%s' | 'file:%s'", url, path_of("secret.out"));
    if (round == 0) {
      CHECK_OK(&error, weir_start_copy(url, path_of("secret.out"), &options, &job, &error));
    } else {
      CHECK_OK(&error, weir_start(line, &options, &job, &error));
    }
    weir_init(&progress, sizeof progress);
    do {
      sleep_ms(1);
      CHECK_OK(&error, weir_job_progress(job, &progress, &error));
      CHECK(progress.state == WEIR_JOB_RUNNING);
    } while (progress.bytes_confirmed < kBytes / 3);
    CHECK_OK(&error, weir_job_suspend(job, &error));
    CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_job_wait(job, 60000, NULL, &error));
    weir_job_free(job);
    CHECK_OK(&error, weir_ledger_list(context, &list, &error));
    CHECK_OK(&error, weir_unfinished_next(list, &found, &error));
    CHECK(strstr(found.destination, "secret.out") != NULL && strstr(found.source, "X-Amz") == NULL &&
          !found.can_resume);
    weir_unfinished_free(list);
    CHECK(state_holds("secret.out")); /* one would see it */
    CHECK(!state_holds("X-Amz-Signature") && !state_holds(signature + strlen("X-Amz-Signature=")));
    CHECK(!state_holds("X-Amz-Credential"));
    CHECK_OK(&error, weir_ledger_abort(context, found.id, &error));
  }
  CHECK_OK(&error, weir_store_remove(context, s3_name("secret"), &error));
  weir_text_free(url);
  weir_context_free(context);
  weir_error_clear(&error);
}

void secret_cases(void) {
  the_host_is_told_that_its_keys_have_expired();
  a_signed_url_is_not_recorded();
}
