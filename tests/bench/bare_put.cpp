// bare_put: the least that an upload through libcurl can cost. The measure for `weir cp`.
//
//   bare_put URL FILE [--streams N] [--buffer BYTES]
//
// PUTs FILE to URL; with several streams, N equal ranges at once to URL.0, URL.1, … The read callback reads straight
// into libcurl's buffer. No checksum, no signature, no retry, nothing is kept.
#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

struct Options {
  std::string url;
  const char* file = nullptr;
  long streams = 1;
  long buffer_bytes = 64 * 1024;  // libcurl's default
};

struct Stream {
  int fd = -1;
  off_t at = 0;
  off_t end = 0;
  std::string url;
};

std::size_t read_some(char* into, std::size_t size, std::size_t count, void* user) {
  auto* stream = static_cast<Stream*>(user);
  const auto want = std::min<off_t>(static_cast<off_t>(size * count), stream->end - stream->at);
  const ssize_t got = ::pread(stream->fd, into, static_cast<std::size_t>(want), stream->at);
  if (got < 0) return CURL_READFUNC_ABORT;
  stream->at += got;
  return static_cast<std::size_t>(got);
}

std::size_t drop(char*, std::size_t size, std::size_t count, void*) { return size * count; }

CURL* begin(Stream& stream, const Options& options, curl_slist* headers) {
  CURL* handle = curl_easy_init();
  curl_easy_setopt(handle, CURLOPT_URL, stream.url.c_str());
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(stream.end - stream.at));
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, read_some);
  curl_easy_setopt(handle, CURLOPT_READDATA, &stream);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, options.buffer_bytes);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
  return handle;
}

/// Runs all transfers; false with a message if one failed.
bool run(CURLM* multi) {
  int running = 1;
  bool ok = true;
  while (running > 0) {
    if (curl_multi_perform(multi, &running) != CURLM_OK) return false;
    if (running > 0) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE || message->data.result == CURLE_OK) continue;
      std::fprintf(stderr, "bare_put: %s\n", curl_easy_strerror(message->data.result));
      ok = false;
    }
  }
  return ok;
}

bool read_options(int count, char** words, Options& options) {
  std::vector<char*> names;
  for (int i = 1; i < count; ++i) {
    const bool streams = std::strcmp(words[i], "--streams") == 0;
    if (!streams && std::strcmp(words[i], "--buffer") != 0) {
      names.push_back(words[i]);
      continue;
    }
    if (++i == count) return false;
    (streams ? options.streams : options.buffer_bytes) = std::strtol(words[i], nullptr, 10);
  }
  if (names.size() != 2 || options.streams < 1 || options.buffer_bytes < 16 * 1024) return false;
  options.url = names[0];
  options.file = names[1];
  return true;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (!read_options(count, words, options)) {
    std::fputs("usage: bare_put URL FILE [--streams N] [--buffer BYTES, at least 16384]\n", stderr);
    return 2;
  }
  struct stat info {};
  const int fd = ::open(options.file, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    std::perror(options.file);
    return 1;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = curl_multi_init();
  curl_slist* headers = curl_slist_append(nullptr, "Expect:");
  std::vector<Stream> streams(static_cast<std::size_t>(options.streams));
  std::vector<CURL*> handles;
  for (long i = 0; i < options.streams; ++i) {
    Stream& stream = streams[static_cast<std::size_t>(i)];
    stream.fd = fd;
    stream.at = info.st_size / options.streams * i;
    stream.end = i + 1 == options.streams ? info.st_size : info.st_size / options.streams * (i + 1);
    stream.url = options.streams == 1 ? options.url : options.url + "." + std::to_string(i);
    handles.push_back(begin(stream, options, headers));
    curl_multi_add_handle(multi, handles.back());
  }
  const bool ok = run(multi);
  for (CURL* handle : handles) {
    curl_multi_remove_handle(multi, handle);
    curl_easy_cleanup(handle);
  }
  curl_multi_cleanup(multi);
  curl_slist_free_all(headers);
  curl_global_cleanup();
  ::close(fd);
  return ok ? 0 : 1;
}
