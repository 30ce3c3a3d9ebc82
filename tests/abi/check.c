#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

void check_status(const char* file, int line, const char* call, weir_status wanted, weir_status got,
                  const weir_error* error) {
  if (wanted == got) return;
  fprintf(stderr, "%s:%d: %s\n  is %s, not %s\n", file, line, call, weir_status_name(got), weir_status_name(wanted));
  if (error != NULL && error->message != NULL) fprintf(stderr, "  %s\n", error->message);
  exit(1);
}

const char* path_of(const char* name) {
  static char paths[8][4096];
  static unsigned turn;
  char* const path = paths[turn++ % 8];
  const char* const folder = getenv("WEIR_TEST_FOLDER");
  CHECK(folder != NULL);
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

void write_file(const char* path, size_t size) {
  FILE* const file = fopen(path, "wb");
  uint32_t state = 1;
  size_t i;
  CHECK(file != NULL);
  for (i = 0; i < size; i += 4) {
    state = state * 1664525u + 1013904223u;
    CHECK(fwrite(&state, size - i < 4 ? size - i : 4, 1, file) == 1);
  }
  CHECK(fclose(file) == 0);
}

int same_files(const char* left, const char* right) {
  FILE* const a = fopen(left, "rb");
  FILE* const b = fopen(right, "rb");
  int same = a != NULL && b != NULL;
  while (same) {
    char from_a[65536];
    char from_b[65536];
    const size_t got = fread(from_a, 1, sizeof from_a, a);
    if (got != fread(from_b, 1, sizeof from_b, b) || memcmp(from_a, from_b, got) != 0) same = 0;
    if (got == 0) break;
  }
  if (a != NULL) fclose(a);
  if (b != NULL) fclose(b);
  return same;
}

int file_exists(const char* path) {
  struct stat found;
  return stat(path, &found) == 0;
}

int deaf_server(char* url, size_t size) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  const int deaf = socket(AF_INET, SOCK_STREAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(deaf >= 0 && bind(deaf, (const struct sockaddr*)&address, sizeof address) == 0 && listen(deaf, 8) == 0);
  CHECK(getsockname(deaf, (struct sockaddr*)&address, &length) == 0);
  snprintf(url, size, "http://127.0.0.1:%d/nothing", (int)ntohs(address.sin_port));
  return deaf;
}

void sleep_ms(long ms) {
  struct timespec time;
  time.tv_sec = ms / 1000;
  time.tv_nsec = ms % 1000 * 1000000;
  nanosleep(&time, NULL);
}
