/* Carries out one line of text: example_upload_ten_lines 'file:big.csv | zstd level=3 | s3://bucket/big.csv.zst' */
#include <inttypes.h>
#include <stdio.h>
#include <weir/weir.h>

int main(int count, char** words) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_job* job = NULL;
  weir_status status = weir_start(count > 1 ? words[1] : "", NULL, &job, &error);
  if (status == WEIR_OK) status = weir_job_wait(job, -1, &receipt, &error);
  if (status == WEIR_OK) {
    printf("%" PRIu64 " bytes stored, verified: %d\n", receipt.bytes_stored, receipt.checksum_verified);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  weir_job_free(job);
  weir_receipt_clear(&receipt);
  weir_error_clear(&error);
  return status == WEIR_OK ? 0 : 1;
}
