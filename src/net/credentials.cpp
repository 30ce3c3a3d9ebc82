#include "weir/net/credentials.hpp"

#include <mutex>

#include "net/credentials_refresh.hpp"
#include "net/credentials_source.hpp"

namespace weir {
namespace {

class StaticCredentials : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<Credentials> get() override { return credentials_; }

 private:
  const Credentials credentials_;
};

/// Looks anew each time, and keeps the keys for as long as the search ends at the same source.
class DefaultCredentials : public CredentialsProvider {
 public:
  explicit DefaultCredentials(CredentialsSearch search) : search_(std::move(search)) {}

  Result<Credentials> get() override {
    WEIR_ASSIGN(auto environment_keys, environment_alone());
    if (environment_keys) return kept(std::move(environment_keys))->get();
    WEIR_ASSIGN(const net::AwsConfig config, net::load_aws_config(search_));
    WEIR_ASSIGN(auto source, net::find_source(config));
    return kept(std::move(source))->get();
  }

  void refused(const Credentials& keys) override {
    std::shared_ptr<net::Refreshing> current;
    {
      std::lock_guard lock(mutex_);
      current = current_;
    }
    if (current) current->refused(keys);
  }

 private:
  /// Its own keys come first, and no file need be read for them; unless it names a profile, which must be there then.
  net::Found environment_alone() const {
    return net::named_profile(search_).empty() ? net::environment_source() : net::Found(nullptr);
  }

  std::shared_ptr<net::Refreshing> kept(std::shared_ptr<net::KeySource> source) {
    std::string identity = source->identity();
    std::lock_guard lock(mutex_);
    if (!current_ || identity != identity_) {
      current_ = std::make_shared<net::Refreshing>(std::move(source));
      identity_ = std::move(identity);
    }
    return current_;
  }

  const CredentialsSearch search_;
  std::mutex mutex_;
  std::string identity_;
  std::shared_ptr<net::Refreshing> current_;
};

}  // namespace

std::shared_ptr<CredentialsProvider> static_credentials(Credentials credentials) {
  return std::make_shared<StaticCredentials>(std::move(credentials));
}

std::shared_ptr<CredentialsProvider> default_credentials(CredentialsSearch search) {
  return std::make_shared<DefaultCredentials>(std::move(search));
}

std::shared_ptr<CredentialsProvider> default_credentials(std::string profile) {
  return default_credentials(CredentialsSearch{std::move(profile), {}, {}});
}

Result<std::string> profile_setting(const std::string& profile, const std::string& setting) {
  WEIR_ASSIGN(const net::AwsConfig config, net::load_aws_config({profile, {}, {}}));
  return config.setting(setting);
}

}  // namespace weir
