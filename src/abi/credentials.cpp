#include "abi/credentials.hpp"

#include <atomic>
#include <mutex>
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
    int32_t answer = 0;
    {
      const CallbackScope inside;
      answer = get_(host_->get(), refused_.exchange(false) ? 1 : 0, &given);
    }
    if (answer == 0 && given.given) {
      const std::lock_guard lock(mutex_);
      last_ = given.keys;
      return std::move(given.keys);
    }
    return Status(Kind::access_denied,
                  answer == 0 ? "the host's function gave no keys" : fmt::format("the host's function says {}", answer))
        .during("get the credentials");
  }
  /// Of keys that were replaced meanwhile nothing need be said: requests under way still used them.
  void refused(const Credentials& keys) override {
    const std::lock_guard lock(mutex_);
    if (same(keys, last_)) refused_ = true;
  }

 private:
  static bool same(const Credentials& left, const Credentials& right) {
    return left.access_key_id == right.access_key_id && left.secret_access_key == right.secret_access_key &&
           left.session_token == right.session_token;
  }

  int32_t (*const get_)(void*, int32_t, weir_credentials*);
  const std::shared_ptr<Host> host_;
  std::atomic<bool> refused_{false};
  std::mutex mutex_;
  Credentials last_;  // that were given
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
