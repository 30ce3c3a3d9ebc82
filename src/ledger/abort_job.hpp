// How a job is removed, with its lost begins or without.
#pragma once

#include <functional>
#include <string>

#include "weir/ledger/ledger.hpp"

namespace weir::ledger {

using Notice = std::function<void(const std::string& line)>;

enum class LostBegins : std::uint8_t {
  go,    ///< what they began is removed
  stay,  ///< recorded: somebody who is recorded nowhere begins an upload to the same place just now
};

/// As weir::abort_job().
Status abort_job(Ledger& ledger, std::int64_t id, Target& target, LostBegins lost, const Notice& on_notice);

}  // namespace weir::ledger
