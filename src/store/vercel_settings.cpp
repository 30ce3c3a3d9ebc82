#include "store/vercel_settings.hpp"

#include <algorithm>

#include "net/text.hpp"
#include "net/url.hpp"

namespace weir::vercel {
namespace {

constexpr const char* kApi = "https://vercel.com/api/blob";
constexpr std::string_view kStorePrefix = "store_";

/// The fourth field of "vercel_blob_rw_STORE_RANDOM" and "vercel_blob_client_STORE_PAYLOAD"; empty where it is none.
std::string store_of_token(std::string_view token) {
  for (const std::string_view prefix : {"vercel_blob_rw_", "vercel_blob_client_"}) {
    if (!token.starts_with(prefix)) continue;
    token.remove_prefix(prefix.size());
    return std::string(token.substr(0, token.find('_')));
  }
  return {};
}

bool is_store_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string without_prefix(std::string_view id) {
  if (id.starts_with(kStorePrefix)) id.remove_prefix(kStorePrefix.size());
  return std::string(id);
}

/// Tokens go into a header: visible ASCII.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Status check_token(const std::string& token) {
  if (token.empty()) {
    return Status(Kind::access_denied, "there is no token")
        .advise("Set BLOB_READ_WRITE_TOKEN to the store's read-write token.");
  }
  if (is_visible(token)) return {};
  return Status(Kind::invalid_argument, "the token has blanks or other bytes that no token has")
      .advise("Look for quotes and line ends in BLOB_READ_WRITE_TOKEN.");
}

Status set_api(std::string url, Settings& settings) {
  while (url.ends_with('/')) url.pop_back();
  WEIR_ASSIGN(const net::UrlParts parts, net::split_url(url));
  if (!parts.query.empty()) return Status(Kind::invalid_argument, "the API URL must have no query");
  settings.origin = parts.scheme + "://" + parts.authority();
  settings.api = settings.origin + (parts.path == "/" ? "" : parts.path);
  return {};
}

}  // namespace

bool Settings::is_store(std::string_view name) const { return net::lower(without_prefix(name)) == net::lower(store); }

Result<Settings> resolve(const VercelOptions& options) {
  const std::string operation = "use Vercel Blob";
  Settings settings;
  settings.token = options.token.empty() ? net::environment({"BLOB_READ_WRITE_TOKEN"}) : options.token;
  WEIR_TRY(check_token(settings.token).during(operation));
  std::string api = options.api_url.empty() ? net::environment({"VERCEL_BLOB_API_URL"}) : options.api_url;
  WEIR_TRY(set_api(api.empty() ? kApi : api, settings).during(operation));
  settings.store = options.store_id;
  if (settings.store.empty()) settings.store = store_of_token(settings.token);
  if (settings.store.empty()) settings.store = net::environment({"BLOB_STORE_ID"});
  settings.store = without_prefix(settings.store);
  if (!is_store_id(settings.store)) {
    return Status(Kind::invalid_argument, "the token does not tell which store it is for")
        .during(operation)
        .advise("A read-write token is vercel_blob_rw_STORE_SECRET; for others set BLOB_STORE_ID.");
  }
  settings.is_private = options.access == VercelAccess::token_holder;
  settings.attempts = std::max(1, options.attempts);
  settings.connect_timeout = options.connect_timeout;
  settings.stall_timeout = options.stall_timeout;
  settings.http.ca_bundle = options.ca_bundle;
  settings.http.max_connections_per_host = std::max<std::size_t>(1, options.max_connections);
  return settings;
}

const Profile& profile() {
  static const Profile kProfile = [] {
    Profile made;
    made.name = "vercel";
    made.equal_parts = true;
    made.max_object_bytes = 5'000'000'000'000;
    return made;
  }();
  return kProfile;
}

}  // namespace weir::vercel

namespace weir {

Result<VercelLocation> VercelLocation::parse(std::string_view url) {
  constexpr std::string_view kScheme = "vercel://";
  const auto refuse = [&](const char* cause) {
    return Status(Kind::invalid_argument, cause)
        .during(fmt::format("understand {}", url))
        .advise("Write it as vercel://STORE/PATH, with the store's id.");
  };
  if (!url.starts_with(kScheme)) return refuse("it is no vercel:// URL");
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  VercelLocation location{vercel::without_prefix(rest.substr(0, slash)),
                          std::string(rest.substr(std::min(slash + 1, rest.size())))};
  if (!vercel::is_store_id(location.store)) return refuse("it names no store");
  return location;
}

std::string VercelLocation::url() const { return "vercel://" + store + "/" + path; }

Status check_vercel_path(std::string_view path) {
  constexpr std::size_t kMostUnits = 950;  // as the SDK counts them
  const auto refuse = [&](Kind kind, std::string cause) {
    return Status(kind, std::move(cause)).during(fmt::format("name a blob \"{}\"", path.substr(0, 100)));
  };
  if (path.empty()) return refuse(Kind::invalid_argument, "the path is empty");
  if (path.front() == '/') return refuse(Kind::invalid_argument, "the path begins with '/'");
  if (path.find("//") != std::string_view::npos) return refuse(Kind::invalid_argument, "the path contains \"//\"");
  std::size_t units = 0;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t length = net::utf8_length(path.substr(at));
    if (length == 0) return refuse(Kind::invalid_argument, fmt::format("byte {} of the path is no UTF-8", at));
    const unsigned char byte = static_cast<unsigned char>(path[at]);
    if (byte < 0x20 || byte == 0x7f) return refuse(Kind::invalid_argument, "the path has control bytes");
    units += length == 4 ? 2 : 1;
    at += length;
  }
  if (units > kMostUnits) {
    return refuse(Kind::limit, fmt::format("the path has {} characters, {} are allowed", units, kMostUnits));
  }
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view segment = rest.substr(0, rest.find('/'));
    if (segment == "." || segment == "..") {
      return refuse(Kind::invalid_argument, fmt::format("the path has a segment \"{}\"", segment));
    }
    rest.remove_prefix(std::min(rest.size(), segment.size() + 1));
  }
  return {};
}

}  // namespace weir
