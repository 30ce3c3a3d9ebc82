// The tables of a ledger, and which versions of them this program reads.
#pragma once

#include "ledger/sqlite.hpp"

namespace weir::ledger {

/// Of what this program writes. Files of older versions are brought to it: what they lack has a default.
inline constexpr std::int64_t kSchemaVersion = 4;

/// Makes the tables in an empty file; otherwise sees that they are a ledger's, whole, and of a known version. corrupt,
/// unsupported (newer).
Status prepare_schema(Database& database, const std::string& path);

}  // namespace weir::ledger
