#include "weir/server/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "net/sigv4.hpp"
#include "net/small_file.hpp"
#include "server/http_head.hpp"

namespace weir {
namespace {

constexpr std::string_view kScheme = "bearer ";

/// RFC 6750, 2.1.
bool can_be_sent(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~+/=").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string_view AccessRequest::field(std::string_view name) const noexcept {
  std::string_view found;
  bool seen = false;
  for (const auto& [key, value] : fields) {
    if (key != name) continue;
    if (std::exchange(seen, true)) return {};
    found = value;
  }
  return found;
}

Result<Authorize> bearer_tokens(const std::string& file) {
  WEIR_ASSIGN(const auto text, net::read_small_file(file, "token file"));
  if (!text) return Status(Kind::not_found, "there is no such file").during("read the token file " + file);
  // By hash, so that how long it takes to look one up tells nothing of the others.
  auto owners = std::make_shared<std::map<std::string, std::string>>();
  std::size_t number = 0;
  for (std::string_view left = *text; !left.empty();) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    std::string_view line = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = server::trimmed(line);
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
    const std::string_view token = line.substr(0, blank);
    if (!can_be_sent(token)) {
      return Status(Kind::invalid_argument, fmt::format("the token of line {} has what no client can send", number))
          .during("read " + file)
          .advise("Tokens are letters, digits and - . _ ~ + / =.");
    }
    (*owners)[net::sha256_hex(token)] = server::trimmed(line.substr(blank));
  }
  if (owners->empty()) return Status(Kind::invalid_argument, "there is no token in it").during("read " + file);
  return Authorize([owners](const AccessRequest& request) {
    const std::string_view said = request.field("authorization");
    const bool bears = server::lower_case(said.substr(0, kScheme.size())) == kScheme;
    const auto found =
        bears ? owners->find(net::sha256_hex(server::trimmed(said.substr(kScheme.size())))) : owners->end();
    if (found == owners->end()) return Access::refuse(401, "a bearer token that this server knows is needed");
    return Access::allow(found->second);
  });
}

}  // namespace weir
