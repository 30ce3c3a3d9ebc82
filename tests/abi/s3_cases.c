/* What only a store of objects has: metadata, checksums, copies inside the store, URLs for anyone, its own words. */
#include "check.h"

const char* s3_name(const char* key) {
  static char names[4][4096];
  static unsigned turn;
  char* const name = names[turn++ % 4];
  const char* const bucket = getenv("WEIR_TEST_S3_BUCKET");
  CHECK(bucket != NULL);
  snprintf(name, sizeof names[0], "s3://%s/%s", bucket, key);
  return name;
}

weir_context* s3_context(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context_options options;
  weir_context* context = NULL;
  weir_init(&options, sizeof options);
  options.s3_endpoint_url = getenv("WEIR_TEST_S3_ENDPOINT");
  CHECK_OK(&error, weir_context_new(&options, &context, &error));
  return context;
}

static void an_object_keeps_what_it_was_stored_with(weir_context* context) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_object_info info = WEIR_OBJECT_INFO_INIT;
  weir_job_options options;
  weir_pair metadata[2];
  metadata[0].name = "origin";
  metadata[0].value = "C";
  metadata[1].name = "purpose";
  metadata[1].value = "a test";
  weir_init(&options, sizeof options);
  options.context = context;
  options.content_type = "text/x-test";
  options.metadata = metadata;
  options.metadata_count = 2;
  CHECK_OK(&error, weir_upload("stored", 6, s3_name("a/object"), &options, &receipt, &error));
  CHECK(receipt.checksum_verified && strncmp(receipt.checksum, "crc64nvme:", 10) == 0 && receipt.etag[0] != 0);
  CHECK_OK(&error, weir_store_head(context, s3_name("a/object"), &info, &error));
  CHECK(info.size == 6 && info.has_crc64nvme && strcmp(info.content_type, "text/x-test") == 0);
  CHECK(info.metadata_count == 2 && strcmp(info.metadata[0].name, "origin") == 0 &&
        strcmp(info.metadata[1].value, "a test") == 0);
  CHECK_OK(&error, weir_store_copy(context, s3_name("a/object"), s3_name("a/copy"), &info, &error));
  CHECK(strcmp(info.name, s3_name("a/copy")) == 0);
  CHECK_OK(&error, weir_store_head(context, s3_name("a/copy"), &info, &error));
  CHECK(info.size == 6);
  weir_object_info_clear(&info);
  weir_receipt_clear(&receipt);
}

static void a_presigned_url_is_for_anyone(weir_context* context) {
  weir_error error = WEIR_ERROR_INIT;
  char* url = NULL;
  char buffer[16];
  size_t size = 0;
  CHECK_OK(&error, weir_store_presign(context, "GET", s3_name("a/object"), 60, &url, &error));
  CHECK_OK(&error, weir_download(url, buffer, sizeof buffer, &size, NULL, NULL, &error));
  CHECK(size == 6 && memcmp(buffer, "stored", 6) == 0);
  weir_text_free(url);
}

static void a_listing_has_pages(weir_context* context) {
  weir_error error = WEIR_ERROR_INIT;
  weir_listed entry = WEIR_LISTED_INIT;
  weir_listing* listing = NULL;
  int count = 0;
  CHECK_OK(&error, weir_store_list(context, s3_name("a/"), NULL, &listing, &error));
  while (weir_listing_next(listing, &entry, &error) == WEIR_OK) {
    CHECK(strcmp(entry.key, count == 0 ? "a/copy" : "a/object") == 0 && entry.size == 6 && entry.etag[0] != 0);
    ++count;
  }
  CHECK(count == 2);
  weir_listing_free(listing);
}

static void an_error_is_in_the_stores_words(weir_context* context) {
  weir_error error = WEIR_ERROR_INIT;
  weir_job_options options;
  weir_init(&options, sizeof options);
  options.context = context;
  CHECK_STATUS(WEIR_E_NOT_FOUND, &error,
               weir_copy("s3://weir-no-such-bucket/key", path_of("out"), &options, NULL, &error));
  CHECK(error.http_status == 404 && strstr(error.message, "weir-no-such-bucket") != NULL);
  CHECK_STATUS(WEIR_E_NOT_FOUND, &error, weir_upload("x", 1, "s3://weir-no-such-bucket/key", &options, NULL, &error));
  CHECK(error.http_status == 404 && strcmp(error.service_code, "NoSuchBucket") == 0);
  weir_error_clear(&error);
}

void s3_cases(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context* const context = s3_context();
  an_object_keeps_what_it_was_stored_with(context);
  a_presigned_url_is_for_anyone(context);
  a_listing_has_pages(context);
  an_error_is_in_the_stores_words(context);
  CHECK_OK(&error, weir_store_remove(context, s3_name("a/object"), &error));
  CHECK_OK(&error, weir_store_remove(context, s3_name("a/copy"), &error));
  weir_context_free(context);
}
