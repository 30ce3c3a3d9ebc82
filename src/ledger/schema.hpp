// The tables of a ledger, and which versions of them this program reads.
#pragma once

#include "ledger/sqlite.hpp"

namespace weir::ledger {

/// Of what this program writes. Files of older versions are brought to it: what they lack has a default.
inline constexpr std::int64_t kSchemaVersion = 5;

/// Makes the tables in an empty file; otherwise sees that they are a ledger's, whole, and of a known version. corrupt,
/// unsupported (newer).
Status prepare_schema(Database& database, const std::string& path);

/// The ledger's file in that state directory, which is made if it is missing; with the tables.
Result<Database> open_database(const std::string& state_dir);

}  // namespace weir::ledger
