#include "net/curl_errors.hpp"

#include "weir/core/units.hpp"

namespace weir::net {
namespace {

struct Meaning {
  Kind kind;
  Retry retry;
};

// A handshake also fails because the connection was cut; only then may the same call work in a moment.
bool cut_in_handshake(std::string_view detail) {
  for (const std::string_view sign : {"SSL_ERROR_SYSCALL", "Connection reset", "Broken pipe", "unexpected eof"}) {
    if (detail.find(sign) != std::string_view::npos) return true;
  }
  return false;
}

Meaning meaning_of(CURLcode code, const FailureFacts& facts) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {Kind::timeout, Retry::transient};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
      return {Kind::access_denied, Retry::never};
    case CURLE_SSL_CONNECT_ERROR:
      if (cut_in_handshake(facts.detail)) return {Kind::network, Retry::transient};
      return {Kind::protocol, Retry::never};
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
      return {Kind::invalid_argument, Retry::never};
    case CURLE_UNSUPPORTED_PROTOCOL:  // also "HTTP/0.9 when not allowed": something else than HTTP answered
      return {facts.connected ? Kind::protocol : Kind::invalid_argument, Retry::never};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return {Kind::protocol, Retry::never};
    case CURLE_RECV_ERROR:
    case CURLE_PROXY:
      if (facts.proxy_status >= 400 && facts.proxy_status < 500) return {Kind::access_denied, Retry::never};
      return {Kind::network, Retry::transient};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_AGAIN:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_NO_CONNECTION_AVAILABLE:
      return {Kind::network, Retry::transient};
    default:
      return {Kind::internal, Retry::never};
  }
}

/// Nothing could be asked, so what is asked next will not be heard either.
bool is_unreachable(CURLcode code, const FailureFacts& facts) {
  if (facts.connected) return false;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CONNECT_ERROR:
      return true;
    default:
      return false;
  }
}

std::string_view advice_for(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return "If this host is the right one, name the certificate authority it uses as the CA bundle.";
    case CURLE_SSL_CACERT_BADFILE:
      return "Check that the CA bundle exists and holds PEM certificates.";
    case CURLE_SSL_CERTPROBLEM:
      return "Check the client certificate and its key: PEM files that belong together.";
    default:
      return {};
  }
}

}  // namespace

std::string failure_text(const FailureFacts& facts, std::string_view what) {
  std::string text = fmt::format("{} {}: {}", facts.method, facts.url, what);
  if (facts.connected) text += fmt::format(" after {} sent", format_size(facts.bytes_sent));
  return text;
}

Status curl_failure(CURLcode code, const FailureFacts& facts) {
  const Meaning meaning = meaning_of(code, facts);
  std::string what(facts.detail.empty() ? std::string_view(curl_easy_strerror(code)) : facts.detail);
  while (!what.empty() && (what.back() == '\n' || what.back() == '\r' || what.back() == '.')) what.pop_back();
  if (code == CURLE_OPERATION_TIMEDOUT && !facts.connected) what = "no connection in time: " + what;
  if (facts.reused && meaning.kind == Kind::network) what += " (on a kept connection)";
  Error error;
  error.kind = meaning.kind;
  error.retry = meaning.retry;
  error.cause = failure_text(facts, what);
  error.advice = advice_for(code);
  if (is_unreachable(code, facts)) {
    error.service_code = kUnreachable;
    if (error.advice.empty()) error.advice = "Nothing was sent. Check the host's name, the port and the network.";
  }
  return Status(std::move(error));
}

}  // namespace weir::net
