// A store in memory that fails in every way a real one does, by the draws of one seed. Virtual time only.
#pragma once

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "weir/codec/checksum.hpp"
#include "weir/store/target.hpp"

namespace weir::test {

inline std::uint64_t crc_of(const std::string& bytes) { return crc64nvme(0, std::as_bytes(std::span(bytes))); }

/// Chances in thousandths, drawn once for a seed.
struct Faults {
  unsigned transient = 0;   // refused, nothing done
  unsigned lost_reply = 0;  // done, but the answer is lost
  unsigned throttled = 0;
  unsigned expired = 0;         // credentials
  unsigned permanent = 0;       // access denied
  unsigned flipped = 0;         // a part arrives with a flipped byte
  unsigned upload_removed = 0;  // a lifecycle rule removes the upload, at any call
  unsigned abort_stuck = 0;     // of a seed: aborts never work
};

class SimStore {
 public:
  SimStore(std::mt19937_64& random, Faults faults) : random_(random), faults_(faults) {
    has_checksums = below(2) == 0;
    checks_parts = below(2) == 0;  // otherwise damage is seen in its checksum of the whole, if at all
    forgets_commits_ = below(2) == 0;
    if (below(3) == 0) object = "something older";
    cannot_list = below(4) == 0;
    abort_stuck = below(1000) < faults.abort_stuck;
  }

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(unsigned thousandths) { return below(1000) < thousandths; }

  /// An error that comes instead of, or (`lost`) after, the doing.
  Status refusal(bool& lost) {
    lost = false;
    const auto error = [](Kind kind, Retry retry, std::string cause) {
      return Status(kind, std::move(cause)).with(retry);
    };
    if (chance(faults_.permanent)) return error(Kind::access_denied, Retry::never, "AccessDenied");
    if (chance(faults_.transient)) return error(Kind::unavailable, Retry::transient, "InternalError");
    if (chance(faults_.expired)) return error(Kind::access_denied, Retry::credentials, "ExpiredToken");
    if (chance(faults_.throttled)) {
      Error slow;
      slow.kind = Kind::unavailable;
      slow.retry = Retry::throttled;
      slow.cause = "SlowDown";
      slow.retry_after_ms = below(3) == 0 ? below(5000) : 0;
      return Status(std::move(slow));
    }
    if (chance(faults_.lost_reply)) {
      lost = true;
      return error(Kind::network, Retry::transient, "connection reset");
    }
    return {};
  }

  template <class T, class Work>
  Result<T> call(Work work) {
    if (chance(faults_.upload_removed)) uploads.clear();
    bool lost = false;
    Status refused = refusal(lost);
    if (!refused.ok() && !lost) return refused;
    Result<T> done = work();
    return lost ? Result<T>(refused) : done;
  }

