#include "weir/codec/digest.hpp"

#include <openssl/evp.h>
#include <xxhash.h>

#include <optional>

#include "codec/hex.hpp"
#include "weir/codec/checksum.hpp"

namespace weir {
namespace {

/// What OpenSSL computes.
class EvpDigest final : public Digest {
 public:
  EvpDigest(const char* name, const EVP_MD* kind) : name_(name), state_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    usable_ = state_ != nullptr && EVP_DigestInit_ex(state_.get(), kind, nullptr) == 1;
  }
  std::string name() const override { return name_; }
  bool heavy() const override { return true; }
  Status update(std::span<const std::byte> bytes) override {
    if (!usable_ || EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()) != 1) return refused();
    return {};
  }
  Result<std::string> finish() override {
    unsigned char value[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (!usable_ || EVP_DigestFinal_ex(state_.get(), value, &size) != 1) return refused();
    return hex(std::span(value, size));
  }

 private:
  Status refused() const {
    return Status(Kind::unsupported, fmt::format("the system's OpenSSL refuses {}", name_))
        .during(fmt::format("compute the {}", name_));
  }
  const char* const name_;
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> state_;
  bool usable_ = false;
};

std::unique_ptr<Digest> make_sha256() { return std::make_unique<EvpDigest>("sha256", EVP_sha256()); }

class Xxh3 final : public Digest {
 public:
  explicit Xxh3(int bits) : bits_(bits), state_(XXH3_createState(), XXH3_freeState) {
    if (state_ == nullptr) return;
    if (bits_ == 64) {
      XXH3_64bits_reset(state_.get());
    } else {
      XXH3_128bits_reset(state_.get());
    }
  }
  std::string name() const override { return bits_ == 64 ? "xxh3_64" : "xxh3_128"; }
  Status update(std::span<const std::byte> bytes) override {
    if (state_ == nullptr) return no_memory();
    if (bits_ == 64) {
      XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
    } else {
      XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
    }
    return {};
  }
  Result<std::string> finish() override {
    if (state_ == nullptr) return no_memory();
    if (bits_ == 64) return fmt::format("{:016x}", XXH3_64bits_digest(state_.get()));
    const XXH128_hash_t value = XXH3_128bits_digest(state_.get());
    return fmt::format("{:016x}{:016x}", value.high64, value.low64);
  }

 private:
  Status no_memory() const {
    return Status(Kind::limit, "the system has no memory left").during("compute the " + name());
  }
  int bits_;
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state_;
};

class Crc32cDigest final : public Digest {
 public:
  std::string name() const override { return "crc32c"; }
  Status update(std::span<const std::byte> bytes) override {
    crc_ = crc32c(crc_, bytes);
    return {};
  }
  Result<std::string> finish() override { return fmt::format("{:08x}", crc_); }

 private:
  std::uint32_t crc_ = 0;
};

class Crc64NvmeDigest final : public Digest {
 public:
  std::string name() const override { return "crc64nvme"; }
  Status update(std::span<const std::byte> bytes) override {
    crc_ = crc64nvme(crc_, bytes);
    return {};
  }
  Result<std::string> finish() override { return crc64nvme_base64(crc_); }

 private:
  std::uint64_t crc_ = 0;
};

class Tap final : public Transform {
 public:
  explicit Tap(std::unique_ptr<Digest> digest) : digest_(std::move(digest)) {}
  std::string name() const override { return digest_->name(); }
  bool heavy() const override { return digest_->heavy(); }
  bool tap() const override { return true; }
  bool computes() const override { return true; }
  Status process(Chunk&& chunk, Emit& out) override {
    if (chunk.empty()) return {};
    WEIR_TRY(digest_->update(chunk.bytes()));
    out(std::move(chunk));
    return {};
  }
  Status finish(Emit&) override {
    if (value_) return {};
    WEIR_ASSIGN(value_, digest_->finish());
    return {};
  }
  Facts facts() const override { return value_ ? Facts{{digest_->name(), *value_}} : Facts{}; }

 private:
  std::unique_ptr<Digest> digest_;
  std::optional<std::string> value_;
};

}  // namespace

Result<std::unique_ptr<Digest>> make_digest(std::string_view name) {
  std::unique_ptr<Digest> digest;
  if (name == "sha256") digest = make_sha256();
  if (name == "sha512") digest = std::make_unique<EvpDigest>("sha512", EVP_sha512());
  if (name == "md5") digest = std::make_unique<EvpDigest>("md5", EVP_md5());
  if (name == "xxh3_64") digest = std::make_unique<Xxh3>(64);
  if (name == "xxh3_128") digest = std::make_unique<Xxh3>(128);
  if (name == "crc32c") digest = std::make_unique<Crc32cDigest>();
  if (name == "crc64nvme") digest = std::make_unique<Crc64NvmeDigest>();
  if (digest == nullptr) {
    return Status(Kind::invalid_argument, fmt::format("there is no digest \"{}\"", name))
        .advise("The digests are sha256, sha512, md5, xxh3_64, xxh3_128, crc32c and crc64nvme.");
  }
  return digest;
}

std::unique_ptr<Transform> tap(std::unique_ptr<Digest> digest) { return std::make_unique<Tap>(std::move(digest)); }
std::unique_ptr<Transform> sha256() { return tap(make_sha256()); }
std::unique_ptr<Transform> xxh3_64() { return tap(std::make_unique<Xxh3>(64)); }
std::unique_ptr<Transform> xxh3_128() { return tap(std::make_unique<Xxh3>(128)); }
std::unique_ptr<Transform> crc32c_digest() { return tap(std::make_unique<Crc32cDigest>()); }
std::unique_ptr<Transform> crc64nvme_digest() { return tap(std::make_unique<Crc64NvmeDigest>()); }

}  // namespace weir
