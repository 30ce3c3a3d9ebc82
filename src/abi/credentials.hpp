// The host's own keys as a CredentialsProvider.
#pragma once

#include <memory>

#include "abi/answer.hpp"
#include "weir/net/credentials.hpp"

namespace weir::abi {

/// Takes the table's host, also where it fails.
Answer read_credentials(const weir_credentials_provider* given, std::shared_ptr<CredentialsProvider>& into);

}  // namespace weir::abi
