// An object of any HTTP server as an Origin.
#include <atomic>
#include <mutex>

#include "net/text.hpp"
#include "store/chain.hpp"
#include "store/http_look.hpp"
#include "store/http_wire.hpp"
#include "store/object_identity.hpp"
#include "store/ranged_answer.hpp"
#include "store/refusal.hpp"

namespace weir {
namespace http {
namespace {

using store::RangedAnswer;

/// Below this an object is read in one request, and whether there are ranges shows if that is cut.
constexpr std::uint64_t kWorthAskingBytes = 8 * kMiB;

/// RFC 9530 section 4: which of them would do, and how well.
constexpr const char* kWantedDigests = "sha-256=10, sha-512=3";

/// What refuses HEAD, but may be read: not every server knows it, and a signature is of one method.
bool refuses_head(const Status& status) {
  const int answered = status.error().http_status;
  return answered >= 400 && answered < 500 && answered != 401 && answered != 408 && answered != 429 ? true
                                                                                                    : answered == 501;
}

/// Does what HEAD said leave a question open? A length of 0 is what some say who do not know it.
bool is_enough(const Looked& looked) {
  const ObjectInfo& info = looked.info;
  if (!info.sized || info.size == 0) return false;
  return looked.ranges != Looked::Ranges::unknown || info.size <= kWorthAskingBytes;
}

/// The answer to one read, and what it was asked with.
struct Reading {
  Reading(RangedAnswer ranged, Pin known, bool has_whole)
      : answer(std::move(ranged)), pin(std::move(known)), whole(has_whole) {}
  RangedAnswer answer;
  const Pin pin;
  const bool whole;
};

/// Thread-safe. Held by shared_ptr; calls under way keep it alive.
class HttpOrigin final : public Origin, public std::enable_shared_from_this<HttpOrigin> {
 public:
  explicit HttpOrigin(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

  std::string url() const override { return wire_->shown(); }
  bool ranges() const override { return *ranges_; }
  std::vector<ToldDigest> digests() const override {
    const std::lock_guard lock(mutex_);
    return digests_;
  }
  std::optional<SourceIdentity> lasting_identity(const ObjectInfo& object) const override;
  std::function<void()> look(std::function<void(Result<ObjectInfo>)> done) override;
  Running read(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length, OnData on_data,
               std::function<void(Status)> done) override;

 private:
  using LookDone = std::function<void(Result<ObjectInfo>)>;

  WireRequest request(const char* operation, const char* method) const {
    WireRequest wanted;
    wanted.operation = std::string(operation) + " " + url();
    wanted.method = method;
    wanted.headers = {{"accept-encoding", "identity"}, {"want-repr-digest", kWantedDigests}};
    return wanted;
  }
  /// A GET of the first byte tells what HEAD did not.
  void look_at_byte(Looked by_head, const std::shared_ptr<store::Chain>& chain, const LookDone& done);
  ObjectInfo found(Looked looked);
  Status check_head(Reading& reading, const ObjectInfo& object, const net::Response& head);

  const std::shared_ptr<Wire> wire_;
  const std::shared_ptr<std::atomic<bool>> ranges_ = std::make_shared<std::atomic<bool>>(true);
  mutable std::mutex mutex_;
  Pin pin_;  // as the last look() found it
  std::vector<ToldDigest> digests_;
};

std::function<void()> HttpOrigin::look(LookDone done) {
  auto self = shared_from_this();
  auto chain = std::make_shared<store::Chain>();
  chain->next(
      *wire_, [self]() -> Result<WireRequest> { return self->request("look at", "HEAD"); },
      [self, chain, done = std::move(done)](Result<net::Response> answer) {
        if (!answer.ok() && !refuses_head(answer.status())) return done(answer.status());
        if (answer.ok()) {
          Looked looked = looked_at(*answer);
          if (is_enough(looked)) return done(self->found(std::move(looked)));
          return self->look_at_byte(std::move(looked), chain, done);
        }
        self->look_at_byte({}, chain, done);
      });
  return [chain] { chain->cancel(); };
}

void HttpOrigin::look_at_byte(Looked by_head, const std::shared_ptr<store::Chain>& chain, const LookDone& done) {
  auto self = shared_from_this();
  struct Seen {
    std::optional<net::Response> whole;  // the head of an answer whose body is not wanted
  };
  auto seen = std::make_shared<Seen>();
  chain->next(
      *wire_,
      [self, seen]() -> Result<WireRequest> {
        WireRequest wanted = self->request("look at", "GET");
        wanted.headers.emplace_back("range", "bytes=0-0");
        wanted.on_head = [seen](const net::Response& head) {
          if (head.status == 206) return Status();
          seen->whole = head;
          return Status(Kind::cancelled, "the head was all that was wanted");
        };
        wanted.on_data = [](std::span<const std::byte>) { return Status(); };
        return wanted;
      },
      [self, seen, by_head = std::move(by_head), done](const Result<net::Response>& answer) {
        if (!seen->whole && answer.error().http_status == 416) {
          // It is empty, or the server cannot count: reading it will show.
          Looked looked = by_head;
          looked.info.sized = looked.info.size > 0;
          looked.ranges = Looked::Ranges::none;
          return done(self->found(std::move(looked)));
        }
        if (!seen->whole && !answer.ok()) return done(answer.status());
        Result<Looked> looked = looked_at_byte(seen->whole ? *seen->whole : *answer);
        if (!looked.ok()) return done(looked.status().during("look at " + self->url()));
        done(self->found(*std::move(looked)));
      });
}

ObjectInfo HttpOrigin::found(Looked looked) {
  looked.info.key = wire_->place().parts.path;
  // Where nothing would show that an object was replaced, its ranges are not to be put together.
  *ranges_ = looked.info.sized && looked.ranges != Looked::Ranges::none && looked.pin.by != Pin::By::nothing;
  const std::lock_guard lock(mutex_);
  pin_ = std::move(looked.pin);
  digests_ = std::move(looked.digests);
  return std::move(looked.info);
}

/// A time to the second tells versions apart well enough within one run, but is not for another day.
std::optional<SourceIdentity> HttpOrigin::lasting_identity(const ObjectInfo& object) const {
  const std::lock_guard lock(mutex_);
  if (pin_.by != Pin::By::etag || !pin_.describes(object) || !*ranges_) return {};
  return store::object_identity(url(), object);
}

Status HttpOrigin::check_head(Reading& reading, const ObjectInfo& object, const net::Response& head) {
  const std::string operation = "read " + url();
  switch (reading.pin.same(head)) {
    case Pin::Same::no:
      return reading.answer.replaced();
    case Pin::Same::untold:
      *ranges_ = false;  // its parts cannot be told from those of another one
      return Status(Kind::protocol, "the answer does not say which version of the object it is of")
          .with(reading.whole ? Retry::never : Retry::transient)
          .during(operation);
    case Pin::Same::yes:
      break;
  }
  if (is_page_instead(head, object)) {
    return Status(Kind::protocol, fmt::format("a web page comes (text/html) in place of the {} that was announced",
                                              store::printable(object.content_type)))
        .with(Retry::transient)
        .during(operation)
        .advise("An error page or a login, perhaps: look at it with a browser.");
  }
  WEIR_TRY(reading.answer.check_head(head));
  const std::lock_guard lock(mutex_);
  const bool same = add_digests(digests_, told_digests(head, reading.whole ? Carries::whole : Carries::part));
  return same ? Status() : reading.answer.replaced();
}

Origin::Running HttpOrigin::read(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length, OnData on_data,
                                 std::function<void(Status)> done) {
  ObjectInfo unpinned = object;  // ETags are compared here, by the rules of HTTP
  unpinned.etag.clear();
  const std::string range = store::range_of(object, offset, length);
  Pin pin;
  {
    const std::lock_guard lock(mutex_);
    pin = pin_;
  }
  const auto reading =
      std::make_shared<Reading>(RangedAnswer(url(), unpinned, offset, length, ranges_), std::move(pin), range.empty());
  auto self = shared_from_this();
  WireRequest wanted = request("read", "GET");
  for (auto& condition : reading->pin.conditions()) wanted.headers.push_back(std::move(condition));
  if (!range.empty()) wanted.headers.emplace_back("range", "bytes=" + range);
  wanted.on_head = [self, reading, object](const net::Response& head) {
    return self->check_head(*reading, object, head);
  };
  wanted.on_data = [reading, on_data = std::move(on_data)](std::span<const std::byte> data) {
    return reading->answer.hand_on(data, on_data);
  };
  const bool looked_again = !reading->pin.describes(object);
  const auto prepare = [reading, looked_again, wanted = std::move(wanted)]() -> Result<WireRequest> {
    if (looked_again) return reading->answer.replaced();  // and something else was found
    return wanted;
  };
  store::Running call =
      wire_->start_stream(prepare, [reading, done = std::move(done)](const Result<net::Response>& ended) {
        const Status status = ended.status();
        const int answered = status.error().http_status;
        const bool gone = status.kind() == Kind::not_found || answered == 412 || answered == 416;
        done(gone ? reading->answer.replaced() : reading->answer.end(status));
      });
  return {std::move(call.cancel), std::move(call.resume)};
}

}  // namespace
}  // namespace http

Result<std::shared_ptr<Origin>> http_origin(std::string_view url, const HttpOptions& options) {
  WEIR_ASSIGN(auto wire, http::Wire::make(url, options));
  return std::shared_ptr<Origin>(std::make_shared<http::HttpOrigin>(std::move(wire)));
}

}  // namespace weir
