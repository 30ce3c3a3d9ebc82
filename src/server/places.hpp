// Where uploads are on this server: "/files" and "/files/ID".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/http_head.hpp"

namespace weir::server {

/// The path of a request's target, without its query; nothing where it is none that this server has.
std::optional<std::string_view> path_of(const RequestHead& head);

class Places {
 public:
  /// `base` begins with a slash and ends without one.
  explicit Places(std::string base) : base_(std::move(base)) {}
  const std::string& base() const { return base_; }
  /// Whether it lies at or below the base.
  bool covers(std::string_view path) const;
  std::string place_of(const std::string& id) const { return base_ + "/" + id; }
  /// Whether new uploads are made there: with or without a slash at its end.
  bool is_base(std::string_view path) const { return path == base_ || path == base_ + "/"; }
  /// Of "/files/ID", with or without a slash at its end.
  std::optional<std::string> id_in(std::string_view path) const;
  /// Behind the base, as a client calls what it sends there, decoded: "/files/a%20b" gives "a b". Never a path of ours.
  std::string name_in(std::string_view path) const;
  /// Of what a client names as an upload of this server: a path, or a URL of the same host as its request's.
  std::optional<std::string> id_in_url(std::string_view url, const RequestHead& head) const;

 private:
  const std::string base_;
};

}  // namespace weir::server
