// Requests to the services that give keys: bounded in time and size, repeated where that may help, never redirected.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>

#include "net/credentials_source.hpp"
#include "net/http.hpp"

namespace weir::net {

struct KeyCall {
  std::string who;  ///< "the container's endpoint": begins every message
  Request request;
  ClientOptions http;
  int attempts = 3;
  std::chrono::milliseconds within{15000};  ///< one attempt in all
};

/// Any status of HTTP below 500 but 429 is a Response; refusal() makes an error of it. Blocks.
Result<Response> ask(const KeyCall& call);

/// One line of at most 200 bytes that no terminal obeys.
std::string plain(std::string_view text);
/// What the service said, without control characters and no longer than a line. `code` and `words` may be empty.
Status refusal(const std::string& who, const Response& response, const std::string& code, const std::string& words);
/// The same, with what its JSON body says.
Status json_refusal(const std::string& who, const Response& response);

/// The object that stands in a 200 answer's body; its text is never shown.
Result<nlohmann::json> json_object(const std::string& who, const std::string& body);
/// A member that is a text, or empty.
std::string text_member(const nlohmann::json& object, const char* name);

/// AccessKeyId, SecretAccessKey, `token_name` and Expiration. Of these `optional` says whether the latter two may be
/// left out.
Result<TimedCredentials> keys_of(const std::string& who, const nlohmann::json& object, const char* token_name,
                                 bool optional);

/// `expires_ms` by the service's clock, told by our own, where the answer's Date says that they differ by more than a
/// minute.
std::int64_t by_our_clock(std::int64_t expires_ms, const Response& response);

}  // namespace weir::net
