// Signs the requests that stand as JSON on the lines of stdin, for tests/interop/sigv4_botocore.py. One line out per
// line in: {"headers": SIGNATURE, "query": SIGNATURE}.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "net/sigv4.hpp"
#include "net/url.hpp"

namespace {

std::string after(const std::string& text, const std::string& mark) {
  return text.substr(text.rfind(mark) + mark.size());
}

template <class Pairs>
void read_pairs(const nlohmann::json& from, Pairs& into) {
  for (const auto& pair : from) into.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto asked = nlohmann::json::parse(line);
    weir::net::SigningRequest request;
    request.method = asked["method"];
    request.host = asked["host"];
    request.path = "/" + weir::net::percent_encode(asked["key"].get<std::string>(), true);
    request.payload_hash = asked["payload_hash"];
    read_pairs(asked["query"], request.query);
    read_pairs(asked["headers"], request.headers);
    const weir::net::SigningScope scope{{asked["id"], asked["secret"], asked["token"]}, asked["region"], asked["time"]};
    const auto headers = weir::net::sign_headers(request, scope);
    const std::string query = weir::net::presign_query(request, scope, asked["expires"]);
    std::cout << nlohmann::json{{"headers", after(headers.back().second, "Signature=")},
                                {"query", after(query, "X-Amz-Signature=")},
                                {"path", request.path}}
              << "\n";
  }
}
