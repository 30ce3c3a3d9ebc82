// Keys that stand in the environment or in a profile.
#include "net/credentials_source.hpp"
#include "net/text.hpp"
#include "net/time_text.hpp"
#include "platform/platform.hpp"

namespace weir::net {
namespace {

class Stored : public KeySource {
 public:
  explicit Stored(TimedCredentials keys) : keys_(std::move(keys)) {}
  std::string identity() const override {
    return fmt::format("stored\n{}\n{}\n{}\n{}", keys_.keys.access_key_id, keys_.keys.secret_access_key,
                       keys_.keys.session_token, keys_.expires_ms);
  }
  Result<TimedCredentials> fetch() override { return keys_; }

 private:
  const TimedCredentials keys_;
};

std::string first_of(const ProfileSettings& settings, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto found = settings.find(name); found != settings.end()) return found->second;
  }
  return {};
}

}  // namespace

Found environment_source() {
  TimedCredentials timed;
  Credentials& keys = timed.keys;
  keys = {environment({"AWS_ACCESS_KEY_ID"}), environment({"AWS_SECRET_ACCESS_KEY"}),
          environment({"AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN"})};
  const bool has_id = !keys.access_key_id.empty();
  if (has_id != !keys.secret_access_key.empty()) {
    return Status(Kind::access_denied,
                  fmt::format("{} is set, but {} is not", has_id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                              has_id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"));
  }
  if (!has_id) return std::shared_ptr<KeySource>();
  if (const std::string text = environment({"AWS_CREDENTIAL_EXPIRATION"}); !text.empty()) {
    const auto expires = parse_iso_time(text);
    if (!expires)
      return Status(Kind::invalid_argument, "AWS_CREDENTIAL_EXPIRATION is no time of the form 2026-11-24T16:00:00Z");
    timed.expires_ms = *expires;
  }
  return std::shared_ptr<KeySource>(std::make_shared<Stored>(std::move(timed)));
}

Found stored_source(const ProfileFile& file, const std::string& profile) {
  const auto found = file.find(profile);
  if (found == file.end()) return std::shared_ptr<KeySource>();
  const ProfileSettings& settings = found->second;
  TimedCredentials timed;
  timed.keys = {first_of(settings, {"aws_access_key_id"}), first_of(settings, {"aws_secret_access_key"}),
                first_of(settings, {"aws_security_token", "aws_session_token"})};
  const bool has_id = !timed.keys.access_key_id.empty();
  if (!has_id && timed.keys.secret_access_key.empty()) return std::shared_ptr<KeySource>();
  if (!has_id || timed.keys.secret_access_key.empty()) {
    return Status(Kind::access_denied, fmt::format("profile \"{}\" has no {}", profile,
                                                   has_id ? "aws_secret_access_key" : "aws_access_key_id"));
  }
  return std::shared_ptr<KeySource>(std::make_shared<Stored>(std::move(timed)));
}

}  // namespace weir::net
