// Keys that a container's own endpoint gives: ECS tasks, EKS pod identities, emulators.
#include "net/container_url.hpp"
#include "net/credentials_http.hpp"
#include "net/small_file.hpp"
#include "net/text.hpp"
#include "net/url.hpp"

namespace weir::net {
namespace {

constexpr const char* kContainerEndpoint = "the container's endpoint";

class Container : public KeySource {
 public:
  Container(std::string url, std::string token, std::string token_file, ClientOptions http)
      : url_(std::move(url)), token_(std::move(token)), token_file_(std::move(token_file)), http_(std::move(http)) {}

  std::string identity() const override { return fmt::format("container\n{}\n{}\n{}", url_, token_, token_file_); }

  Result<TimedCredentials> fetch() override {
    std::string token = token_;
    if (!token_file_.empty()) {
      WEIR_ASSIGN(auto text, read_small_file(token_file_, "container's token file"));
      if (!text)
        return Status(Kind::access_denied, fmt::format("the container's token file {} is not there", token_file_));
      token = *std::move(text);
    }
    if (token.find_first_of("\r\n") != std::string::npos) {
      return Status(Kind::invalid_argument, "the container's token has a line break, which no header can hold");
    }
    KeyCall call;
    call.who = kContainerEndpoint;
    call.http = http_;
    call.within = std::chrono::seconds(5);
    call.request.url = url_;
    call.request.connect_timeout = std::chrono::seconds(2);
    call.request.headers = {{"accept", "application/json"}};
    if (!token.empty()) call.request.headers.emplace_back("authorization", token);
    WEIR_ASSIGN(const Response response, ask(call));
    if (response.status != 200) return json_refusal(kContainerEndpoint, response);
    WEIR_ASSIGN(const nlohmann::json answer, json_object(kContainerEndpoint, response.body));
    WEIR_ASSIGN(TimedCredentials timed, keys_of(kContainerEndpoint, answer, "Token", false));
    timed.expires_ms = by_our_clock(timed.expires_ms, response);
    return timed;
  }

 private:
  const std::string url_, token_, token_file_;
  const ClientOptions http_;
};

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  // Not "127.evil.example": digits and dots alone make it an address.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

Result<std::string> container_url(const std::string& relative, const std::string& full) {
  const std::string url = relative.empty() ? full : "http://169.254.170.2" + relative;
  const char* const variable =
      relative.empty() ? "AWS_CONTAINER_CREDENTIALS_FULL_URI" : "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
  const auto parts = split_url(url);
  if (!parts) return parts.status().during(fmt::format("use {}", variable));
  if (parts->scheme == "https" || is_loopback(parts->host)) return url;
  for (const char* host : {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"}) {
    if (parts->host == host) return url;
  }
  return Status(Kind::invalid_argument,
                fmt::format("{} is http to the host {}, which is neither this machine nor a container's endpoint",
                            variable, parts->host))
      .advise("Use https, or an address of 127.0.0.0/8, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23].");
}

Found container_source(const AwsConfig& config) {
  const std::string relative = environment({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"});
  const std::string full = environment({"AWS_CONTAINER_CREDENTIALS_FULL_URI"});
  if (relative.empty() && full.empty()) return std::shared_ptr<KeySource>();
  WEIR_ASSIGN(std::string url, container_url(relative, full));
  const std::string token_file = environment({"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"});
  ClientOptions http = config.http();
  http.direct = true;
  return std::shared_ptr<KeySource>(std::make_shared<Container>(
      std::move(url), token_file.empty() ? environment({"AWS_CONTAINER_AUTHORIZATION_TOKEN"}) : "", token_file, http));
}

}  // namespace weir::net
