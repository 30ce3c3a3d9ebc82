// Keys of the role that an EC2 instance has, from its metadata service (IMDSv2; version 1 where 2 is not there).
#include <charconv>

#include "net/credentials_http.hpp"
#include "net/text.hpp"
#include "net/url.hpp"
#include "platform/platform.hpp"

namespace weir::net {
namespace {

constexpr const char* kMetadataService = "the instance's metadata service";
constexpr const char* kRolePath = "/latest/meta-data/iam/security-credentials/";

/// The service gives old keys where it cannot make new ones; they may work longer than they say, and are asked for
/// again in 17 to 25 minutes.
std::int64_t stretched(std::int64_t expires_ms) {
  const std::int64_t now = platform::platform().realtime_ns() / 1000000;
  const std::int64_t window = static_cast<std::int64_t>(17 * 60 + platform::random_below(8 * 60)) * 1000;
  return now < expires_ms - window ? expires_ms : now + window;
}

class Instance : public KeySource {
 public:
  Instance(std::string url, int seconds, int attempts, bool only_v2, ClientOptions http)
      : url_(std::move(url)), seconds_(seconds), attempts_(attempts), only_v2_(only_v2), http_(std::move(http)) {}

  std::string identity() const override {
    return fmt::format("instance\n{}\n{}\n{}\n{}", url_, seconds_, attempts_, only_v2_);
  }

  Result<TimedCredentials> fetch() override {
    WEIR_ASSIGN(const std::string token, session_token());
    WEIR_ASSIGN(const Response role, get(kRolePath, token));
    const std::string name = role.body.substr(0, role.body.find_first_of("\r\n"));
    if (name.empty()) return Status(Kind::access_denied, fmt::format("{} knows of no role", kMetadataService));
    WEIR_ASSIGN(const Response response, get(kRolePath + percent_encode(name), token));
    WEIR_ASSIGN(const nlohmann::json answer, json_object(kMetadataService, response.body));
    WEIR_ASSIGN(TimedCredentials timed, keys_of(kMetadataService, answer, "Token", false));
    timed.expires_ms = stretched(by_our_clock(timed.expires_ms, response));
    return timed;
  }

 private:
  KeyCall call_of(const char* method, const std::string& path) const {
    KeyCall call;
    call.who = kMetadataService;
    call.http = http_;
    call.attempts = attempts_;
    call.within = std::chrono::seconds(seconds_);
    call.request.method = method;
    call.request.url = url_ + path;
    call.request.connect_timeout = call.within;
    return call;
  }

  /// Of version 2; empty where the service does not have it.
  Result<std::string> session_token() const {
    KeyCall call = call_of("PUT", "/latest/api/token");
    call.request.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    call.request.body = body_of(std::string());
    const auto response = ask(call);
    // An answer that does not come is what a container sees whose packets are one hop too many for version 2.
    if (!response && response.error().kind != Kind::timeout) return response.status();
    if (response && response->status == 200) return response->body;
    if (response && response->status != 403 && response->status != 404 && response->status != 405) {
      return json_refusal(kMetadataService, *response);
    }
    if (only_v2_)
      return Status(Kind::access_denied, fmt::format("{} gives no token, and version 1 is off", kMetadataService));
    return std::string();
  }

  Result<Response> get(const std::string& path, const std::string& token) const {
    KeyCall call = call_of("GET", path);
    if (!token.empty()) call.request.headers = {{"x-aws-ec2-metadata-token", token}};
    WEIR_ASSIGN(Response response, ask(call));
    if (response.status != 200) return json_refusal(kMetadataService, response);
    return response;
  }

  const std::string url_;
  const int seconds_, attempts_;
  const bool only_v2_;
  const ClientOptions http_;
};

int number(const std::string& text, int otherwise) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 && value <= 3600 ? value : otherwise;
}

bool is_true(const std::string& text) { return lower(text) == "true"; }

}  // namespace

Found instance_source(const AwsConfig& config) {
  if (is_true(environment({"AWS_EC2_METADATA_DISABLED"}))) return std::shared_ptr<KeySource>();
  std::string url = config.setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  const std::string mode =
      lower(config.setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode"));
  if (!mode.empty() && mode != "ipv4" && mode != "ipv6") {
    return Status(Kind::invalid_argument, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither ipv4 nor ipv6");
  }
  const bool ipv6 = mode.empty() ? is_true(config.setting("AWS_IMDS_USE_IPV6", "imds_use_ipv6")) : mode == "ipv6";
  if (url.empty()) url = ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  const auto parts = split_url(url);
  if (!parts) return parts.status().during("use AWS_EC2_METADATA_SERVICE_ENDPOINT");
  while (url.ends_with('/')) url.pop_back();
  ClientOptions http = config.http();
  http.direct = true;
  return std::shared_ptr<KeySource>(std::make_shared<Instance>(
      url, number(config.setting("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"), 1),
      number(config.setting("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"), 1),
      is_true(config.setting("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled")), http));
}

}  // namespace weir::net
