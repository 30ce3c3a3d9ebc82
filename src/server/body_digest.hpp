// Digests of bodies, by the names that HTTP and tus have for them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "weir/core/chunk.hpp"

struct evp_md_ctx_st;

namespace weir::server {

class BodyDigest {
 public:
  /// "sha1", "md5", "sha256", "sha512"; the names of RFC 9530 too. Nothing: it is none of them.
  static std::optional<BodyDigest> make(std::string_view algorithm);
  void add(const Chunk& bytes);
  /// The digest's bytes; nothing may be added after.
  std::string value();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  explicit BodyDigest(evp_md_ctx_st* context) : context_(context) {}
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Those of tus, for Tus-Checksum-Algorithm.
inline constexpr std::string_view kTusChecksums = "sha1,md5,sha256,sha512";

}  // namespace weir::server
