/* The case list of the C interface: `abi_cases NAME` runs one part. "s3", "resume" and "secret" need a server. */
#include "check.h"

typedef struct part {
  const char* name;
  void (*run)(void);
} part;

static const part kParts[] = {
    {"open", open_cases},       {"stream", stream_cases}, {"error", error_cases},       {"control", control_cases},
    {"resume", resume_cases},   {"misuse", misuse_cases}, {"store", store_cases},       {"s3", s3_cases},
    {"fork", fork_cases},       {"stage", stage_cases},   {"pipeline", pipeline_cases}, {"state", state_cases},
    {"restore", restore_cases}, {"copies", copies_cases}, {"handle", handle_cases},     {"secret", secret_cases}};

int main(int count, char** words) {
  size_t i;
  int ran = 0;
  if (count == 2 && strcmp(words[1], "victim") == 0) return be_the_victim();
  setenv("WEIR_TEST_PROGRAM", words[0], 1);
  for (i = 0; i < sizeof kParts / sizeof kParts[0]; ++i) {
    if (count > 1 && strcmp(words[1], kParts[i].name) != 0) continue;
    printf("%s\n", kParts[i].name);
    fflush(stdout);
    kParts[i].run();
    ++ran;
  }
  return ran > 0 ? 0 : 2;
}
