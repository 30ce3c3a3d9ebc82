/* Objects by name, here files in a directory: what a store does is tested elsewhere, this is the way through C. */
#include <sys/stat.h>

#include "check.h"

static void objects_are_listed_looked_at_and_removed(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_object_info info = WEIR_OBJECT_INFO_INIT;
  weir_listed entry = WEIR_LISTED_INIT;
  weir_list_options options;
  weir_listing* listing = NULL;
  int objects = 0;
  int folders = 0;
  weir_status status = WEIR_OK;
  CHECK(mkdir(path_of("tree"), 0700) == 0 && mkdir(path_of("tree/b"), 0700) == 0);
  CHECK_OK(&error, weir_upload("1", 1, path_of("tree/a"), NULL, NULL, &error));
  CHECK_OK(&error, weir_upload("22", 2, path_of("tree/b/c"), NULL, NULL, &error));
  CHECK_OK(&error, weir_store_head(NULL, path_of("tree/b/c"), &info, &error));
  CHECK(info.size == 2 && info.modified_unix > 1000000000 && strstr(info.name, "tree/b/c") != NULL);
  CHECK_OK(&error, weir_store_list(NULL, path_of("tree/"), NULL, &listing, &error));
  while ((status = weir_listing_next(listing, &entry, &error)) == WEIR_OK) {
    CHECK(!entry.is_folder && strstr(entry.name, entry.key) != NULL);
    objects += entry.size == 1 || entry.size == 2;
  }
  CHECK(status == WEIR_END && objects == 2);
  CHECK_STATUS(WEIR_END, &error, weir_listing_next(listing, &entry, &error));
  weir_listing_free(listing);
  weir_init(&options, sizeof options);
  options.folders = 1;
  CHECK_OK(&error, weir_store_list(NULL, path_of("tree/"), &options, &listing, &error));
  while (weir_listing_next(listing, &entry, &error) == WEIR_OK) folders += entry.is_folder;
  CHECK(folders == 1);
  weir_listing_free(listing);
  CHECK_OK(&error, weir_store_remove(NULL, path_of("tree/a"), &error));
  CHECK(!file_exists(path_of("tree/a")));
  CHECK_STATUS(WEIR_E_NOT_FOUND, &error, weir_store_head(NULL, path_of("tree/a"), &info, &error));
  CHECK(info.size == 2); /* stays as it was */
  weir_object_info_clear(&info);
  CHECK(info.name == NULL);
  weir_error_clear(&error);
}

static void a_store_says_what_it_cannot_do(void) {
  weir_error error = WEIR_ERROR_INIT;
  char* url = NULL;
  CHECK_STATUS(WEIR_E_UNSUPPORTED, &error, weir_store_presign(NULL, "GET", path_of("tree/b/c"), 60, &url, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_store_presign(NULL, "EAT", "s3://b/k", 60, &url, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_store_presign(NULL, "GET", "s3://b/k", 0, &url, &error));
  CHECK(url == NULL);
  weir_error_clear(&error);
}

static int32_t give_keys(void* host, int32_t refused, weir_credentials* to) {
  ++*(int*)host;
  (void)refused;
  weir_credentials_set(to, "AKIDEXAMPLE", "secret", NULL);
  return 0;
}

static int32_t give_no_keys(void* host, int32_t refused, weir_credentials* to) {
  (void)host;
  (void)refused;
  (void)to;
  return 7;
}

static void keys_come_from_the_host(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_context_options options;
  weir_credentials_provider provider;
  weir_context* context = NULL;
  char* url = NULL;
  int calls = 0;
  weir_init(&provider, sizeof provider);
  weir_init(&options, sizeof options);
  provider.get = give_keys;
  provider.host = &calls;
  options.credentials = &provider;
  options.s3_region = "eu-central-1";
  CHECK_OK(&error, weir_context_new(&options, &context, &error));
  CHECK_OK(&error, weir_store_presign(context, "GET", "s3://bucket/key", 60, &url, &error));
  CHECK(calls == 1 && strstr(url, "AKIDEXAMPLE") != NULL && strstr(url, "eu-central-1") != NULL);
  weir_text_free(url);
  weir_context_free(context);
  provider.get = give_no_keys;
  CHECK_OK(&error, weir_context_new(&options, &context, &error));
  CHECK_STATUS(WEIR_E_ACCESS_DENIED, &error, weir_store_presign(context, "GET", "s3://bucket/key", 60, &url, &error));
  CHECK(url == NULL && strstr(error.message, "says 7") != NULL);
  weir_context_free(context);
  weir_error_clear(&error);
}

void store_cases(void) {
  objects_are_listed_looked_at_and_removed();
  a_store_says_what_it_cannot_do();
  keys_come_from_the_host();
}
