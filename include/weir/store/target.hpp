// Target: a store as an uploader sees it: begin, put parts in any order, commit or abort.
//
// A target speaks its wire protocol and nothing else. Each call is one attempt: the uploader cuts, schedules, retries
// and verifies. All calls return at once; `done` comes once, on any thread, never inside the call itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/chunk.hpp"
#include "weir/core/executor.hpp"
#include "weir/core/stage.hpp"
#include "weir/core/status.hpp"
#include "weir/net/flow.hpp"

namespace weir {

/// When bytes that were acknowledged survive a loss of power here.
enum class Durability : std::uint8_t {
  part,   ///< part by part: another machine has them
  whole,  ///< with the commit
  none,   ///< nobody says
};

/// What a store can do, and its limits. Sizes in bytes.
struct Profile {
  std::string name;                         ///< "aws", "minio", "local"
  std::uint64_t min_part_bytes = 5 * kMiB;  ///< of every part but the last
  std::uint64_t max_part_bytes = 5 * 1024 * kMiB;
  std::uint32_t max_parts = 10000;
  std::uint32_t preferred_parts = 10000;  ///< more are allowed, but each is remembered until the end
  std::uint64_t max_object_bytes = 10000ull * 5 * 1024 * kMiB;
  std::uint64_t max_single_bytes = 5 * 1024 * kMiB;  ///< largest object of one put_whole
  std::uint64_t preferred_part_bytes = 8 * kMiB;
  bool equal_parts = false;          ///< all parts but the last must be the same size
  bool replay_needs_memory = false;  ///< put_part cannot stream a range: it needs the bytes whole
  bool takes_crc =
      false;            ///< its receipts have the CRC64NVME of what it stored, taken by itself as it wrote, if wanted
  bool vouches = true;  ///< the checksum it tells is its own; false: of what weir itself wrote, as into a file
  std::uint32_t most_at_once = UINT32_MAX;  ///< parts; more would only wait for each other
  Durability durability = Durability::part;
};

/// One part of an object: bytes in memory, or a range of a source that can be read again.
struct Part {
  std::uint32_t number = 1;  ///< from 1
  std::uint64_t offset = 0;  ///< in the object
  std::uint64_t length = 0;
  std::vector<Chunk> chunks;               ///< the bytes, or empty with `replay`
  std::shared_ptr<Replay> replay;          ///< read [offset, offset + length) of it
  std::optional<std::uint64_t> crc64nvme;  ///< if known before sending
  /// A target that hashes by itself what it sends or writes, for nothing but its receipts, does so. False: nobody would
  /// look at it.
  bool wants_crc = true;
  std::shared_ptr<Flow> flow = {};  ///< the bytes go through it as they are sent; null: nobody counts
};

/// A part that the store has acknowledged.
struct PartReceipt {
  std::uint32_t number = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::optional<std::uint64_t> crc64nvme;  ///< of the bytes that were sent, if anybody took it
  std::string etag;
  std::string checksum;  ///< as the store answered it; empty if it did not
};

/// What the store holds under the name.
struct Stored {
  std::uint64_t length = 0;
  std::string etag;
  std::optional<std::uint64_t> crc64nvme;  ///< the store's own full-object checksum, if it has one
  /// Only from put_whole: checksum of the bytes that were sent, as PartReceipt::crc64nvme. Ours, not the store's word.
  std::optional<std::uint64_t> sent_crc64nvme;
};

/// An upload in parts that was begun, and neither completed nor removed.
struct OpenUpload {
  std::string key;
  std::string id;
  std::int64_t begun_unix = 0;  ///< by the store's clock; 0: it does not say
};

/// Those to one object, whoever began them.
struct OpenHere {
  std::vector<OpenUpload> uploads;
  std::int64_t now_unix = 0;  ///< by the store's clock, as it answered; 0: it does not say
};

/// What is known of what comes, before it begins.
struct Expected {
  std::int64_t modified_unix = 0;  ///< of the object that it is read from, seconds; 0: unknown
};

/// What the uploader knows of the whole when it commits.
struct Whole {
  std::uint64_t length = 0;
  std::optional<std::uint64_t> crc64nvme;  ///< none: not to be compared
};

/// What another process must ask for to go on with an upload. Names and hashes; no secrets.
struct UploadIdentity {
  std::string place;        ///< which object of which service
  std::string fingerprint;  ///< of all that becomes part of the object beside its bytes
  /// What was stored can be read again by kept(): parts count because they were read, and only once sync() has said
  /// that they last.
  bool readable = false;
  std::string destination = {};  ///< for people, wherever they are; empty: url()
};

class Target {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;
  struct None {};
  /// Cancels the call it came from: it ends soon with Kind::cancelled. May be called late and more than once.
  using Cancel = std::function<void()>;

