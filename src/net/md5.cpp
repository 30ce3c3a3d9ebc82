#include "net/md5.hpp"

#include <openssl/evp.h>

#include <array>

#include "net/base64.hpp"

namespace weir::net {

struct Md5::State {
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  bool usable = false;
};

Md5::Md5() : state_(std::make_unique<State>()) {
  state_->usable = state_->context && EVP_DigestInit_ex(state_->context.get(), EVP_md5(), nullptr) == 1;
}

Md5::~Md5() = default;

void Md5::update(std::span<const std::byte> bytes) {
  State& state = *state_;
  state.usable = state.usable && EVP_DigestUpdate(state.context.get(), bytes.data(), bytes.size()) == 1;
}

Result<std::string> Md5::finish() {
  std::array<char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  auto* const into = reinterpret_cast<unsigned char*>(digest.data());
  if (!state_->usable || EVP_DigestFinal_ex(state_->context.get(), into, &length) != 1) {
    return Status(Kind::unsupported, "the system's OpenSSL refuses MD5");
  }
  return base64({digest.data(), length});
}

Result<std::string> md5_base64(std::string_view text) {
  Md5 md5;
  md5.update(std::as_bytes(std::span(text)));
  return md5.finish();
}

}  // namespace weir::net
