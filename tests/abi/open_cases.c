/* Versions, features, and a first copy by each way of starting one. */
#include "check.h"

static void versions_agree(void) {
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", WEIR_VERSION_NUMBER >> 16, WEIR_VERSION_NUMBER >> 8 & 255,
           WEIR_VERSION_NUMBER & 255);
  CHECK(weir_version() == WEIR_VERSION_NUMBER);
  CHECK(strcmp(weir_version_text(), text) == 0);
  CHECK(strstr(weir_features(), "zstd") != NULL && strstr(weir_features(), "s3") != NULL);
}

static void a_line_of_text_is_a_job(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_job* job = NULL;
  char line[9000];
  size_t i;
  int found = 0;
  snprintf(line, sizeof line, "'file:%s' | sha256 | zstd | unzstd | 'file:%s'", path_of("in"), path_of("out"));
  CHECK_OK(&error, weir_start(line, NULL, &job, &error));
  CHECK_OK(&error, weir_job_wait(job, -1, &receipt, &error));
  CHECK(receipt.bytes_read == 3000001 && receipt.bytes_stored == 3000001);
  for (i = 0; i < receipt.fact_count; ++i) {
    if (strcmp(receipt.facts[i].name, "sha256") == 0) found = strlen(receipt.facts[i].value) == 64;
  }
  CHECK(found);
  CHECK(strstr(receipt.destination, "out") != NULL);
  CHECK(same_files(path_of("in"), path_of("out")));
  /* The same answer again. */
  CHECK_OK(&error, weir_job_wait(job, 0, &receipt, &error));
  CHECK(receipt.bytes_stored == 3000001);
  weir_job_free(job);
  weir_receipt_clear(&receipt);
  CHECK(receipt.bytes_stored == 0 && receipt.destination == NULL);
  weir_error_clear(&error);
}

static void one_call_copies(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_job_options options;
  weir_init(&options, sizeof options);
  options.through = "gzip";
  CHECK_OK(&error, weir_copy(path_of("in"), path_of("out.gz"), &options, &receipt, &error));
  options.through = "gunzip";
  CHECK_OK(&error, weir_copy(path_of("out.gz"), path_of("back"), &options, NULL, &error));
  CHECK(same_files(path_of("in"), path_of("back")));
  weir_receipt_clear(&receipt);
}

static void memory_is_uploaded_and_downloaded(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  char buffer[16];
  size_t size = 99;
  CHECK_OK(&error, weir_upload("hello", 5, path_of("greeting"), NULL, &receipt, &error));
  CHECK(receipt.bytes_stored == 5);
  CHECK_OK(&error, weir_download(path_of("greeting"), buffer, sizeof buffer, &size, NULL, NULL, &error));
  CHECK(size == 5 && memcmp(buffer, "hello", 5) == 0);
  CHECK_STATUS(WEIR_E_LIMIT, &error, weir_download(path_of("greeting"), buffer, 4, &size, NULL, NULL, &error));
  CHECK(size == 0 && strstr(error.message, "buffer of 4 bytes") != NULL);
  CHECK_OK(&error, weir_upload(NULL, 0, path_of("nothing"), NULL, &receipt, &error));
  CHECK_OK(&error, weir_download(path_of("nothing"), buffer, 0, &size, NULL, NULL, &error));
  CHECK(size == 0);
  weir_receipt_clear(&receipt);
  weir_error_clear(&error);
}

static void a_context_has_threads_and_a_budget(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context* context = NULL;
  weir_context_options options;
  weir_job_options job;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_init(&options, sizeof options);
  weir_init(&job, sizeof job);
  options.threads = 2;
  options.budget_bytes = 16 << 20;
  CHECK_OK(&error, weir_context_new(&options, &context, &error));
  job.context = context;
  CHECK_OK(&error, weir_copy(path_of("in"), path_of("out2"), &job, &receipt, &error));
  CHECK(same_files(path_of("in"), path_of("out2")));
  weir_context_free(context);
  options.budget_bytes = 1000;
  CHECK_OK(&error, weir_context_new(&options, &context, &error));
  job.context = context;
  CHECK_STATUS(WEIR_E_BUDGET_TOO_SMALL, &error, weir_copy(path_of("in"), path_of("no"), &job, &receipt, &error));
  CHECK(error.needed_bytes >= 1000);
  CHECK(!file_exists(path_of("no")));
  weir_context_free(context);
  weir_receipt_clear(&receipt);
  weir_error_clear(&error);
}

void open_cases(void) {
  write_file(path_of("in"), 3000001);
  versions_agree();
  a_line_of_text_is_a_job();
  one_call_copies();
  memory_is_uploaded_and_downloaded();
  a_context_has_threads_and_a_budget();
}
