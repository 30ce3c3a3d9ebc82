/* weir: stream any amount of data from any source, through any transforms, into any store. The C interface.
 *
 *   weir_error error = WEIR_ERROR_INIT;
 *   weir_receipt receipt = WEIR_RECEIPT_INIT;
 *   weir_job *job = NULL;
 *   if (weir_start("file:big.csv | zstd level=3 | s3://bucket/big.csv.zst", NULL, &job, &error) == WEIR_OK &&
 *       weir_job_wait(job, -1, &receipt, &error) == WEIR_OK)
 *     printf("%" PRIu64 " bytes stored\n", receipt.bytes_stored);
 *   else
 *     fprintf(stderr, "%s\n", error.message);
 *   weir_job_free(job);
 *   weir_receipt_clear(&receipt);
 *   weir_error_clear(&error);
 *
 * It is read from top to bottom: conventions, version, errors, options, context, jobs, copies, handles that push and
 * pull, stores, ledger. Link with -lweir (pkg-config weir; in CMake weir::c).
 *
 * CONVENTIONS
 *
 *  1. Handles (weir_job, weir_context, ...) are opaque, and are numbers rather than addresses: they are never
 *     dereferenced. One that is NULL, was freed or is of another type is an error, WEIR_E_HANDLE, not a crash.
 *     weir_task, weir_credentials and weir_stage_call are no handles: they are lent, and used once.
 *  2. What can fail returns a weir_status and takes a weir_error of the caller's, which may be NULL. There is no "last
 *     error". WEIR_OK is 0. WEIR_PENDING and WEIR_END are answers, not errors, and write nothing into the weir_error.
 *     What a failed call was to give is left as it was, or is NULL or 0.
 *  3. Structs begin with their size. Options: weir_init() them; zero is each field's default, NULL options are all
 *     defaults, `reserved` stays 0. A newer program may set fields that this library does not know: WEIR_E_VERSION,
 *     never silence. Results: initialise them with their macro or weir_init(). One of an older program is filled as far
 *     as it goes; what a newer one has besides becomes 0. A size that no version of a struct has is WEIR_E_VERSION, and
 *     a result that has one is left alone, as a weir_error is.
 *  4. Texts are UTF-8 with a NUL at the end, of at most 1 MiB; names of files and objects may be any bytes but NUL.
 *     Options, texts and data are read during the call alone. Texts in results live until the result is cleared or
 *     filled again.
 *  5. What the library gave is freed by the library's functions. Freeing NULL does nothing. Tables of callbacks have
 *     a `release`, called once, on any thread, when `host` is no longer needed: also if the call fails that took them,
 *     whatever was wrong. (A call that gets WEIR_E_FORKED takes nothing. A struct that is itself WEIR_E_VERSION is not
 *     taken; others of the same call are, and are released.)
 *  6. Every function may be called on any thread. Of one handle that pushes, pulls or lists, one thread at a time is
 *     inside a call: a second one gets WEIR_E_STATE.
 *  7. Callbacks come on threads of the library's, unless they say otherwise. Functions marked "Waits." cannot be
 *     called from inside one: WEIR_E_STATE. A callback must not throw, longjmp, or end its thread.
 *  8. No exception and no signal reaches the host; nothing is printed; no signal handler is set.
 *  9. After fork() the child cannot use the library any more: WEIR_E_FORKED, also inside a callback. It may exec, or
 *     exit. Frees and tasks do nothing there.
 * 10. Sizes are bytes, times are in the unit of their name; a timeout below 0 is none.
 *
 * STABILITY. What is here stays: fields are added at the end of structs, functions and values are added. Statuses and
 * enumerations are open: expect values that you do not know. Decide by status and retry, never by a message's text.
 *
 * NOT SUPPORTED: dlclose() (the library stays loaded); cancelling a thread that is inside a call (pthread_cancel);
 * use in the child of a fork; sources and sinks of one's own (push and pull are those; C++ has others). */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define WEIR_API __attribute__((visibility("default")))
#else
#define WEIR_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ---------------------------------------------------------------------------------------------------- */

/* 0xMMNNPP: of this header, and weir_version() of the library that runs. */
#define WEIR_VERSION_NUMBER 0x000100
WEIR_API uint32_t weir_version(void);
/* "0.1.0". */
WEIR_API const char* weir_version_text(void);
/* The places and stages that this build knows, in words with one space between: "file s3 ... zstd". */
WEIR_API const char* weir_features(void);

/* ---- Status and errors ------------------------------------------------------------------------------------------ */

typedef int32_t weir_status;
enum {
  WEIR_OK = 0,
  WEIR_PENDING = 1, /* not now: nothing was done, and it is worth asking again */
  WEIR_END = 2,     /* there is no more */

