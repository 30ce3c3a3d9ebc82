#include "net/aws_profile.hpp"

#include "net/small_file.hpp"
#include "net/text.hpp"

namespace weir::net {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// A comment begins where '#' or ';' follows a blank.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && is_blank(value[i - 1])) return trim(value.substr(0, i));
  }
  return trim(value);
}

class Parser {
 public:
  explicit Parser(const std::string& name) : name_(name) {}

  Status line(std::string_view raw) {
    ++number_;
    const bool indented = !raw.empty() && is_blank(raw.front());
    const std::string_view text = trim(raw);
    if (text.empty() || text.front() == '#' || text.front() == ';') return {};
    if (text.front() == '[' && !indented) return section(text);
    if (indented && !setting_.empty()) {
      // Below "s3 =" it is a nested setting, below any other value its continuation, which no setting of ours has.
      const std::size_t equals = text.find('=');
      if (nests_ && equals != std::string_view::npos)
        put(setting_ + "." + std::string(trim(text.substr(0, equals))), text.substr(equals + 1));
      return {};
    }
    const std::size_t equals = text.find_first_of("=:");
    if (equals == std::string_view::npos || section_.empty()) return malformed();
    setting_ = lower(trim(text.substr(0, equals)));
    if (setting_.empty()) return malformed();
    nests_ = put(setting_, text.substr(equals + 1)).empty();
    return {};
  }

  ProfileFile take() { return std::move(file_); }

 private:
  Status section(std::string_view text) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return malformed();
    const std::string_view title = trim(text.substr(1, end - 1));
    const std::size_t blank = title.find_first_of(" \t");
    section_ = title.substr(0, blank);
    if (blank != std::string_view::npos) {
      std::string_view rest = trim(title.substr(blank));
      if (rest.size() >= 2 && (rest.front() == '"' || rest.front() == '\'') && rest.back() == rest.front()) {
        rest = rest.substr(1, rest.size() - 2);
      }
      section_ += " " + std::string(rest);
    }
    if (section_.empty()) return malformed();
    setting_.clear();
    file_[section_];
    return {};
  }

  std::string_view put(const std::string& setting, std::string_view value) {
    // A command may hold '#' and ';', and must run as it stands.
    value = setting == "credential_process" ? trim(value) : without_comment(value);
    file_[section_][setting] = value;
    return value;
  }

  Status malformed() const {
    return Status(Kind::invalid_argument,
                  fmt::format("line {} of {} is neither [section] nor setting = value", number_, name_));
  }

  const std::string& name_;
  int number_ = 0;
  std::string section_;
  std::string setting_;
  bool nests_ = false;
  ProfileFile file_;
};

Result<ProfileFile> load(const char* variable, const char* below_home) {
  const std::string named = environment({variable});
  const std::string path = named.empty() ? home_folder() + below_home : expand_home(named);
  WEIR_ASSIGN(const auto text, read_small_file(path, "AWS profile file"));
  return parse_profile_file(text.value_or(""), path);
}

/// Adds a section whose name begins with `prefix` under the rest of its name.
void add_below(std::string_view prefix, const std::string& section, const ProfileSettings& settings,
               ProfileFile& into) {
  if (!section.starts_with(prefix)) return;
  ProfileSettings& all = into[section.substr(prefix.size())];
  for (const auto& [setting, value] : settings) all[setting] = value;
}

}  // namespace

Result<ProfileFile> parse_profile_file(std::string_view text, const std::string& name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Parser parser(name);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    WEIR_TRY(parser.line(text.substr(0, end)));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parser.take();
}

Result<AwsFiles> load_aws_files() {
  WEIR_ASSIGN(ProfileFile config, load("AWS_CONFIG_FILE", "/.aws/config"));
  WEIR_ASSIGN(ProfileFile credentials, load("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"));
  AwsFiles files;
  for (const auto& [section, settings] : config) {
    if (section == "default") add_below("", section, settings, files.config);
    add_below("profile ", section, settings, files.config);
    add_below("sso-session ", section, settings, files.sso_sessions);
    add_below("services ", section, settings, files.services);
  }
  files.profiles = files.config;
  for (const auto& [section, settings] : credentials) {
    ProfileSettings& all = files.profiles[section];
    for (const auto& [setting, value] : settings) all[setting] = value;
  }
  files.credentials = std::move(credentials);
  return files;
}

}  // namespace weir::net
