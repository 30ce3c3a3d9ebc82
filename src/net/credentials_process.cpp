// Keys that a program of the user prints as JSON (credential_process).
#include "net/credentials_http.hpp"
#include "net/shell_words.hpp"
#include "platform/process.hpp"

namespace weir::net {
namespace {

class Process : public KeySource {
 public:
  Process(std::string profile, std::string command, std::vector<std::string> words)
      : who_(fmt::format("the credential_process of profile \"{}\"", profile)),
        command_(std::move(command)),
        words_(std::move(words)) {}

  std::string identity() const override { return fmt::format("process\n{}\n{}", who_, command_); }

  Result<TimedCredentials> fetch() override {
    auto ran = platform::run_process(words_, {});
    if (!ran) return Status(ran.error().kind, fmt::format("{} failed: {}", who_, ran.status().message()));
    if (ran->exit_code != 0) {
      const std::string line = ran->err.substr(0, ran->err.find('\n'));
      return Status(Kind::access_denied,
                    fmt::format("{} ended with {}{}{}", who_, ran->exit_code, line.empty() ? "" : ": ", plain(line)));
    }
    WEIR_ASSIGN(const nlohmann::json printed, json_object(who_, ran->out));
    const auto version = printed.find("Version");
    if (version == printed.end() || *version != 1) {
      return Status(Kind::unsupported, fmt::format("{} printed no \"Version\": 1", who_));
    }
    return keys_of(who_, printed, "SessionToken", true);
  }

 private:
  const std::string who_, command_;
  const std::vector<std::string> words_;
};

}  // namespace

Found process_source(const AwsConfig& config, const std::string& profile) {
  const ProfileSettings& settings = config.settings_of(profile);
  const auto command = settings.find("credential_process");
  if (command == settings.end()) return std::shared_ptr<KeySource>();
  auto words = shell_words(command->second);
  if (!words) return bad_profile(profile, "has a credential_process that cannot be run: " + words.error().cause);
  if (words->empty()) return bad_profile(profile, "has an empty credential_process");
  return std::shared_ptr<KeySource>(std::make_shared<Process>(profile, command->second, *std::move(words)));
}

}  // namespace weir::net