  WEIR_E_INVALID_ARGUMENT = 10, /* the caller's input cannot work; nothing was changed */
  WEIR_E_NOT_FOUND = 11,        /* the source, bucket, object or upload is not there */
  WEIR_E_ALREADY_EXISTS = 12,   /* the destination is there and must not be replaced */
  WEIR_E_ACCESS_DENIED = 13,    /* credentials or permissions */
  WEIR_E_SOURCE_CHANGED = 14,   /* the source is no longer what it was when the job began */
  WEIR_E_CORRUPT = 15,          /* bytes are not what their checksum or format says */
  WEIR_E_LIMIT = 16,            /* a limit of the store, the format or the caller would be passed */
  WEIR_E_BUDGET_TOO_SMALL = 17, /* weir_error.needed_bytes says what would fit */
  WEIR_E_NO_SPACE = 18,         /* the disk or quota is full */
  WEIR_E_IO = 19,               /* a file, a device or a function of the host's failed */
  WEIR_E_NETWORK = 20,          /* a connection failed, stalled or was cut */
  WEIR_E_TIMEOUT = 21,          /* no progress for too long */
  WEIR_E_UNAVAILABLE = 22,      /* the service says it cannot now */
  WEIR_E_PROTOCOL = 23,         /* the peer's answer makes no sense */
  WEIR_E_UNSUPPORTED = 24,      /* this build, store or platform cannot do it */
  WEIR_E_BROKEN_PIPE = 25,      /* the reader of our output is gone */
  WEIR_E_CANCELLED = 26,        /* someone asked it to stop */
  WEIR_E_INTERNAL = 27,         /* a bug in weir */

  WEIR_E_HANDLE = 40,  /* a handle that is NULL, freed, or of another type */
  WEIR_E_VERSION = 41, /* a struct that this version of the library does not understand */
  WEIR_E_FORKED = 42,  /* this process is the child of a fork */
  WEIR_E_NOMEM = 43,   /* the system has no memory */
  WEIR_E_STATE = 44    /* the call cannot be made now: from inside a callback, twice, by two threads at once */
};
/* "not_found"; "unknown" for a value that this library does not know. */
WEIR_API const char* weir_status_name(weir_status status);

/* What a caller may do about an error. */
enum {
  WEIR_RETRY_NEVER = 0,
  WEIR_RETRY_TRANSIENT = 1,   /* the same call may work in a moment */
  WEIR_RETRY_THROTTLED = 2,   /* as transient, and slow down */
  WEIR_RETRY_CREDENTIALS = 3, /* fetch credentials anew, then the same call */
  WEIR_RETRY_CLOCK = 4        /* correct the clock, then the same call */
};

/* One error in full. Its texts are "" where there is nothing to say, and NULL where there is no error. It may be used
 * for any number of calls: each clears what was there before. */
typedef struct weir_error {
  uint32_t struct_size;
  weir_status status;
  int32_t retry;       /* WEIR_RETRY_... */
  int32_t http_status; /* 0: no HTTP answer was seen */
  int32_t has_offset;  /* 1: offset is known */
  int32_t reserved;
  uint64_t offset;          /* into the stream, file or object */
  uint64_t retry_after_ms;  /* 0: the service did not say */
  uint64_t needed_bytes;    /* with WEIR_E_BUDGET_TOO_SMALL: the budget that would fit */
  uint64_t kept_bytes;      /* of an unfinished upload at the store: the same call goes on with it */
  const char* message;      /* the whole, for people; advice stands on lines of its own. No secrets */
  const char* operation;    /* completes "cannot ..." */
  const char* cause;        /* in the words of whoever refused */
  const char* advice;       /* what is safe, and what to do next */
  const char* stage;        /* of the pipeline */
  const char* service_code; /* "ExpiredToken" */
  const char* request_id;   /* the service's id of the request */
  void* owned;              /* the library's own */
} weir_error;
#define WEIR_ERROR_INIT \
  { sizeof(weir_error), 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }
/* Frees its texts; it is then as initialised. */
WEIR_API void weir_error_clear(weir_error* error);

/* ---- Options ---------------------------------------------------------------------------------------------------- */

/* Zeroes any struct of this header and sets its struct_size: weir_init(&options, sizeof options). */
WEIR_API void weir_init(void* options, size_t size);

/* ---- Context: what jobs share ----------------------------------------------------------------------------------- */

typedef struct weir_context weir_context;

/* A piece of work for an executor of the host's. */
typedef struct weir_task weir_task;
/* Runs it and frees it; once, on a thread that may do what its kind says, and not inside `post`. */
WEIR_API void weir_task_run(weir_task* task);
/* Frees it without running it: for an executor that ends. Its job may then never end. */
WEIR_API void weir_task_drop(weir_task* task);

enum {
  WEIR_TASK_SHORT = 0, /* computes for less than a millisecond or so */
  WEIR_TASK_HEAVY = 1, /* computes for milliseconds: should not hold up short ones */
  WEIR_TASK_BLOCKING =
      2 /* may wait in a system call or a callback: needs a thread while it does, however many there are */
};
/* The host's own threads in place of the library's. */
typedef struct weir_executor {
  uint32_t struct_size;
  uint32_t concurrency; /* how many short tasks run at once at most; at least 1 */
  /* Takes `task`, to be run after `delay_ns`. Any thread; must not wait. */
  void (*post)(void* host, int32_t kind, uint64_t delay_ns, weir_task* task);
  void (*release)(void* host); /* may be NULL */
  void* host;
} weir_executor;

