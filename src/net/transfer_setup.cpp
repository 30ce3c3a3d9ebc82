// How an easy handle is set up for one request, and which requests are refused before libcurl sees them.
#include <sys/stat.h>

#include <algorithm>

#include "net/text.hpp"
#include "net/transfer.hpp"
#include "net/url.hpp"

namespace weir::net {
namespace {

constexpr long kReplyBufferBytes = 16 * 1024;      // replies to uploads are short
constexpr long kDownloadBufferBytes = 256 * 1024;  // one read of the socket when a body is streamed
constexpr std::size_t kMinUploadBuffer = 16 * 1024;
constexpr std::size_t kMaxUploadBuffer = 2 * 1024 * 1024;  // libcurl's bounds

// RFC 9110 section 5.5, obs-text allowed: no byte that ends a line or a string.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

bool is_directory(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

}  // namespace

template <class T>
void Transfer::set(CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(easy_, option, value);
  if (setup_code_ == CURLE_OK) setup_code_ = code;
}

// Whether a message body is framed: RFC 9110 section 8.6 wants Content-Length: 0 where a method usually has one.
bool Transfer::sends_body() const {
  const std::string& method = request_.method;
  return request_.body != nullptr || method == "PUT" || method == "POST" || method == "PATCH";
}

// RFC 9110 section 9.2.2: only these may be sent again without being asked to.
bool Transfer::may_repeat() const { return request_.method != "POST" && request_.method != "PATCH"; }

Status Transfer::refused(std::string_view what) const {
  return Status(Kind::invalid_argument,
                fmt::format("{} {}: {}", is_token(request_.method) ? request_.method : "request", shown_url_, what));
}

Status Transfer::check_request() {
  auto parts = split_url(request_.url);
  shown_url_ = redact(request_.url);
  if (!parts) return refused(parts.error().cause).advise(parts.error().advice);
  if (!is_token(request_.method)) return refused("the method is not a word of HTTP");
  body_size_ = request_.body ? request_.body->size() : 0;
  for (const auto& [name, value] : request_.headers) {
    if (!is_token(name)) return refused("a header's name is empty or holds a byte that HTTP does not allow there");
    if (!is_field_value(value)) {
      return refused(fmt::format("the value of header {} holds a line break or another control byte", name));
    }
    const std::string known = lower(name);
    if (known == "transfer-encoding" || known == "expect") {
      return refused(fmt::format("header {} is the client's own", name));
    }
    if (known == "content-length" && body_size_ == kUnknownSize) return refused("the body's length is not known");
    if (known == "content-length" && value != std::to_string(body_size_)) {
      return refused(fmt::format("header {} says {}, the body has {} bytes", name, value, body_size_));
    }
  }
  return {};
}

Status Transfer::prepare(CURL* easy, const ClientOptions& options, Sockets& sockets) {
  easy_ = easy;
  sockets_ = &sockets;
  sockets.attach(easy);
  WEIR_TRY(check_request());
  set_connection(options);
  set_security(options);
  set_headers(options);
  set_method_and_body();
  set_callbacks();
  if (setup_code_ != CURLE_OK) {
    return Status(Kind::internal,
                  fmt::format("{} {}: libcurl {} refuses an option: {}", request_.method, shown_url_,
                              curl_version_info(CURLVERSION_NOW)->version, curl_easy_strerror(setup_code_)));
  }
  if (request_.body) {
    WEIR_TRY(rewind_body());
    request_.body->attach([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && !self->send_wish_posted_.exchange(true)) self->mailbox_->post(Wish::send_again, self);
    });
  }
  return {};
}

void Transfer::set_connection(const ClientOptions& options) {
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a cancelled request does not wait for its name lookup to end
  // HTTP/1.1 throughout: below 8.7 libcurl loses data when it rewinds an HTTP/2 upload, and a paused HTTP/2 download
  // is buffered by libcurl, up to 10 MB, where HTTP/1.1 leaves it to the peer.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_TCP_NODELAY, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  set(CURLOPT_BUFFERSIZE, request_.on_data ? kDownloadBufferBytes : kReplyBufferBytes);
  // libcurl allocates it for each request: not more than there is to send.
  const std::uint64_t upload_buffer = std::min<std::uint64_t>(options.upload_buffer_bytes, body_size_);
  set(CURLOPT_UPLOAD_BUFFERSIZE,
      static_cast<long>(std::clamp<std::uint64_t>(upload_buffer, kMinUploadBuffer, kMaxUploadBuffer)));
  if (!options.proxy.empty() || options.direct) set(CURLOPT_PROXY, options.direct ? "" : options.proxy.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

void Transfer::set_security(const ClientOptions& options) {
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // a proxy does not see the server's headers
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, options.verify_tls ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, options.verify_tls ? 2L : 0L);
  if (!options.ca_bundle.empty()) {  // in place of the system's, not beside them
    const bool directory = is_directory(options.ca_bundle);
    set(CURLOPT_CAINFO, directory ? nullptr : options.ca_bundle.c_str());
    set(CURLOPT_CAPATH, directory ? options.ca_bundle.c_str() : nullptr);
  }
  if (!options.client_certificate.empty()) set(CURLOPT_SSLCERT, options.client_certificate.c_str());
  if (!options.client_key.empty()) set(CURLOPT_SSLKEY, options.client_key.c_str());
}

void Transfer::set_method_and_body() {
  if (sends_body()) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, body_size_ == kUnknownSize ? curl_off_t{-1} : static_cast<curl_off_t>(body_size_));
    if (request_.method != "PUT") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  } else if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else {
    set(CURLOPT_HTTPGET, 1L);
    if (request_.method != "GET") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
}

void Transfer::set_headers(const ClientOptions& options) {
  const std::string agent = options.user_agent.empty() ? "weir/" WEIR_VERSION : options.user_agent;
  set(CURLOPT_USERAGENT, agent.c_str());
  const auto add = [this](const std::string& line) { header_list_ = curl_slist_append(header_list_, line.c_str()); };
  add("Expect:");  // no round trip before the body: a refusal is noticed while sending
  for (const auto& [name, value] : request_.headers) {
    if (lower(name) == "content-length") continue;  // libcurl writes it from the body's size
    add(value.empty() ? name + ";" : name + ": " + value);
  }
  set(CURLOPT_HTTPHEADER, header_list_);
}

void Transfer::set_callbacks() {
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_READFUNCTION, &Transfer::on_read);
  set(CURLOPT_READDATA, static_cast<void*>(this));
  set(CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
  set(CURLOPT_SEEKDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_write);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_PREREQFUNCTION, &Transfer::on_request);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
}

}  // namespace weir::net
