#include "net/sts.hpp"

#include <algorithm>
#include <pugixml.hpp>

#include "net/text.hpp"
#include "net/time_text.hpp"
#include "net/url.hpp"
#include "platform/platform.hpp"

namespace weir::net {
namespace {

constexpr const char* kSts = "AWS STS";

/// The regions whose requests went to sts.amazonaws.com before endpoints were regional.
bool was_global(const std::string& region) {
  constexpr std::string_view kRegions[] = {"ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
                                           "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
                                           "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
                                           "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2"};
  return std::find(std::begin(kRegions), std::end(kRegions), region) != std::end(kRegions);
}

Result<KeyCall> call_of(const StsPlace& place, const std::string& form, const Credentials* signer, std::int64_t time) {
  WEIR_ASSIGN(const UrlParts parts, split_url(place.url));
  KeyCall call;
  call.who = kSts;
  call.http = place.http;
  call.request.method = "POST";
  call.request.url = compose_url(parts);
  call.request.connect_timeout = std::chrono::seconds(5);
  call.request.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
  call.request.body = body_of(form);
  if (signer != nullptr) {
    const SigningRequest to_sign{"POST", parts.authority(), parts.path, {}, call.request.headers, sha256_hex(form)};
    call.request.headers = sign_headers(to_sign, SigningScope{*signer, place.region, time, "sts"});
  }
  return call;
}

struct SaidError {
  std::string code, words;
};

SaidError error_in(const std::string& body) {
  pugi::xml_document document;
  document.load_buffer(body.data(), body.size());
  const pugi::xml_node error = document.first_child().child("Error");
  return {error.child("Code").text().get(), error.child("Message").text().get()};
}

bool blames_the_clock(const SaidError& error) {
  return error.code == "RequestTimeTooSkewed" || error.code == "RequestExpired" ||
         (error.code == "SignatureDoesNotMatch" && (error.words.find("expired") != std::string::npos ||
                                                    error.words.find("not yet current") != std::string::npos));
}

Result<TimedCredentials> keys_in(const Response& response, const std::string& action) {
  pugi::xml_document document;
  document.load_buffer(response.body.data(), response.body.size());
  const pugi::xml_node keys =
      document.child((action + "Response").c_str()).child((action + "Result").c_str()).child("Credentials");
  nlohmann::json object = nlohmann::json::object();
  for (const char* name : {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}) {
    object[name] = keys.child(name).text().get();
  }
  WEIR_ASSIGN(TimedCredentials timed, keys_of(kSts, object, "SessionToken", false));
  timed.expires_ms = by_our_clock(timed.expires_ms, response);
  return timed;
}

}  // namespace

Result<StsPlace> sts_place(const AwsConfig& config) {
  StsPlace place;
  place.region = config.region.empty() ? "us-east-1" : config.region;
  place.http = config.http();
  WEIR_ASSIGN(place.url, config.endpoint_url("sts"));
  if (!place.url.empty()) {
    auto parts = split_url(place.url);
    if (!parts) return parts.status().during("use the STS endpoint " + redact(place.url));
    return place;
  }
  if (lower(config.setting("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints")) == "legacy" &&
      was_global(place.region)) {
    place.url = "https://sts.amazonaws.com";
    place.region = "us-east-1";
  } else {
    place.url = fmt::format("https://sts.{}.{}", place.region, dns_suffix(place.region));
  }
  return place;
}

Result<TimedCredentials> call_sts(const StsPlace& place, Query form, const Credentials* signer) {
  const std::string action = form.at(0).second;
  form.emplace_back("Version", "2011-06-15");
  std::string text;
  for (const auto& [name, value] : form) text += (text.empty() ? "" : "&") + name + "=" + percent_encode(value);
  std::int64_t time = platform::unix_seconds();
  for (int tries = 1;; ++tries) {
    WEIR_ASSIGN(const KeyCall call, call_of(place, text, signer, time));
    WEIR_ASSIGN(const Response response, ask(call));
    if (response.status == 200) return keys_in(response, action);
    const SaidError error = error_in(response.body);
    const std::int64_t theirs = parse_http_time(std::string(response.header("date")));
    if (tries > 1 || theirs == 0 || !blames_the_clock(error)) {
      return refusal(kSts, response, error.code, error.words).during(fmt::format("get credentials by {}", action));
    }
    time = theirs;
  }
}

std::string session_name() { return fmt::format("weir-session-{}", platform::unix_seconds()); }

}  // namespace weir::net