/* The host's own keys, asked for at each attempt of each request. */
typedef struct weir_credentials weir_credentials;
typedef struct weir_credentials_provider {
  uint32_t struct_size;
  uint32_t reserved;
  /* Calls weir_credentials_set() on `to` and returns 0; or returns anything else: there are none. May block. Several
   * threads may call at once. `refused`: 1, once, if the store said that those given last have expired. */
  int32_t (*get)(void* host, int32_t refused, weir_credentials* to);
  void (*release)(void* host); /* may be NULL */
  void* host;
} weir_credentials_provider;
/* Inside `get` alone. Copies; `session_token` may be NULL. */
WEIR_API void weir_credentials_set(weir_credentials* to, const char* access_key_id, const char* secret_access_key,
                                   const char* session_token);

enum { WEIR_LOG_NOTICE = 1 };
/* What a user should know and no error says, a line at a time. */
typedef struct weir_logger {
  uint32_t struct_size;
  uint32_t reserved;
  void (*log)(void* host, int32_t level, const char* line); /* any thread, perhaps several at once; must not wait */
  void (*release)(void* host);                              /* may be NULL */
  void* host;
} weir_logger;

typedef struct weir_context_options {
  uint32_t struct_size;
  uint32_t threads;      /* that compute; 0: the pool that all of the process shares. Not with `executor` */
  uint64_t budget_bytes; /* memory of each job that does not say otherwise; 0: 64 MiB. At least 8 MiB */
  const weir_executor* executor;
  const weir_logger* logger;
  /* 1: uploads and downloads are recorded, and the same call goes on with one that was killed, suspended or failed. */
  int32_t ledger;
  int32_t no_sign_request; /* 1: S3 without keys, for what anyone may do */
  const char* state_dir;   /* where the ledger is; NULL: weir/ in $XDG_STATE_HOME, else ~/.local/state */
  /* S3. NULL: from the environment, then from the profile, then the default. */
  const weir_credentials_provider* credentials;
  const char* s3_endpoint_url;
  const char* s3_region;
  const char* aws_profile;
  const char* ca_bundle;     /* a file or directory; also for https:// and vercel:// */
  uint64_t bytes_per_second; /* over the network, of all its jobs together, in each direction; 0: no limit */
} weir_context_options;

/* Jobs of one context share connections, keys, threads and the ledger. Where a context may be NULL, the call has one of
 * its own with the default options. Sends nothing. */
WEIR_API weir_status weir_context_new(const weir_context_options* options, weir_context** context, weir_error* error);
/* Its jobs go on. */
WEIR_API void weir_context_free(weir_context* context);

/* ---- Jobs ------------------------------------------------------------------------------------------------------- */

typedef struct weir_job weir_job;
typedef struct weir_push weir_push;
typedef struct weir_pull weir_pull;

typedef struct weir_pair {
  const char* name;
  const char* value;
} weir_pair;

enum { WEIR_JOB_RUNNING = 0, WEIR_JOB_PAUSED = 1, WEIR_JOB_STOPPING = 2, WEIR_JOB_DONE = 3, WEIR_JOB_FAILED = 4 };

/* A snapshot. Read, sent, confirmed and durable are four numbers. */
typedef struct weir_progress {
  uint32_t struct_size;
  int32_t state;            /* WEIR_JOB_... */
  uint64_t bytes_done;      /* how far it is, of bytes_total */
  uint64_t bytes_total;     /* with has_total */
  uint64_t bytes_read;      /* by the source */
  uint64_t bytes_received;  /* over the network by a source that downloads, repeats included */
  uint64_t bytes_sent;      /* by the sink, repeats included: they left us */
  uint64_t bytes_confirmed; /* the destination said that it has them */
  uint64_t bytes_durable;   /* of those, what survives a loss of power */
  uint64_t bytes_resumed;   /* of those confirmed: sent by an earlier run, and still there */
  uint64_t elapsed_ns;
  uint64_t memory_bytes; /* held now, of memory_limit_bytes */
  uint64_t memory_limit_bytes;
  double bytes_per_second; /* smoothed, with a half-life of two seconds */
  double eta_seconds;      /* with has_eta */
  double stalled_seconds;  /* for how long nothing has moved; 0 while paused */
  int32_t has_total;
  int32_t has_eta;
  uint32_t parts_done; /* of an upload */
  uint32_t parts_in_flight;
  uint32_t concurrency; /* requests that may be under way at once; 0: not known */
  uint32_t retries;
  char limited_by[64]; /* name of the stage that sets the speed; "" until known */
} weir_progress;

/* The proof of a finished job. */
typedef struct weir_receipt {
  uint32_t struct_size;
  int32_t checksum_verified; /* 1: the store's own checksum was compared with ours and is equal */
  uint64_t bytes_read;       /* that the source delivered, in this run */
  uint64_t bytes_acked;      /* that the sink acknowledged */
  uint64_t bytes_stored;     /* that the store reports for the finished object */
  uint64_t bytes_resumed;    /* of bytes_acked: an earlier run had sent them */
  uint64_t bytes_skipped;    /* of bytes_resumed: nobody even made them again */
  uint64_t duration_ns;
  uint32_t parts;
  uint32_t retries;
  const char* destination; /* without secrets */
  const char* etag;
  const char* checksum;   /* "crc64nvme:rosUhgp5mIg=": ours */
  const weir_pair* facts; /* what stages found out: "sha256" and its hex digits, ... */
  size_t fact_count;
  void* owned; /* the library's own */
} weir_receipt;
#define WEIR_RECEIPT_INIT \
  { sizeof(weir_receipt), 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, NULL }
