/* A transform of one's own, in C: numbers the lines of a text.
 *
 *   example_own_transform log.txt numbered.txt.zst
 *
 * A transform is a table of functions and a pointer of yours. The functions come one at a time, so they need no locks.
 * Pieces end anywhere, in the middle of a line too: what has to be remembered from one to the next stands in the state.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

typedef struct numbers {
  uint64_t lines;
  int inside; /* of a line: its number is written */
} numbers;

static int32_t number_lines(void* host, const void* data, size_t size, weir_stage_call* call) {
  numbers* const state = (numbers*)host;
  const char* const text = (const char*)data;
  size_t at = 0;
  while (at < size) {
    const char* const end = (const char*)memchr(text + at, '\n', size - at);
    const size_t next = end != NULL ? (size_t)(end - text) + 1 : size;
    char number[24];
    if (!state->inside) {
      const int length = snprintf(number, sizeof number, "%6" PRIu64 "  ", ++state->lines);
      if (weir_stage_emit(call, number, (size_t)length) != WEIR_OK) return 1;
    }
    if (weir_stage_emit_slice(call, at, next - at) != WEIR_OK) return 1; /* a part of `data`, without a copy */
    state->inside = end == NULL;
    at = next;
  }
  return 0;
}

int main(int count, char** words) {
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_transform transform;
  weir_pipeline* pipeline = NULL;
  weir_job* job = NULL;
  weir_status status;
  if (count != 3) return fprintf(stderr, "usage: %s TEXT DESTINATION\n", words[0]), 2;

  weir_init(&transform, sizeof transform);
  transform.process = number_lines;
  transform.host = calloc(1, sizeof(numbers));
  transform.release = free; /* called once, whatever happens */
  status = weir_pipeline_new(NULL, &pipeline, &error);
  if (status == WEIR_OK) status = weir_pipeline_from(pipeline, words[1], &error);
  if (status == WEIR_OK) status = weir_pipeline_through_own(pipeline, "number", &transform, &error);
  if (status == WEIR_OK) status = weir_pipeline_through(pipeline, "zstd", &error);
  if (status == WEIR_OK) status = weir_pipeline_to(pipeline, words[2], &error);
  if (status == WEIR_OK) status = weir_pipeline_start(pipeline, NULL, &job, &error);
  if (status == WEIR_OK) status = weir_job_wait(job, -1, &receipt, &error);
  if (status == WEIR_OK) {
    printf("%" PRIu64 " bytes read, %" PRIu64 " bytes stored\n", receipt.bytes_read, receipt.bytes_stored);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  weir_job_free(job);
  weir_pipeline_free(pipeline);
  weir_receipt_clear(&receipt);
  weir_error_clear(&error);
  return status == WEIR_OK ? 0 : 1;
}