  virtual ~Target() = default;
  virtual const Profile& profile() const = 0;
  /// For messages and receipts: "s3://bucket/key". No secrets.
  virtual std::string url() const = 0;

  /// None where uploads end with the process that began them. May wait for a disk.
  virtual std::optional<UploadIdentity> identity() const { return {}; }

  /// Told before everything else what is to come, where anybody knows; a target need not heed it.
  virtual void expect(const Expected& what) { (void)what; }

  /// Opens an upload and gives its id.
  virtual Cancel begin(Done<std::string> done) = 0;
  virtual Cancel put_part(const std::string& id, Part part, Done<PartReceipt> done) = 0;
  /// All parts the store holds of an upload, in order (pages followed).
  virtual Cancel list_parts(const std::string& id, Done<std::vector<PartReceipt>> done) = 0;
  /// open_uploads() is worth asking. Then begin() may be noted before it is sent, so that what it began is found.
  virtual bool tells_open_uploads() const { return false; }
  /// All unfinished uploads to this very object (pages followed). unsupported where the store has no such list.
  virtual Cancel open_uploads(Done<OpenHere> done) {
    Executor::default_pool()->post(
        [done = std::move(done)] { done(Status(Kind::unsupported, "it has no such list")); });
    return [] {};
  }
  /// Makes the object of the parts. An answer that cannot be trusted (lost reply) is an error with Retry::transient; a
  /// repeated commit that finds no upload any more reports Kind::not_found, and the uploader looks with inspect().
  virtual Cancel commit(const std::string& id, std::vector<PartReceipt> parts, Whole whole, Done<Stored> done) = 0;
  // Where identity() says `readable`:

  /// Takes over an upload of `length` bytes that an earlier process began: from then on it is as one of this target.
  /// `parts`: those recorded that follow each other from the first on. Null: it is not there any more, or not what it
  /// was. An error where that cannot be found out. Waits for a disk.
  virtual Result<std::shared_ptr<Kept>> kept(const std::string& id, const std::vector<PartReceipt>& parts,
                                             std::uint64_t length) {
    (void)id, (void)parts, (void)length;
    return std::shared_ptr<Kept>();
  }
  /// What was acknowledged before the call survives a loss of power, and the upload the end of this target: from now on
  /// only abort() removes it. A failure condemns the upload.
  virtual Cancel sync(const std::string& id, Done<None> done) {
    (void)id;
    Executor::default_pool()->post([done = std::move(done)] { done(Status(Kind::unsupported, "it has no sync")); });
    return [] {};
  }

  /// Removes the upload and its parts, also one that an earlier process began. ok also where it is already gone.
  virtual Cancel abort(const std::string& id, Done<None> done) = 0;
  /// A small object in one request.
  virtual Cancel put_whole(Part part, Done<Stored> done) = 0;
  /// What is stored under the name now; Kind::not_found if nothing.
  virtual Cancel inspect(Done<Stored> done) = 0;
};

}  // namespace weir