WEIR_API void weir_receipt_clear(weir_receipt* receipt);

typedef struct weir_job_options {
  uint32_t struct_size;
  int32_t no_clobber; /* 1: a destination that is there stays, and the job fails with WEIR_E_ALREADY_EXISTS */
  weir_context* context;
  uint64_t budget_bytes; /* memory that the job may hold; 0: as the context says */
  weir_push* push;       /* what feeds the stage "push" of the pipeline */
  weir_pull* pull;       /* what drains the stage "pull" */
  /* With copies: stages between source and destination, "zstd level=3 | sha256". NULL: none. */
  const char* through;
  /* A part of the file or object that is read, and of the one with this etag (weir_object_info) alone: otherwise
   * WEIR_E_SOURCE_CHANGED. 0 and NULL: all of it, whatever is there. */
  uint64_t read_offset;
  uint64_t read_bytes; /* 0: to the end */
  const char* read_etag;
  const char* content_type;  /* what an object is stored with; NULL: by its suffix */
  const weir_pair* metadata; /* metadata_count of them */
  size_t metadata_count;
  uint64_t part_bytes;  /* of uploads; 0: chosen by length, store and memory */
  uint32_t concurrency; /* parts or ranges under way at once; 0: adapts */
  int32_t begin_anew;   /* 1: does not go on with an earlier run, and removes what that has sent */
  /* These three come on threads of the executor's that may block, after `*job` was set, and never inside a call that
   * starts a job: also where it fails at once. When weir_job_wait() or weir_copy() has answered, each has been called
   * for the last time, and has returned: `host` may go. So they must not wait for who waits for the job. (`release`
   * comes inside the call that starts the job if that fails, or if the other two are NULL.) */
  /* About ten times a second, and once at the end; never two at once. */
  void (*on_progress)(void* host, const weir_progress* progress);
  /* Once, when the job has ended. From now on weir_job_wait(), on any thread, does not say WEIR_PENDING. */
  void (*on_end)(void* host);
  void (*release)(void* host); /* may be NULL */
  void* host;
} weir_job_options;

/* Starts what a line of text says: stages with '|' between, the first one a place to read from, the last one a place to
 * write to; docs/stages.md has them all. WEIR_E_INVALID_ARGUMENT for a line that cannot be meant, with the column: then
 * no handle is used up, and the call can be made again. Opens and asks nothing by itself: that the job cannot work
 * otherwise is told by weir_job_wait(). */
WEIR_API weir_status weir_start(const char* pipeline, const weir_job_options* options, weir_job** job,
                                weir_error* error);
/* Starts a copy of one file or object. The names are taken as they stand: nothing needs quotes. */
WEIR_API weir_status weir_start_copy(const char* source, const char* destination, const weir_job_options* options,
                                     weir_job** job, weir_error* error);

/* Waits. WEIR_OK: it is done, and here is the proof; WEIR_PENDING: it has not ended within the time; else why it
 * failed. The same answer each time. `receipt` may be NULL. */
WEIR_API weir_status weir_job_wait(weir_job* job, int64_t timeout_ms, weir_receipt* receipt, weir_error* error);
WEIR_API weir_status weir_job_progress(weir_job* job, weir_progress* progress, weir_error* error);
/* A file descriptor that polls readable once weir_job_wait() answers at once. As weir_push_fd() for the rest. */
WEIR_API weir_status weir_job_fd(weir_job* job, int32_t* fd, weir_error* error);
/* Takes nothing more from the source and starts no new request; what is under way ends. */
WEIR_API weir_status weir_job_pause(weir_job* job, weir_error* error);
WEIR_API weir_status weir_job_resume(weir_job* job, weir_error* error);
/* Stops, and removes what was begun; weir_job_wait() then says WEIR_E_CANCELLED. Does not wait for that. */
WEIR_API weir_status weir_job_cancel(weir_job* job, weir_error* error);
/* As cancel, but an upload with a ledger stays at the store: the same call goes on with it, in any process. */
WEIR_API weir_status weir_job_suspend(weir_job* job, weir_error* error);
/* Cancels it if it runs. Does not wait. */
WEIR_API void weir_job_free(weir_job* job);

/* ---- Copies in one call ----------------------------------------------------------------------------------------- */

/* weir_start_copy() and weir_job_wait(). Waits. `receipt` may be NULL in all three. */
WEIR_API weir_status weir_copy(const char* source, const char* destination, const weir_job_options* options,
                               weir_receipt* receipt, weir_error* error);
/* Stores `size` bytes of memory under a name. Waits; the memory is not copied. */
WEIR_API weir_status weir_upload(const void* data, size_t size, const char* destination,
                                 const weir_job_options* options, weir_receipt* receipt, weir_error* error);
/* Reads a file or object into `capacity` bytes of memory; `size` is how many came. Waits. WEIR_E_LIMIT if it is larger:
 * what the buffer holds then means nothing. */