  Result<std::string> begin() {
    std::string id = "upload-" + std::to_string(++last_id_);
    Result<std::string> answer = call<std::string>([&]() -> Result<std::string> {
      uploads[id];
      return id;
    });
    if (!answer.ok() && uploads.count(id) != 0) nameless.insert(id);  // nobody will ever know of it
    return answer;
  }
  Result<PartReceipt> put_part(const std::string& id, Part part, std::string bytes) {
    return call<PartReceipt>([&]() -> Result<PartReceipt> {
      const auto upload = uploads.find(id);
      if (upload == uploads.end()) return Status(Kind::not_found, "NoSuchUpload");
      PartReceipt receipt{part.number, part.offset, part.length, crc_of(bytes), {}, {}};
      if (has_checksums) receipt.checksum = crc64nvme_base64(*receipt.crc64nvme);
      if (flip(bytes) && checks_parts) return Status(Kind::corrupt, "BadDigest");
      receipt.etag = etag_of(bytes);
      upload->second[part.number] = std::move(bytes);
      return receipt;
    });
  }
  Result<Stored> commit(const std::string& id, const std::vector<PartReceipt>& parts, Whole whole) {
    return call<Stored>([&]() -> Result<Stored> {
      if (committed_.count(id) != 0 && !forgets_commits_) return stored();
      const auto upload = uploads.find(id);
      if (upload == uploads.end()) return Status(Kind::not_found, "NoSuchUpload");
      std::string bytes;
      for (const PartReceipt& part : parts) {
        const auto found = upload->second.find(part.number);
        if (found == upload->second.end() || etag_of(found->second) != part.etag) {
          return Status(Kind::invalid_argument, "InvalidPart");
        }
        bytes += found->second;
      }
      if (checks_parts && has_checksums && whole.crc64nvme && *whole.crc64nvme != crc_of(bytes))
        return Status(Kind::corrupt, "BadDigest");
      uploads.erase(upload);
      committed_.insert(id);
      store(std::move(bytes));
      return stored();
    });
  }
  Result<std::vector<PartReceipt>> list_parts(const std::string& id) {
    return call<std::vector<PartReceipt>>([&]() -> Result<std::vector<PartReceipt>> {
      if (cannot_list) return Status(Kind::unsupported, "nobody tells");
      const auto upload = uploads.find(id);
      if (upload == uploads.end()) return Status(Kind::not_found, "NoSuchUpload");
      std::vector<PartReceipt> parts;
      for (const auto& [number, bytes] : upload->second) {
        PartReceipt part{number, 0, bytes.size(), {}, etag_of(bytes), {}};
        if (has_checksums) part.crc64nvme = crc_of(bytes), part.checksum = crc64nvme_base64(*part.crc64nvme);
        parts.push_back(std::move(part));
      }
      return parts;
    });
  }
  Result<Target::None> abort(const std::string& id) {
    if (abort_stuck) return Status(Kind::unavailable, "InternalError").with(Retry::transient);
    return call<Target::None>([&]() -> Result<Target::None> {
      uploads.erase(id);
      return Target::None{};
    });
  }
  Result<Stored> put_whole(std::string bytes) {
    const std::uint64_t sent = crc_of(bytes);
    return call<Stored>([&]() -> Result<Stored> {
      if (flip(bytes) && checks_parts) return Status(Kind::corrupt, "BadDigest");
      store(std::move(bytes));
      Stored answer = stored();
      answer.sent_crc64nvme = sent;
      return answer;
    });
  }
  Result<Stored> inspect() {
    return call<Stored>([&]() -> Result<Stored> {
      if (!object) return Status(Kind::not_found, "NoSuchKey");
      return stored();
    });
  }

  void lose_part(const std::string& id, std::uint32_t number) {
    if (const auto upload = uploads.find(id); upload != uploads.end()) upload->second.erase(number);
  }

  bool has_checksums = false;
  bool checks_parts = false;
  bool abort_stuck = false;
  bool cannot_list = false;
  bool damaged = false;  // bytes, without that anybody noticed
  std::map<std::string, std::map<std::uint32_t, std::string>> uploads;
  std::set<std::string> nameless;
  std::optional<std::string> object;
  unsigned writes = 0;  // of the object

 private:
  static std::string etag_of(const std::string& bytes) { return "e-" + std::to_string(crc_of(bytes)); }
  bool flip(std::string& bytes) {
    if (bytes.empty() || !chance(faults_.flipped)) return false;
    bytes[below(bytes.size())] ^= 1;
    damaged = damaged || !checks_parts;
    return true;
  }
  void store(std::string bytes) {
    object = std::move(bytes);
    ++writes;
  }
  Stored stored() const {
    Stored answer{object->size(), "etag-" + std::to_string(writes), {}, {}};
    if (has_checksums) answer.crc64nvme = crc_of(*object);
    return answer;
  }

  std::mt19937_64& random_;
  const Faults faults_;
  bool forgets_commits_ = false;  // a repeated commit finds no upload
  std::set<std::string> committed_;
  unsigned last_id_ = 0;
};

}  // namespace weir::test
