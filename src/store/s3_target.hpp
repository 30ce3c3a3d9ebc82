// An S3 object as the Target of an upload.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/chain.hpp"
#include "store/range_body.hpp"
#include "store/s3_metadata.hpp"
#include "store/s3_wire.hpp"
#include "weir/store/s3.hpp"
#include "weir/store/target.hpp"

namespace weir::s3 {

using store::Chain;
using store::RangeBody;

struct Payload;

/// Thread-safe. Held by shared_ptr; calls under way keep it alive.
class S3Target : public Target, public std::enable_shared_from_this<S3Target> {
 public:
  /// `most`: no stronger proof than this, whatever the store takes; none for parts that the store copies itself.
  S3Target(std::shared_ptr<Wire> wire, S3Location location, ObjectOptions options, Proof most = Proof::trailer);

  const Profile& profile() const override { return wire_->provider().limits; }
  std::string url() const override { return location_.url(); }
  std::optional<UploadIdentity> identity() const override;
  Cancel begin(Done<std::string> done) override;
  Cancel put_part(const std::string& id, Part part, Done<PartReceipt> done) override;
  Cancel list_parts(const std::string& id, Done<std::vector<PartReceipt>> done) override;
  bool tells_open_uploads() const override { return true; }
  Cancel open_uploads(Done<OpenHere> done) override;
  Cancel commit(const std::string& id, std::vector<PartReceipt> parts, Whole whole, Done<Stored> done) override;
  Cancel abort(const std::string& id, Done<None> done) override;
  Cancel put_whole(Part part, Done<Stored> done) override;
  Cancel inspect(Done<Stored> done) override;

 private:
  WireRequest request(std::string operation, std::string method) const;
  /// Whether the upload was created with our checksum algorithm: then parts and commit must carry it, else must not.
  bool declares_checksum(const std::string& id);
  Proof proof() const;
  /// An upload that was created without checksums takes none: its parts are proven by MD5.
  Proof proof_of_part(const std::string& id) {
    const Proof wanted = proof();
    return wanted >= Proof::header && !declares_checksum(id) ? Proof::md5 : wanted;
  }
  /// Of the request that creates the object or its upload, checked.
  Result<net::Headers> creating_headers() const;
  void add_conditions(WireRequest& request) const {
    for (auto& header : condition_headers(options_)) request.headers.push_back(std::move(header));
  }
  /// Says which condition of the options it was that did not hold.
  Status conditional(Status status) const;
  /// Body and checksum headers of a part or (`whole`) an object. May read the source.
  Status set_payload(WireRequest& request, const Part& part, Proof proof, bool whole, Payload& payload) const;
  Status set_range(WireRequest& request, const Part& part, Proof proof, bool whole, Payload& payload,
                   std::string& md5) const;
  /// That there is an ETag, and that the store's checksum, if it is one, is ours.
  Status check_answer(const std::string& etag, const std::string& checksum, std::optional<std::uint64_t> ours,
                      const char* what) const;
  Status check_completed(const net::Response& answer, const Whole& whole) const;
  void list_page(const std::string& id, std::uint32_t marker, std::vector<PartReceipt> parts,
                 std::shared_ptr<Chain> chain, Done<std::vector<PartReceipt>> done);
  void uploads_page(const std::string& next_key, const std::string& next_id, std::vector<OpenUpload> uploads,
                    std::shared_ptr<Chain> chain, Done<OpenHere> done);
  void prove(const Stored& completed, std::optional<std::uint64_t> crc, const std::shared_ptr<Chain>& chain,
             const Done<Stored>& done);
  void confirm_abort(const std::string& id, const std::shared_ptr<Chain>& chain, const Done<None>& done);

  const std::shared_ptr<Wire> wire_;
  const S3Location location_;
  ObjectOptions options_;  ///< as the constructor leaves them
  const Proof most_;
  std::mutex mutex_;
  std::map<std::string, bool> declared_;  ///< by upload id, as far as known
};

}  // namespace weir::s3