WEIR_API weir_status weir_download(const char* source, void* buffer, size_t capacity, size_t* size,
                                   const weir_job_options* options, weir_receipt* receipt, weir_error* error);

/* ---- Many files and objects ------------------------------------------------------------------------------------- */

typedef struct weir_copies weir_copies;

enum {
  WEIR_COPY_DONE = 0,    /* copied, and proven */
  WEIR_COPY_KEPT = 1,    /* the destination had it: see `update`, and copies that go on */
  WEIR_COPY_PLANNED = 2, /* dry_run: it would be copied */
  WEIR_COPY_FAILED = 3,
  WEIR_COPY_SKIPPED = 4 /* it was not to be copied, for `reason` */
};
enum {
  WEIR_UPDATE_ALL = 0,           /* what is there is replaced */
  WEIR_UPDATE_SIZE_AND_TIME = 1, /* what has the same size, and is not older than the source, is kept */
  WEIR_UPDATE_CHECKSUM = 2       /* what has the same size and CRC64NVME is kept */
};

/* One file or object that was looked at. All of it lives during the call. */
typedef struct weir_copied {
  uint32_t struct_size;
  int32_t outcome; /* WEIR_COPY_... */
  uint64_t bytes;
  const char* source;
  const char* destination;     /* "": it has none */
  const char* reason;          /* why it was skipped; else "" */
  const weir_error* error;     /* why it failed; else NULL */
  const weir_receipt* receipt; /* of what was copied; else NULL */
} weir_copied;

typedef struct weir_copies_options {
  uint32_t struct_size;
  int32_t recursive; /* 1: a source may be a directory, a bucket, or the beginning of keys */
  int32_t globs;     /* 1: a source may be a pattern ("*.csv"), unless there is something of just that name */
  int32_t update;    /* WEIR_UPDATE_... */
  int32_t dry_run;   /* 1: nothing is copied */
  uint32_t files;    /* under way at once, to 256; 0: 16 */
  /* What of a tree is copied: "include" and "exclude" with a pattern each, filter_count of them; the last that matches
   * decides, and what none matches is copied. */
  const weir_pair* filters;
  size_t filter_count;
  /* Told of each item when it is done, one call at a time, on a thread that may block; perhaps before
   * weir_start_copies() has returned. When weir_copies_wait() says that all is over, it and `release` have returned. */
  void (*on_item)(void* host, const weir_copied* item);
  void (*release)(void* host); /* may be NULL */
  void* host;
} weir_copies_options;

/* A snapshot, and at the end the sum. Counts are of items. */
typedef struct weir_copies_progress {
  uint32_t struct_size;
  int32_t all_found; /* 1: `found` is all there are; listings are read some way ahead */
  uint64_t copied;
  uint64_t kept;
  uint64_t planned;
  uint64_t failed;
  uint64_t skipped;
  uint64_t found;
  uint64_t under_way;
  uint64_t bytes_found;
  uint64_t bytes_done;   /* of bytes_found */
  uint64_t bytes_copied; /* of items that were */
  uint64_t bytes_read;   /* with those under way */
  uint64_t retries;
  uint64_t elapsed_ns;
  double bytes_per_second; /* of bytes_read; smoothed */
  double eta_seconds;      /* with has_eta */
  double stalled_seconds;  /* for how long nothing has moved */
  int32_t has_eta;
  int32_t reserved;
} weir_copies_progress;

/* Copies `source_count` files, objects, trees or patterns to one place, several at once, and deletes nothing. A single
 * file goes to `destination` itself, unless that is a place for many: a directory, a bucket, or a name with '/' at its
 * end. Everything else goes below it: a tree under its own name ("photos"), but one written with '/' at its end without
 * ("photos/"). Inside one service the store copies by itself. With a ledger the same call goes on with a copy that was
 * stopped, or of which some failed. Of `options`, handles, callbacks, through and read_... are not for this, and
 * budget_bytes is of all together. */
WEIR_API weir_status weir_start_copies(const char* const* sources, size_t source_count, const char* destination,
                                       const weir_copies_options* copies_options, const weir_job_options* options,
                                       weir_copies** copies, weir_error* error);
/* Waits. WEIR_OK: all was looked at, and `sum` says of how many it `failed`; WEIR_PENDING as of weir_job_wait(); else
 * what every item would have met, or WEIR_E_CANCELLED. `sum` may be NULL. */
WEIR_API weir_status weir_copies_wait(weir_copies* copies, int64_t timeout_ms, weir_copies_progress* sum,
                                      weir_error* error);
WEIR_API weir_status weir_copies_snapshot(weir_copies* copies, weir_copies_progress* progress, weir_error* error);
/* As weir_job_cancel() and weir_job_suspend(), of all under way. What was copied stays. */
WEIR_API weir_status weir_copies_cancel(weir_copies* copies, weir_error* error);
WEIR_API weir_status weir_copies_suspend(weir_copies* copies, weir_error* error);
/* Cancels it if it runs. Does not wait. */
WEIR_API void weir_copies_free(weir_copies* copies);

/* ---- Push: feed a pipeline at one's own pace -------------------------------------------------------------------- */

