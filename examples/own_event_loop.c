/* A program with an event loop of its own that streams into a store: what comes on standard input, a pipe or a socket,
 * is compressed and stored, while the loop goes on doing everything else.
 *
 *   producer | example_own_event_loop s3://bucket/log.zst
 *
 * No thread of the library's calls into the loop: a file descriptor is readable while there is room for more, another
 * one when the job has ended. A clock of 10 ms stands for all that the loop has to do besides. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <weir/weir.h>

enum { kInput = 0, kRoom, kClock, kEnded, kSources };

typedef struct loop {
  int epoll;
  int32_t fds[kSources];
  weir_push* push;
  char held[65536]; /* read, and not yet taken */
  size_t begin, end;
  uint64_t ticks;
  int done;
} loop;

static void watch(const loop* self, int source, int on) {
  struct epoll_event event;
  memset(&event, 0, sizeof event);
  event.events = on ? EPOLLIN : 0;
  event.data.u32 = (uint32_t)source;
  if (epoll_ctl(self->epoll, EPOLL_CTL_MOD, self->fds[source], &event) != 0) {
    (void)epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->fds[source], &event);
  }
}

/* Either there is something to hand on, and room is waited for; or there is nothing, and input is. */
static weir_status hand_on(loop* self, weir_error* error) {
  weir_status status = WEIR_OK;
  while (self->begin < self->end && status == WEIR_OK) {
    size_t taken = 0;
    status = weir_push_try_write(self->push, self->held + self->begin, self->end - self->begin, &taken, error);
    self->begin += taken;
  }
  watch(self, kRoom, status == WEIR_PENDING);
  watch(self, kInput, status == WEIR_OK);
  return status == WEIR_PENDING ? WEIR_OK : status;
}

static weir_status take_in(loop* self, weir_error* error) {
  const ssize_t got = read(self->fds[kInput], self->held, sizeof self->held);
  if (got < 0) return errno == EAGAIN || errno == EINTR ? WEIR_OK : weir_push_fail(self->push, strerror(errno), error);
  if (got == 0) {
    (void)epoll_ctl(self->epoll, EPOLL_CTL_DEL, self->fds[kInput], NULL);
    return weir_push_close(self->push, error);
  }
  self->begin = 0;
  self->end = (size_t)got;
  return hand_on(self, error);
}

static void run(loop* self, weir_error* error) {
  struct epoll_event events[kSources];
  while (!self->done) {
    const int count = epoll_wait(self->epoll, events, kSources, -1);
    int i;
    for (i = 0; i < count; ++i) {
      uint64_t ignored = 0;
      const uint32_t source = events[i].data.u32;
      weir_status status = WEIR_OK;
      if (source == kInput) status = take_in(self, error);
      if (source == kRoom) status = hand_on(self, error);
      if (source == kClock && read(self->fds[kClock], &ignored, sizeof ignored) > 0) ++self->ticks;
      if (source == kEnded) self->done = 1;
      /* The job has ended with an error: nothing is taken any more, and weir_job_wait() says why. */
      if (status != WEIR_OK) watch(self, kInput, 0), watch(self, kRoom, 0);
    }
  }
}

int main(int count, char** words) {
  static loop self;
  const struct itimerspec every = {{0, 10000000}, {0, 10000000}};
  weir_error error = WEIR_ERROR_INIT;
  weir_receipt receipt = WEIR_RECEIPT_INIT;
  weir_job_options options;
  weir_job* job = NULL;
  char pipeline[4200];
  weir_status status;
  if (count != 2) return fprintf(stderr, "usage: producer | %s DESTINATION\n", words[0]), 2;
  snprintf(pipeline, sizeof pipeline, "push | zstd | '%s'", words[1]);

  self.fds[kInput] = STDIN_FILENO;
  self.fds[kClock] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  self.epoll = epoll_create1(EPOLL_CLOEXEC);
  if (timerfd_settime(self.fds[kClock], 0, &every, NULL) != 0) return perror("timerfd"), 1;
  if (fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) != 0) return perror("standard input"), 1;

  weir_init(&options, sizeof options);
  status = weir_push_new(NULL, &self.push, &error);
  options.push = self.push;
  if (status == WEIR_OK) status = weir_push_fd(self.push, &self.fds[kRoom], &error);
  if (status == WEIR_OK) status = weir_start(pipeline, &options, &job, &error);
  if (status == WEIR_OK) status = weir_job_fd(job, &self.fds[kEnded], &error);
  if (status == WEIR_OK) {
    watch(&self, kInput, 1);
    watch(&self, kClock, 1);
    watch(&self, kEnded, 1);
    run(&self, &error);
    status = weir_job_wait(job, -1, &receipt, &error); /* it has ended: this does not wait */
  }
  if (status == WEIR_OK) {
    printf("%" PRIu64 " bytes in, %" PRIu64 " stored, %" PRIu64 " ticks meanwhile\n", receipt.bytes_read,
           receipt.bytes_stored, self.ticks);
  } else {
    fprintf(stderr, "%s\n", error.message);
  }
  close(self.epoll); /* before the handles, whose descriptors are in it */
  weir_job_free(job);
  weir_push_free(self.push);
  weir_receipt_clear(&receipt);
  weir_error_clear(&error);
  return status == WEIR_OK ? 0 : 1;
}
