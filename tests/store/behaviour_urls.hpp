// URLs below one as the keys of a store: a row of the tests' own, for what plain HTTP can do.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/url.hpp"
#include "store/s3_tools.hpp"
#include "weir/store/http.hpp"
#include "weir/store/store.hpp"

namespace weir::behaviour {

/// The library has no such Store: nothing tells what is below a URL, and nobody says that DELETE removes.
class UrlStore final : public Store {
 public:
  explicit UrlStore(std::string base) : base_(std::move(base)) {}

  const Abilities& abilities() const override {
    static const Abilities kCan = [] {
      Abilities can;
      can.headers = can.no_clobber = can.if_match = true;
      can.max_key_bytes = 0;
      return can;
    }();
    return kCan;
  }
  std::string url(const std::string& key) const override { return base_ + "/" + net::percent_encode(key, true); }
  Status check_key(const std::string& key) const override {
    return key.empty() ? Status(Kind::invalid_argument, "the key is empty") : Status();
  }
  Result<ObjectInfo> head(const std::string& key) override {
    const auto from = origin(key);
    return test::wait<ObjectInfo>([&](auto done) { from->look(done); });
  }
  std::shared_ptr<Origin> origin(const std::string& key) override { return *http_origin(url(key)); }
  std::shared_ptr<Target> target(const std::string& key, const ObjectOptions& options) override {
    return *http_target(url(key), {}, options);
  }

  Result<Listing> list(const ListOptions&) override { return no(); }
  Status remove(const std::string&) override { return no(); }
  Result<std::vector<NotRemoved>> remove_many(const std::vector<std::string>&) override { return no(); }
  Cancel copy(const std::string&, const std::string&, const ObjectOptions&, CopyDone done) override {
    Executor::default_pool()->post([done = std::move(done)] { done(no()); });
    return [] {};
  }
  Result<std::string> presign(const std::string&, const std::string&, std::chrono::seconds) override { return no(); }

 private:
  static Status no() { return Status(Kind::unsupported, "plain HTTP has no words for that"); }
  const std::string base_;
};

}  // namespace weir::behaviour