typedef struct weir_handle_options {
  uint32_t struct_size;
  int32_t has_exact_bytes; /* push: 1: exact_bytes is how much will come; a store can then be given the length */
  uint64_t exact_bytes;
  uint64_t most_bytes; /* that wait between host and pipeline; 0: 1 MiB. One chunk always fits */
} weir_handle_options;

/* What is written comes out of the stage "push" of the one pipeline that it is given to:
 *   options.push = push;  weir_start("push | zstd | s3://bucket/log.zst", &options, &job, &error); */
WEIR_API weir_status weir_push_new(const weir_handle_options* options, weir_push** push, weir_error* error);
/* Copies `size` bytes and hands them on. Waits while there is no room. WEIR_E_BROKEN_PIPE once the job has ended:
 * weir_job_wait() says why. Where it fails when a part was taken (WEIR_E_STATE: the handle is full, and has no job
 * yet), the job will fail too. */
WEIR_API weir_status weir_push_write(weir_push* push, const void* data, size_t size, weir_error* error);
/* Takes as much as there is room for, `taken` bytes. WEIR_PENDING: there is room for nothing. With anything but WEIR_OK
 * nothing was taken. */
WEIR_API weir_status weir_push_try_write(weir_push* push, const void* data, size_t size, size_t* taken,
                                         weir_error* error);
/* Hands on the host's memory without a copy: it must not change until `release` is called, once, on any thread.
 * Anything but WEIR_OK (WEIR_PENDING: no room): it was not taken, and `release` is not called. */
WEIR_API weir_status weir_push_give(weir_push* push, const void* data, size_t size,
                                    void (*release)(void* host, const void* data), void* host, weir_error* error);
/* Memory of the job's own to write into, without a copy. WEIR_PENDING while the job has none to give, or was not
 * started: try again a little later. The same memory until it is committed. */
WEIR_API weir_status weir_push_lease(weir_push* push, void** memory, size_t* size, weir_error* error);
/* The first `size` bytes of the lease are written, and go. WEIR_PENDING: no room, they did not; commit again. */
WEIR_API weir_status weir_push_commit(weir_push* push, size_t size, weir_error* error);
/* Waits until there is room for what was refused last, or else for something; or WEIR_PENDING after the time. */
WEIR_API weir_status weir_push_wait(weir_push* push, int64_t timeout_ms, weir_error* error);
/* A file descriptor that polls readable while writing is worth a try; for epoll, asyncio, libuv. Level-triggered: it
 * stays so until a try says WEIR_PENDING. The handle's own: do not read or close it; it is closed with the handle or a
 * moment later, so take it out of the loop first. */
WEIR_API weir_status weir_push_fd(weir_push* push, int32_t* fd, weir_error* error);
/* All was written. A handle that is freed without it ends the job with an error: half a stream is never taken for a
 * whole one. */
WEIR_API weir_status weir_push_close(weir_push* push, weir_error* error);
/* The job fails with this cause. */
WEIR_API weir_status weir_push_fail(weir_push* push, const char* cause, weir_error* error);
WEIR_API void weir_push_free(weir_push* push);

/* ---- Pull: drain a pipeline at one's own pace ------------------------------------------------------------------- */

/* Bytes that the host may read until it releases them. */
typedef struct weir_chunk {
  const void* data;
  size_t size;
  void* owned; /* the library's own */
} weir_chunk;
#define WEIR_CHUNK_INIT \
  { NULL, 0, NULL }
/* Of one that is empty or was released: nothing. Chunks count in the job's memory: one that is kept holds it up. They
 * outlive their handle and job. */
WEIR_API void weir_chunk_release(weir_chunk* chunk);

/* Gives what goes into the stage "pull" of the one pipeline that it is given to:
 *   options.pull = pull;  weir_start("s3://bucket/log.zst | unzstd | pull", &options, &job, &error); */
WEIR_API weir_status weir_pull_new(const weir_handle_options* options, weir_pull** pull, weir_error* error);
/* The next chunk. Waits. WEIR_END: that was all, and weir_job_wait() has the proof. What `chunk` held is released. */
WEIR_API weir_status weir_pull_read(weir_pull* pull, weir_chunk* chunk, weir_error* error);
/* As read, but WEIR_PENDING while nothing is there. */
WEIR_API weir_status weir_pull_try_read(weir_pull* pull, weir_chunk* chunk, weir_error* error);
/* Copies what is there into `buffer`, `size` bytes, at least 1. Waits. WEIR_END as above. */
WEIR_API weir_status weir_pull_read_into(weir_pull* pull, void* buffer, size_t capacity, size_t* size,
                                         weir_error* error);
/* Waits until there is something, the end or an error; or WEIR_PENDING after the time. */
WEIR_API weir_status weir_pull_wait(weir_pull* pull, int64_t timeout_ms, weir_error* error);
/* As weir_push_fd(): polls readable while reading is worth a try. */
WEIR_API weir_status weir_pull_fd(weir_pull* pull, int32_t* fd, weir_error* error);
/* Before the end it ends the job with an error. */
WEIR_API void weir_pull_free(weir_pull* pull);

/* ---- Stages of one's own ---------------------------------------------------------------------------------------- */

/* One call of a function of a stage's: it is given on to the functions below, during the call and on its thread. */
typedef struct weir_stage_call weir_stage_call;

