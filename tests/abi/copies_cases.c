/* Many files in one call. */
#include <sys/stat.h>

#include "check.h"

typedef struct told {
  int items;
  int failed;
  uint64_t proven;
  int released;
} told;

static void on_item(void* host, const weir_copied* item) {
  told* const of = (told*)host;
  ++of->items;
  CHECK(item->source[0] != 0);
  CHECK((item->outcome == WEIR_COPY_FAILED) == (item->error != NULL));
  CHECK((item->outcome == WEIR_COPY_DONE) == (item->receipt != NULL));
  if (item->receipt != NULL) of->proven += item->receipt->bytes_stored;
  if (item->error != NULL) {
    ++of->failed;
    CHECK(item->error->status != WEIR_OK && item->error->message[0] != 0);
  }
  CHECK(weir_copy("gen:1KiB", "null:", NULL, NULL, NULL) == WEIR_E_STATE);
}

static void on_release(void* host) { ++((told*)host)->released; }

static void make_tree(void) {
  CHECK(mkdir(path_of("forest"), 0700) == 0 && mkdir(path_of("forest/b"), 0700) == 0);
  write_file(path_of("forest/one"), 1000);
  write_file(path_of("forest/b/two"), 70000);
  write_file(path_of("forest/b/skip.tmp"), 10);
}

void copies_cases(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_copies_options options;
  weir_job_options each;
  weir_copies_progress sum;
  weir_copies* copies = NULL;
  const char* sources[2];
  weir_pair filter = {"exclude", "*.tmp"};
  told of = {0, 0, 0, 0};
  char name[32];
  int i;
  make_tree();
  sources[0] = path_of("forest/");
  weir_init(&options, sizeof options);
  weir_init(&each, sizeof each);
  weir_init(&sum, sizeof sum);
  options.recursive = 1;
  options.filters = &filter;
  options.filter_count = 1;
  options.on_item = on_item;
  options.release = on_release;
  options.host = &of;
  CHECK_OK(&error, weir_start_copies(sources, 1, path_of("copied/"), &options, NULL, &copies, &error));
  CHECK_OK(&error, weir_copies_wait(copies, -1, &sum, &error));
  CHECK(of.released == 1);
  CHECK(sum.copied == 2 && sum.failed == 0 && sum.skipped == 0 && sum.found == 2 && sum.all_found == 1);
  CHECK(sum.bytes_copied == 71000 && of.proven == 71000 && of.items == 2);
  CHECK(same_files(path_of("forest/b/two"), path_of("copied/b/two")) && !file_exists(path_of("copied/b/skip.tmp")));
  CHECK_OK(&error, weir_copies_snapshot(copies, &sum, &error));
  CHECK(sum.copied == 2);
  weir_copies_free(copies);
  CHECK_STATUS(WEIR_E_HANDLE, &error, weir_copies_wait(copies, 0, NULL, &error));

  /* What is there is kept; what fails stops no other. */
  options.update = WEIR_UPDATE_SIZE_AND_TIME;
  CHECK_OK(&error, weir_start_copies(sources, 1, path_of("copied/"), &options, NULL, &copies, &error));
  CHECK_OK(&error, weir_copies_wait(copies, -1, &sum, &error));
  CHECK(sum.kept == 2 && sum.copied == 0);
  weir_copies_free(copies);
  options.update = WEIR_UPDATE_ALL;
  sources[1] = path_of("forest/not there");
  of.items = 0;
  CHECK_OK(&error, weir_start_copies(sources, 2, path_of("copied/"), &options, NULL, &copies, &error));
  CHECK_OK(&error, weir_copies_wait(copies, -1, &sum, &error));
  CHECK(sum.failed == 1 && of.failed == 1 && sum.copied == 2);
  weir_copies_free(copies);

  /* What makes no sense: nothing is begun, and the host is released. */
  of.released = 0;
  each.through = "zstd";
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error,
               weir_start_copies(sources, 1, path_of("none/"), &options, &each, &copies, &error));
  each.through = NULL;
  filter.name = "with";
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error,
               weir_start_copies(sources, 1, path_of("none/"), &options, &each, &copies, &error));
  options.filter_count = 0;
  options.update = 3;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error,
               weir_start_copies(sources, 1, path_of("none/"), &options, &each, &copies, &error));
  options.update = 0;
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error,
               weir_start_copies(NULL, 1, path_of("none/"), &options, &each, &copies, &error));
  CHECK_STATUS(WEIR_E_INVALID_ARGUMENT, &error, weir_start_copies(sources, 1, NULL, &options, &each, &copies, &error));
  CHECK(copies == NULL && !file_exists(path_of("none")));
  CHECK(__atomic_load_n(&of.released, __ATOMIC_SEQ_CST) == 5);
  /* Cancelled in the middle: one at a time, each synced, they take a while. */
  CHECK(mkdir(path_of("many"), 0700) == 0);
  for (i = 0; i < 1000; ++i) {
    snprintf(name, sizeof name, "many/%d", i);
    write_file(path_of(name), 100);
  }
  options.on_item = NULL;
  options.files = 1;
  sources[0] = path_of("many/");
  CHECK_OK(&error, weir_start_copies(sources, 1, path_of("y/"), &options, &each, &copies, &error));
  CHECK_STATUS(WEIR_PENDING, &error, weir_copies_wait(copies, 5, NULL, &error));
  CHECK_OK(&error, weir_copies_cancel(copies, &error));
  CHECK_STATUS(WEIR_E_CANCELLED, &error, weir_copies_wait(copies, 60000, NULL, &error));
  weir_copies_free(copies);
  weir_error_clear(&error);
}
