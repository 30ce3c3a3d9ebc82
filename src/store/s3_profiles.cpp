#include "store/s3_profiles.hpp"

#include <algorithm>

#include "net/text.hpp"

namespace weir::s3 {
namespace {

constexpr std::uint64_t kTiB = 1024ull * 1024 * kMiB;

Provider generic() {
  Provider provider;
  provider.limits.name = "generic";
  Abilities& can = provider.abilities;
  can.copy = can.presign = can.metadata = can.headers = can.tags = true;
  can.no_clobber = can.if_match = can.checksum = can.removes_many = true;
  return provider;
}

Provider aws() {
  Provider provider = generic();
  provider.limits.name = "aws";
  provider.host_suffixes = {".amazonaws.com", ".amazonaws.com.cn"};
  return provider;
}

/// R2 refuses, only at the end, an upload whose parts differ in size. It does not read aws-chunked bodies, has no tags,
/// and a copy in parts cannot be pinned to one version of its source (its pages "S3 API compatibility" and "Limits").
Provider r2() {
  Provider provider = generic();
  provider.limits.name = "r2";
  provider.limits.equal_parts = true;
  provider.limits.max_object_bytes = 5 * kTiB;
  provider.proof = Proof::header;
  provider.abilities.tags = false;
  provider.multipart_copy = false;
  provider.host_suffixes = {".r2.cloudflarestorage.com"};
  return provider;
}

/// B2 refuses every checksum header, and has neither tags nor conditional writes.
Provider b2() {
  Provider provider = generic();
  provider.limits.name = "b2";
  provider.limits.max_part_bytes = provider.limits.max_single_bytes = 5'000'000'000;
  provider.limits.max_object_bytes = 10'000'000'000'000;
  provider.proof = Proof::md5;
  provider.abilities.tags = provider.abilities.checksum = false;
  provider.abilities.no_clobber = provider.abilities.if_match = false;
  provider.max_copy_bytes = 5'000'000'000;
  provider.host_suffixes = {".backblazeb2.com"};
  return provider;
}

Provider minio() {
  Provider provider = generic();
  provider.limits.name = "minio";
  return provider;
}

/// GCS knows S3's words for objects, but neither its checksums, tags and copies in parts, nor conditions on what is
/// written (it has generations for that).
Provider gcs() {
  Provider provider = generic();
  provider.limits.name = "gcs";
  provider.limits.max_object_bytes = 5 * kTiB;
  provider.proof = Proof::md5;
  Abilities& can = provider.abilities;
  can.tags = can.checksum = can.no_clobber = can.if_match = can.removes_many = false;
  provider.multipart_copy = false;
  provider.host_suffixes = {"storage.googleapis.com"};
  return provider;
}

const std::vector<Provider>& providers() {
  static const std::vector<Provider> kProviders = {aws(), r2(), b2(), minio(), gcs(), generic()};
  return kProviders;
}

}  // namespace

Result<const Provider*> provider_of_name(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Provider& provider : providers()) {
    if (provider.limits.name == name) return &provider;
    known.push_back(provider.limits.name);
  }
  return Status(Kind::invalid_argument,
                fmt::format("\"{}\" is no profile of an S3 service; known are {}", name, fmt::join(known, ", ")))
      .during("choose an S3 profile");
}

const Provider& provider_of_host(std::string_view host) {
  if (host.empty()) return providers().front();
  const std::string lower = net::lower(host);
  for (const Provider& provider : providers()) {
    const auto& suffixes = provider.host_suffixes;
    if (std::any_of(suffixes.begin(), suffixes.end(), [&](auto suffix) { return lower.ends_with(suffix); })) {
      return provider;
    }
  }
  return providers().back();
}

}  // namespace weir::s3