/* A transform: what it makes of a stream. Its functions come one at a time, on threads that may block. They return 0;
 * anything else fails the job, with what weir_stage_fail() said. */
typedef struct weir_transform {
  uint32_t struct_size;
  int32_t answers_later; /* 1: they never wait, so they come on threads that compute; see weir_stage_waker() */
  int32_t (*process)(void* host, const void* data, size_t size, weir_stage_call* call); /* the next piece, not empty */
  int32_t (*finish)(void* host, weir_stage_call* call); /* the stream has ended; may be NULL */
  /* All that its output depends on beside its input, its version too, in one line: an upload through it goes on after a
   * kill by making the same again. NULL: nobody can say, and what is made again is compared byte by byte. */
  const char* recipe;
  /* Both or none, and with a recipe: the last stage before an object then need not do again what it did before.
   * snapshot comes between two calls of process and tells by weir_stage_set_state() all that later output depends on
   * beside later input; restore, in a later run, before the first call of process: go on from there. */
  int32_t (*snapshot)(void* host, weir_stage_call* call);
  int32_t (*restore)(void* host, const void* state, size_t size, weir_stage_call* call);
  void (*release)(void* host); /* may be NULL */
  void* host;
} weir_transform;

typedef struct weir_stage_type {
  uint32_t struct_size;
  uint32_t reserved;
  /* Small letters, digits, '_', '-'. Where the library has a stage of that name, or gets one in a later version, the
   * name means the host's stage in this context. Not "push" and "pull". */
  const char* name;
  const char* help; /* one line; may be NULL */
  /* Makes a stage each time its name stands in a pipeline: calls weir_stage_set() and returns 0. `argument` is the
   * word behind the name in the pipeline ("13" of "rot 13"), "" for none. On the thread of the call that
   * reads the text: weir_start(), weir_pipeline_through(). */
  int32_t (*make)(void* host, const char* argument, weir_stage_call* call);
  void (*release)(void* host); /* may be NULL */
  void* host;
} weir_stage_type;

/* Pipelines of this context, and `through` of its copies, have a stage of this name from now on; one of each name. */
WEIR_API weir_status weir_context_add_stage(weir_context* context, const weir_stage_type* type, weir_error* error);

/* Inside `make`: the stage that was made. Takes its host, as tables of callbacks do. */
WEIR_API weir_status weir_stage_set(weir_stage_call* call, const weir_transform* transform);
/* Inside `process` and `finish`: hands on bytes, which are copied. What one call hands on is held until it is taken:
 * outside the job's budget. If it fails the job fails, also where the function does not look: a stream with a hole is
 * never taken for a whole one. The same goes for the next function. */
WEIR_API weir_status weir_stage_emit(weir_stage_call* call, const void* data, size_t size);
/* Inside `process`: hands on a part of what it was given, without a copy. */
WEIR_API weir_status weir_stage_emit_slice(weir_stage_call* call, size_t offset, size_t size);
/* Inside `snapshot`: the state, which is copied. It may be empty. */
WEIR_API weir_status weir_stage_set_state(weir_stage_call* call, const void* state, size_t size);
/* Why the call is about to fail, for people. */
WEIR_API void weir_stage_fail(weir_stage_call* call, const char* cause);

/* Inside `process` and `finish` of a stage that answers later, before it returns WEIR_PENDING: the same call, of the
 * same piece, comes again when the waker was woken, and so on until it returns 0. What it handed on is taken. */
typedef struct weir_waker weir_waker;
WEIR_API weir_status weir_stage_waker(weir_stage_call* call, weir_waker** waker);
/* Once, which frees it; on any thread, inside callbacks too, and also where the job has ended meanwhile. */
WEIR_API void weir_waker_wake(weir_waker* waker);

/* ---- Pipelines by calls ----------------------------------------------------------------------------------------- */

typedef struct weir_pipeline weir_pipeline;

/* As a line of text says it, but names are taken as they stand, and stages of one's own need no name in a context. It
 * belongs to `context`, which may be NULL; of weir_job_options, context is that or NULL. */
WEIR_API weir_status weir_pipeline_new(weir_context* context, weir_pipeline** pipeline, weir_error* error);
/* The file or object that it reads. Without: weir_job_options.push. */
WEIR_API weir_status weir_pipeline_from(weir_pipeline* pipeline, const char* name, weir_error* error);
/* Stages behind those that it has, "zstd level=3 | sha256". */
WEIR_API weir_status weir_pipeline_through(weir_pipeline* pipeline, const char* stages, weir_error* error);
/* A stage of one's own. `name` stands in messages and progress; may be NULL. Takes its host, as tables of callbacks do.
 */
WEIR_API weir_status weir_pipeline_through_own(weir_pipeline* pipeline, const char* name,
                                               const weir_transform* transform, weir_error* error);
/* Where it writes. Without: weir_job_options.pull. */
WEIR_API weir_status weir_pipeline_to(weir_pipeline* pipeline, const char* name, weir_error* error);
/* Starts it, once: WEIR_E_STATE after. What could not be started may be started again. */
WEIR_API weir_status weir_pipeline_start(weir_pipeline* pipeline, const weir_job_options* options, weir_job** job,
                                         weir_error* error);
