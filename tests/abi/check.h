/* What the cases of the C interface share: checks that say where they failed, and files of their own. */
#ifndef WEIR_TESTS_ABI_CHECK_H
#define WEIR_TESTS_ABI_CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <weir/weir.h>

/* Ends the program, which is a test that failed. */
#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: %s is not so\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                  \
    }                                                                           \
  } while (0)

/* Of a call that is to succeed, with `error` for what it says if not. */
#define CHECK_OK(error, call) check_status(__FILE__, __LINE__, #call, WEIR_OK, (call), (error))
#define CHECK_STATUS(status, error, call) check_status(__FILE__, __LINE__, #call, (status), (call), (error))

void check_status(const char* file, int line, const char* call, weir_status wanted, weir_status got,
                  const weir_error* error);

/* A path in the test's folder; valid until 8 further calls. */
const char* path_of(const char* name);
/* The same bytes for the same size. */
void write_file(const char* path, size_t size);
/* Whether both are there and the same. */
int same_files(const char* left, const char* right);
int file_exists(const char* path);
void sleep_ms(long ms);
/* A URL whose server takes connections and never answers. The descriptor is to be closed. */
int deaf_server(char* url, size_t size);
/* An object in the bucket of the server that the environment names, and a context for it. */
const char* s3_name(const char* key);
weir_context* s3_context(void);

/* The cases, each in the file of its name. */
void open_cases(void);
void stream_cases(void);
void error_cases(void);
void control_cases(void);
void resume_cases(void);
void misuse_cases(void);
void handle_cases(void);
void secret_cases(void);
void fork_cases(void);
void s3_cases(void);
void stage_cases(void);
void pipeline_cases(void);
void state_cases(void);
void restore_cases(void);
void copies_cases(void);
void store_cases(void);
/* Started by itself: is killed in the middle of an upload. */
int be_the_victim(void);

#endif
