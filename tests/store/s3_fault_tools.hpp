// The project's own fault server, told how to break and whom to play.
#pragma once

#include "store/s3_live_tools.hpp"

namespace weir::live {

inline bool has_faults() {
  if (variable("WEIR_TEST_S3_SERVER") == "fault") return true;
  WARN("this server does not break on request; run `servers.py run fault`");
  return false;
}

/// Tells the server how to break. At the end of the test it forgets that, and all objects.
class Faults {
 public:
  explicit Faults(const std::string& list = "") { post("/_weir/faults", "[" + list + "]"); }
  /// What provider to play, as fault_s3.py's /_weir/play has it.
  static void play(const std::string& rules) { post("/_weir/play", rules); }
  /// How many requests a second it serves, as /_weir/rate has it.
  static void rate(const std::string& rules) { post("/_weir/rate", rules); }
  ~Faults() { post("/_weir/reset", ""); }
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

 private:
  static void post(const std::string& path, std::string body) {
    net::Request request;
    request.method = "POST";
    request.url = variable("WEIR_TEST_S3_ENDPOINT") + path;
    request.body = net::body_of(std::move(body));
    const auto answer = net::Client::make({})->fetch(request);
    INFO((answer ? answer->body : answer.status().message()));
    CHECK(answer.ok());
    CHECK(answer->status / 100 == 2);
  }
};

inline std::string fault(const std::string& op, const std::string& action, const std::string& more = "") {
  return fmt::format("{{\"op\":\"{}\",\"action\":\"{}\"{}{}}}", op, action, more.empty() ? "" : ",", more);
}

}  // namespace weir::live
