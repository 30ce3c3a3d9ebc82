/* Hashes, compresses and stores a file, and goes on where it was after a kill -9: just run it again.
 *
 *   example_survives_a_kill big.csv s3://bucket/big.csv.zst
 *
 * What is for certain about an upload stands in the ledger, in ~/.local/state/weir; the store is asked what it has, and
 * the file whether it is still the same. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <weir/weir.h>

/* Called about ten times a second, on a thread of the library's. */
static void show(void* host, const weir_progress* now) {
  (void)host;
  fprintf(stderr, "%" PRIu64 " bytes read, %" PRIu64 " safe at the store\n", now->bytes_read, now->bytes_confirmed);
}

int main(int count, char** words) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_context_options shared;
  weir_job_options options;
  weir_context* context = NULL;
  weir_status status;
  size_t i;
  if (count != 3) return fprintf(stderr, "usage: %s FILE DESTINATION\n", words[0]), 2;

  weir_init(&shared, sizeof shared);
  shared.ledger = 1; /* this is all that it takes */
  weir_init(&options, sizeof options);
  options.through = "sha256 | zstd level=3";
  options.on_progress = show;
  status = weir_context_new(&shared, &context, &error);
  options.context = context;
  if (status == WEIR_OK) status = weir_copy(words[1], words[2], &options, &receipt, &error);

  if (status == WEIR_OK) {
    printf("%" PRIu64 " bytes stored, of which an earlier run had sent %" PRIu64 "\n", receipt.bytes_stored,
           receipt.bytes_resumed);
    for (i = 0; i < receipt.fact_count; ++i) printf("%s %s\n", receipt.facts[i].name, receipt.facts[i].value);
  } else {
    fprintf(stderr, "%s\n", error.message);
    if (error.retry == WEIR_RETRY_TRANSIENT) fprintf(stderr, "The same call may work in a moment.\n");
  }
  weir_receipt_clear(&receipt);
  weir_error_clear(&error);
  weir_context_free(context);
  return status == WEIR_OK ? 0 : 1;
}
