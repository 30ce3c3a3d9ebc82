#include "ledger/file_parts.hpp"

#include <map>

namespace weir::ledger {

bool is_into_file(const JobRecord& job) { return job.place.starts_with("file "); }

FileParts parts_in_file(const JobRecord& job) {
  std::map<std::uint32_t, PartReceipt> known;
  for (const PartReceipt& part : job.written) known[part.number] = part;
  std::set<std::uint32_t> synced;
  for (const PartReceipt& part : job.parts) {
    if (known.emplace(part.number, part).first->second.crc64nvme == part.crc64nvme) synced.insert(part.number);
  }
  // Nobody knows how long a stream will be, nor what stages make.
  const bool is_known = job.source.size_bytes != 0 && job.stages.empty();
  const std::uint64_t most = is_known ? job.source.size_bytes : UINT64_MAX;
  FileParts found;
  std::uint64_t offset = 0;
  for (const auto& [number, part] : known) {
    const bool follows = number == found.parts.size() + 1 && part.offset == offset;
    const bool fits = part.length != 0 && part.length <= most - offset;
    if (!follows || !fits || !part.crc64nvme) break;
    offset += part.length;
    found.parts.push_back(part);
    if (!synced.contains(number)) found.unsynced.insert(number);
  }
  return found;
}

}  // namespace weir::ledger
