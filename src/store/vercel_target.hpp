// A blob as the Target of an upload.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/chain.hpp"
#include "store/vercel_json.hpp"
#include "store/vercel_options.hpp"
#include "store/vercel_wire.hpp"

namespace weir::vercel {

/// Thread-safe. Held by shared_ptr; calls under way keep it alive.
class VercelTarget : public Target, public std::enable_shared_from_this<VercelTarget> {
 public:
  VercelTarget(std::shared_ptr<Wire> wire, std::string path, ObjectOptions options);

  const Profile& profile() const override { return vercel::profile(); }
  std::string url() const override { return wire_->settings().url(path_); }
  std::optional<UploadIdentity> identity() const override;
  Cancel begin(Done<std::string> done) override;
  Cancel put_part(const std::string& id, Part part, Done<PartReceipt> done) override;
  /// unsupported: the service does not tell.
  Cancel list_parts(const std::string& id, Done<std::vector<PartReceipt>> done) override;
  Cancel commit(const std::string& id, std::vector<PartReceipt> parts, Whole whole, Done<Stored> done) override;
  /// ok without a request: the service has no such call, and forgets unfinished uploads by itself.
  Cancel abort(const std::string& id, Done<None> done) override;
  Cancel put_whole(Part part, Done<Stored> done) override;
  Cancel inspect(Done<Stored> done) override;

 private:
  /// With the write headers; a path or option that cannot work fails here, before anything is sent.
  Result<WireRequest> write_request(const std::string& operation, const char* method, const char* place) const;
  Result<WireRequest> step_request(const std::string& operation, const std::string& id, const char* action) const;
  /// What the service says it has stored, which must be what was asked for.
  Result<Blob> stored_blob(const net::Response& answer) const;
  void prove(const Blob& completed, std::uint64_t length, const std::shared_ptr<store::Chain>& chain,
             const Done<Stored>& done);

  const std::shared_ptr<Wire> wire_;
  const std::string path_;
  const ObjectOptions options_;
};

}  // namespace weir::vercel
