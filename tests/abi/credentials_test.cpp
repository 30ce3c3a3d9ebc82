// The host's own keys: when its function is told that they were refused.
#include "abi/credentials.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace weir::abi {
namespace {

struct HostKeys {
  int number = 0;         ///< of the keys that are given
  std::vector<int> told;  ///< `refused` of each call
  int released = 0;
};

int32_t give(void* host, int32_t refused, weir_credentials* to) {
  auto& keys = *static_cast<HostKeys*>(host);
  keys.told.push_back(refused);
  if (refused != 0) ++keys.number;
  weir_credentials_set(to, ("id" + std::to_string(keys.number)).c_str(), "secret", nullptr);
  return 0;
}

TEST_CASE("the host is told once that the keys which it gave last were refused") {
  HostKeys host;
  weir_credentials_provider table;
  weir_init(&table, sizeof table);
  table.get = give;
  table.host = &host;
  table.release = [](void* given) { ++static_cast<HostKeys*>(given)->released; };
  std::shared_ptr<CredentialsProvider> provider;
  REQUIRE(read_credentials(&table, provider).ok());
  const auto first = provider->get();
  REQUIRE(first.ok());
  CHECK(first->access_key_id == "id0");
  provider->refused(*first);
  provider->refused(*first);  // by another request of the same time
  const auto second = provider->get();
  REQUIRE(second.ok());
  CHECK(second->access_key_id == "id1");
  provider->refused(*first);  // by one that took longer: these are replaced already
  REQUIRE(provider->get().ok());
  provider->refused(*second);
  REQUIRE(provider->get().ok());
  REQUIRE(provider->get().ok());
  CHECK(host.told == std::vector<int>{0, 1, 0, 1, 0});
  provider.reset();
  CHECK(host.released == 1);
}

}  // namespace
}  // namespace weir::abi
