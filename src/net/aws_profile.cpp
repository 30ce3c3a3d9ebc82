#include "net/aws_profile.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "net/text.hpp"
#include "platform/platform.hpp"

namespace weir::net {
namespace {

constexpr std::size_t kMaxFileBytes = 1024 * 1024;
constexpr std::size_t kReadBytes = 8 * 1024;  // such files are small, and read anew for each attempt

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
    const std::size_t equals = text.find('=');
    if (indented && !setting_.empty()) {
      // Below "s3 =" it is a nested setting, below any other value its continuation, which no setting of ours has.
      if (nests_ && equals != std::string_view::npos)
        put(setting_ + "." + std::string(trim(text.substr(0, equals))), text.substr(equals + 1));
      return {};
    }
    if (equals == std::string_view::npos || section_.empty()) return malformed();
    setting_ = trim(text.substr(0, equals));
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
    value = without_comment(value);
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

/// The whole file; empty where there is none.
Result<std::string> read_file(const std::string& path) {
  const auto& calls = platform::platform();
  const int fd = calls.open(path.c_str(), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::string();
    return platform::errno_status(errno, "read the AWS profile file " + path);
  }
  std::string text;
  std::size_t size = 0;
  Status failed;
  while (size < kMaxFileBytes) {
    text.resize(size + std::min(kReadBytes, kMaxFileBytes - size));
    const ssize_t count = calls.read(fd, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) failed = platform::errno_status(errno, "read the AWS profile file " + path);
    if (count <= 0) break;
    size += static_cast<std::size_t>(count);
  }
  calls.close(fd);
  if (!failed.ok()) return failed;
  if (size == kMaxFileBytes)
    return Status(Kind::limit, fmt::format("the AWS profile file {} has more than 1 MiB", path));
  text.resize(size);
  return text;
}

Result<ProfileFile> load(const char* variable, const char* below_home) {
  const std::string home = environment({"HOME"});
  std::string path = environment({variable});
  if (path.empty()) path = home + "/" + below_home;
  if (path.starts_with("~/") && !home.empty()) path = home + path.substr(1);
  WEIR_ASSIGN(const std::string text, read_file(path));
  return parse_profile_file(text, path);
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

Result<ProfileFile> load_profiles() {
  WEIR_ASSIGN(ProfileFile config, load("AWS_CONFIG_FILE", ".aws/config"));
  WEIR_ASSIGN(ProfileFile credentials, load("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"));
  ProfileFile all;
  if (auto plain = config.find("default"); plain != config.end()) all["default"] = plain->second;
  for (const auto& [section, settings] : config) {
    if (!section.starts_with("profile ")) continue;
    for (const auto& [setting, value] : settings) all[section.substr(8)][setting] = value;
    all[section.substr(8)];
  }
  for (const auto& [section, settings] : credentials) {
    for (const auto& [setting, value] : settings) all[section][setting] = value;
    all[section];
  }
  return all;
}

}  // namespace weir::net
