/* What a user's program in C sees of weir. */
#include <stdio.h>
#include <weir/weir.h>

int main(void) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  if (weir_copy("gen:1MiB", "null:", NULL, &receipt, &error) != WEIR_OK)
    return fprintf(stderr, "%s\n", error.message), 1;
  return puts(weir_version_text()) < 0 || receipt.bytes_read != 1048576;
}
