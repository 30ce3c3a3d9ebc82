// A URL as the Target of one PUT, and what other ways to PUT share with it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/chain.hpp"
#include "store/http_wire.hpp"
#include "store/range_body.hpp"
#include "weir/store/target.hpp"

namespace weir::http {

const Profile& profile();

/// What plain HTTP has no words for is invalid_argument.
Status check_object(const ObjectOptions& object, const Place& place);
/// Of the PUT, conditions included.
net::Headers object_headers(const ObjectOptions& object, const Place& place);
/// What an answer to PUT says; protocol for one that does not say that it is stored.
Result<Stored> stored_by(const net::Response& answer, std::uint64_t length);
/// already_exists for the refusal of a condition, in words that say which.
Status refused_condition(const Status& status, const ObjectOptions& object);
/// Looks whether the conditions of `object` hold, for servers that ignore them in a PUT. `done` comes once; ok also
/// where nobody may look.
void look_before(Wire& wire, const ObjectOptions& object, const std::shared_ptr<store::Chain>& chain,
                 std::function<void(Status)> done);

/// Thread-safe. Held by shared_ptr; calls under way keep it alive.
class HttpTarget : public Target, public std::enable_shared_from_this<HttpTarget> {
 public:
  HttpTarget(std::shared_ptr<Wire> wire, ObjectOptions object) : wire_(std::move(wire)), object_(std::move(object)) {}

  const Profile& profile() const override { return http::profile(); }
  std::string url() const override { return wire_->shown(); }
  /// unsupported, as all that has to do with parts.
  Cancel begin(Done<std::string> done) override;
  Cancel put_part(const std::string& id, Part part, Done<PartReceipt> done) override;
  Cancel list_parts(const std::string& id, Done<std::vector<PartReceipt>> done) override;
  Cancel commit(const std::string& id, std::vector<PartReceipt> parts, Whole whole, Done<Stored> done) override;
  Cancel abort(const std::string& id, Done<None> done) override;
  Cancel put_whole(Part part, Done<Stored> done) override;
  Cancel inspect(Done<Stored> done) override;

  const std::shared_ptr<Wire>& wire() const { return wire_; }
  const ObjectOptions& object() const { return object_; }
  /// For others that put it: from now on a look that finds nothing says nothing.
  void note_stored() { stored_ = true; }

 private:
  void put(const std::shared_ptr<store::Chain>& chain, const Part& part, Done<Stored> done);

  const std::shared_ptr<Wire> wire_;
  const ObjectOptions object_;
  std::atomic<bool> stored_{false};  // the server has said so
};

}  // namespace weir::http
