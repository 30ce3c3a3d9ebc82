#include "abi/credentials.hpp"

#include <atomic>
#include <utility>

#include "abi/host.hpp"
#include "abi/structs.hpp"

struct weir_credentials {
  weir::Credentials keys;
  bool given = false;
};

namespace weir::abi {

namespace {

class HostCredentials final : public CredentialsProvider {
 public:
  HostCredentials(const weir_credentials_provider& table, std::shared_ptr<Host> host)
      : get_(table.get), host_(std::move(host)) {}
  Result<Credentials> get() override {
    weir_credentials given;
    const CallbackScope inside;
    const int32_t answer = get_(host_->get(), refused_.exchange(false) ? 1 : 0, &given);
    if (answer == 0 && given.given) return std::move(given.keys);
    return Status(Kind::access_denied,
                  answer == 0 ? "the host's function gave no keys" : fmt::format("the host's function says {}", answer))
        .during("get the credentials");
  }
  void refused(const Credentials&) override { refused_ = true; }

 private:
  int32_t (*const get_)(void*, int32_t, weir_credentials*);
  const std::shared_ptr<Host> host_;
  std::atomic<bool> refused_{false};
};

}  // namespace

Answer read_credentials(const weir_credentials_provider* given, std::shared_ptr<CredentialsProvider>& into) {
  if (given == nullptr) return {};
  weir_credentials_provider table;
  WEIR_ABI_TRY(read_struct(given, "weir_credentials_provider", table));
  std::shared_ptr<Host> host = take_host(table);
  if (table.get == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "weir_credentials_provider.get is NULL");
  into = std::make_shared<HostCredentials>(table, std::move(host));
  return {};
}

}  // namespace weir::abi

void weir_credentials_set(weir_credentials* to, const char* access_key_id, const char* secret_access_key,
                          const char* session_token) {
  if (to == nullptr || access_key_id == nullptr || secret_access_key == nullptr) return;
  try {
    to->keys = {access_key_id, secret_access_key, session_token == nullptr ? "" : session_token};
    to->given = true;
  } catch (...) {
    to->given = false;  // no memory: as if nothing had been given
  }
}
