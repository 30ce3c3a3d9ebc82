// For tests/interop/credentials_botocore.py. Each line of stdin is one case: {"profile": the option or "",
// "environment": all its variables}. A line of JSON out says what it comes to: keys, region, endpoint, checksums,
// addressing; or "error".
#include <stdlib.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "store/s3_settings.hpp"

namespace {

nlohmann::json failed(const weir::Status& status) {
  return {{"error", status.message()}, {"kind", weir::to_string(status.kind())}};
}

const char* name_of(weir::S3Addressing addressing) {
  switch (addressing) {
    case weir::S3Addressing::path:
      return "path";
    case weir::S3Addressing::virtual_host:
      return "virtual";
    default:
      return "auto";
  }
}

nlohmann::json resolve(const nlohmann::json& asked) {
  weir::S3Options options;
  options.profile = asked["profile"];
  const auto settings = weir::s3::resolve(options);
  if (!settings) return failed(settings.status());
  const auto place = weir::s3::place_of(*settings, settings->region, "", "");
  const std::string path = place.path == "/" ? "" : place.path;
  nlohmann::json answer = {{"region", settings->region},
                           {"endpoint", place.scheme + "://" + place.authority + path},
                           {"checksum", settings->proof != weir::s3::Proof::none},
                           {"validates", settings->verify_downloads},
                           {"addressing", name_of(settings->addressing)},
                           {"ca_bundle", settings->http.ca_bundle}};
  const auto keys = settings->credentials->get();
  if (!keys) return failed(keys.status());
  answer["keys"] = {keys->access_key_id, keys->secret_access_key, keys->session_token};
  return answer;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto asked = nlohmann::json::parse(line);
    ::clearenv();
    for (const auto& [name, value] : asked["environment"].items()) {
      ::setenv(name.c_str(), value.get<std::string>().c_str(), 1);
    }
    std::cout << resolve(asked).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
  }
}