/* A job that was started goes on. */
WEIR_API void weir_pipeline_free(weir_pipeline* pipeline);

/* ---- Stores: objects by name ------------------------------------------------------------------------------------ */

/* Names are as people type them: s3://bucket/key, vercel://store/path, PATH. All of these wait, and repeat what may
 * work again. `context` may be NULL. */

typedef struct weir_object_info {
  uint32_t struct_size;
  int32_t has_crc64nvme;
  uint64_t size;
  uint64_t crc64nvme;    /* of the whole object */
  int64_t modified_unix; /* seconds; 0: the store did not say */
  const char* name;      /* s3://bucket/key */
  const char* etag;
  const char* version;
  const char* content_type;
  const char* content_encoding;
  const char* storage_class;
  const weir_pair* metadata;
  size_t metadata_count;
  void* owned; /* the library's own */
} weir_object_info;
#define WEIR_OBJECT_INFO_INIT \
  { sizeof(weir_object_info), 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL }
WEIR_API void weir_object_info_clear(weir_object_info* info);

WEIR_API weir_status weir_store_head(weir_context* context, const char* name, weir_object_info* info,
                                     weir_error* error);
/* ok also where there was nothing. */
WEIR_API weir_status weir_store_remove(weir_context* context, const char* name, weir_error* error);
/* Inside one service, without the bytes passing through here: WEIR_E_UNSUPPORTED where that cannot be done, and
 * weir_copy() can. `info` of what was stored; may be NULL. */
WEIR_API weir_status weir_store_copy(weir_context* context, const char* from, const char* to, weir_object_info* info,
                                     weir_error* error);
/* A URL that lets anyone do `method` ("GET", "PUT") for so many seconds. To be freed with weir_text_free(). */
WEIR_API weir_status weir_store_presign(weir_context* context, const char* method, const char* name,
                                        uint64_t valid_seconds, char** url, weir_error* error);
WEIR_API void weir_text_free(char* text);

typedef struct weir_listing weir_listing;
typedef struct weir_list_options {
  uint32_t struct_size;
  int32_t folders; /* 1: what lies below the next '/' is folded into one entry; 0: every object is listed */
} weir_list_options;
typedef struct weir_listed {
  uint32_t struct_size;
  int32_t is_folder; /* its name ends in '/'; it has nothing else */
  uint64_t size;
  int64_t modified_unix;
  const char* name; /* s3://bucket/key. Texts live until the next call on the listing */
  const char* key;  /* behind the bucket */
  const char* etag;
} weir_listed;
#define WEIR_LISTED_INIT \
  { sizeof(weir_listed), 0, 0, 0, NULL, NULL, NULL }

/* What begins with `prefix`, in the store's order, of each page of it the folders first. Asks for nothing yet. */
WEIR_API weir_status weir_store_list(weir_context* context, const char* prefix, const weir_list_options* options,
                                     weir_listing** listing, weir_error* error);
/* The next; WEIR_END behind the last. Waits for a page now and then. After an error it may be called again. */
WEIR_API weir_status weir_listing_next(weir_listing* listing, weir_listed* entry, weir_error* error);
WEIR_API void weir_listing_free(weir_listing* listing);

/* ---- Ledger: what was not finished ------------------------------------------------------------------------------ */

/* The ledger of a context is at its state_dir, whether its own jobs are recorded or not. All of these wait for a disk.
 * `context` may be NULL. */

typedef struct weir_unfinished weir_unfinished;
typedef struct weir_unfinished_job {
  uint32_t struct_size;
  int32_t can_resume; /* 1: weir_ledger_resume() knows how it was started */
  int64_t id;
  uint64_t bytes_stored;
  uint64_t bytes_total; /* of the source; 0: not known */
  int64_t owner_pid;    /* of the process that is at it now; 0: none */
  int64_t created_unix;
  int64_t updated_unix;
  const char* source; /* texts live until the next call on the list */
  const char* destination;
} weir_unfinished_job;
#define WEIR_UNFINISHED_JOB_INIT \
  { sizeof(weir_unfinished_job), 0, 0, 0, 0, 0, 0, 0, NULL, NULL }

WEIR_API weir_status weir_ledger_list(weir_context* context, weir_unfinished** list, weir_error* error);
/* Oldest first; WEIR_END behind the last. */
WEIR_API weir_status weir_unfinished_next(weir_unfinished* list, weir_unfinished_job* job, weir_error* error);
WEIR_API void weir_unfinished_free(weir_unfinished* list);
/* Starts it as it was started, by the same call: of `options` context, callbacks, budget_bytes and concurrency count.
 * The context must have `ledger` set. WEIR_E_UNSUPPORTED for what was not started by weir_start() or weir_start_copy(),
 * was fed by a handle, or has names that may hold secrets: make the same call again, and it goes on by itself. */
WEIR_API weir_status weir_ledger_resume(int64_t id, const weir_job_options* options, weir_job** job, weir_error* error);
/* Removes from the store what was sent of it, and the job from the ledger. */
WEIR_API weir_status weir_ledger_abort(weir_context* context, int64_t id, weir_error* error);

#ifdef __cplusplus
}
#endif

#endif /* WEIR_WEIR_H */
