#include "server/places.hpp"

#include "net/url.hpp"
#include "server/upload_files.hpp"

namespace weir::server {
namespace {

/// Behind "http://host" or "https://host", where that is `url`'s beginning; all of it if it begins with a slash.
std::optional<std::string_view> path_below(std::string_view url, std::string_view host) {
  if (url.starts_with('/') && !url.starts_with("//")) return url;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    if (url.size() <= host.size() || lower_case(url.substr(0, host.size())) != lower_case(host)) return {};
    url.remove_prefix(host.size());
    if (url.starts_with('/')) return url;
  }
  return {};
}

}  // namespace

std::optional<std::string_view> path_of(const RequestHead& head) {
  const auto path = path_below(head.target, head.one("host").value_or(""));
  if (!path) return {};
  return path->substr(0, path->find('?'));
}

bool Places::covers(std::string_view path) const {
  return path.starts_with(base_) && (path.size() == base_.size() || path[base_.size()] == '/');
}

std::optional<std::string> Places::id_in(std::string_view path) const {
  if (!path.starts_with(base_ + "/")) return {};
  path.remove_prefix(base_.size() + 1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (!is_upload_id(path)) return {};
  return std::string(path);
}

std::string Places::name_in(std::string_view path) const {
  if (!path.starts_with(base_ + "/")) return {};
  path.remove_prefix(base_.size() + 1);
  auto name = net::percent_decode(std::string(path));
  return name.ok() ? *std::move(name) : std::string();
}

std::optional<std::string> Places::id_in_url(std::string_view url, const RequestHead& head) const {
  const auto path = path_below(url, head.one("host").value_or(""));
  return path ? id_in(*path) : std::nullopt;
}

}  // namespace weir::server
