// One PUT of an HTTP server as a Target.
#include "store/http_target.hpp"

#include <algorithm>

#include "net/text.hpp"
#include "store/content_type.hpp"
#include "store/http_look.hpp"
#include "store/s3_xml.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/executor.hpp"

namespace weir::http {
namespace {

using store::Chain;
using store::RangeBody;

constexpr std::uint64_t kMostBytes = INT64_MAX;  // what libcurl can count

/// Whether a header of a user's own stands in for one of ours.
bool has(const std::map<std::string, std::string>& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& each) { return net::lower(each.first) == name; });
}

Target::Cancel answer_soon(std::function<void()> answer) {
  Executor::default_pool()->post(std::move(answer));
  return [] {};
}

Status in_one_request(const std::string& shown) {
  return Status(Kind::unsupported, "a plain HTTP PUT takes an object in one request, not in parts")
      .during("upload to " + shown);
}

}  // namespace

const Profile& profile() {
  static const Profile kProfile = [] {
    Profile made;
    made.name = "plain HTTP";
    made.min_part_bytes = 1;
    made.max_part_bytes = made.max_object_bytes = made.max_single_bytes = kMostBytes;
    made.max_parts = made.preferred_parts = 1;
    return made;
  }();
  return kProfile;
}

Status check_object(const ObjectOptions& object, const Place& place) {
  const char* what = !object.metadata.empty()        ? "metadata"
                     : !object.tags.empty()          ? "tags"
                     : !object.storage_class.empty() ? "a storage class"
                                                     : nullptr;
  if (what != nullptr) {
    return Status(Kind::invalid_argument, fmt::format("plain HTTP has no words for {}", what))
        .during("upload to " + place.shown())
        .advise("Give the headers by which this server takes it.");
  }
  if (object.no_clobber && !object.if_match.empty()) {
    return Status(Kind::invalid_argument, "that nothing is there and that something with an ETag is exclude each other")
        .during("upload to " + place.shown());
  }
  return {};
}

net::Headers object_headers(const ObjectOptions& object, const Place& place) {
  net::Headers headers;
  std::string type = object.content_type;
  // In a signed URL the type may be signed too: what was not asked for is not sent.
  if (type.empty() && place.parts.query.empty()) {
    type = content_type_of(net::percent_decode(place.parts.path).ok() ? *net::percent_decode(place.parts.path) : "");
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty() && !has(object.headers, name)) headers.emplace_back(name, value);
  };
  add("content-type", type);
  add("content-encoding", object.content_encoding);
  add("cache-control", object.cache_control);
  add("content-disposition", object.content_disposition);
  if (object.no_clobber) add("if-none-match", "*");
  if (!object.if_match.empty()) add("if-match", "\"" + object.if_match + "\"");
  for (const auto& [name, value] : object.headers) headers.emplace_back(net::lower(name), value);
  return headers;
}

Result<Stored> stored_by(const net::Response& answer, std::uint64_t length) {
  if (answer.status != 200 && answer.status != 201 && answer.status != 204) {
    return Status(Kind::protocol,
                  fmt::format("the server answered {}, which does not say that it is stored", answer.status));
  }
  Stored stored;
  stored.length = length;
  stored.etag = net::plain_etag(answer.header("etag"));
  stored.crc64nvme = s3::parse_crc64nvme(answer.header("x-amz-checksum-crc64nvme"));
  return stored;
}

Status refused_condition(const Status& status, const ObjectOptions& object) {
  const bool conditional = object.no_clobber || !object.if_match.empty();
  if (!conditional || status.error().http_status != 412) return status;
  Error error = status.error();
  error.kind = Kind::already_exists;
  error.cause =
      object.no_clobber ? "there is something already" : "what is there is not what has the ETag " + object.if_match;
  error.advice = "What is there stays as it is.";
  return Status(std::move(error));
}

Target::Cancel HttpTarget::begin(Done<std::string> done) {
  return answer_soon([done = std::move(done), shown = url()] { done(in_one_request(shown)); });
}

Target::Cancel HttpTarget::put_part(const std::string&, Part, Done<PartReceipt> done) {
  return answer_soon([done = std::move(done), shown = url()] { done(in_one_request(shown)); });
}

Target::Cancel HttpTarget::list_parts(const std::string&, Done<std::vector<PartReceipt>> done) {
  return answer_soon([done = std::move(done), shown = url()] { done(in_one_request(shown)); });
}

Target::Cancel HttpTarget::commit(const std::string&, std::vector<PartReceipt>, Whole, Done<Stored> done) {
  return answer_soon([done = std::move(done), shown = url()] { done(in_one_request(shown)); });
}

Target::Cancel HttpTarget::abort(const std::string&, Done<None> done) {
  return answer_soon([done = std::move(done)] { done(None{}); });
}

Target::Cancel HttpTarget::put_whole(Part part, Done<Stored> done) {
  auto chain = std::make_shared<Chain>();
  auto shared = std::make_shared<Part>(std::move(part));
  if (!object_.no_clobber && object_.if_match.empty()) {
    put(chain, *shared, std::move(done));
    return [chain] { chain->cancel(); };
  }
  auto self = shared_from_this();
  look_before(*wire_, object_, chain, [self, chain, shared, done = std::move(done)](const Status& may) {
    if (!may.ok()) return done(may.error().operation.empty() ? Status(may).during("store " + self->url()) : may);
    self->put(chain, *shared, done);
  });
  return [chain] { chain->cancel(); };
}

void look_before(Wire& wire, const ObjectOptions& object, const std::shared_ptr<Chain>& chain,
                 std::function<void(Status)> done) {
  chain->next(
      wire,
      [shown = wire.shown()]() -> Result<WireRequest> {
        WireRequest request;
        request.operation = "look at " + shown;
        request.method = "HEAD";
        return request;
      },
      [object, done = std::move(done)](const Result<net::Response>& answer) {
        const Kind kind = answer.status().kind();
        if (kind == Kind::cancelled || answer.status().retryable()) return done(answer.status());
        Status different(Kind::already_exists, object.no_clobber
                                                   ? "there is something already"
                                                   : "what is there is not what has the ETag " + object.if_match);
        different.advise("What is there stays as it is.");
        if (!answer.ok()) return done(kind == Kind::not_found && !object.no_clobber ? different : Status());
        const std::string etag(answer->header("etag"));
        if (object.no_clobber || (!etag.empty() && etag != '"' + object.if_match + '"')) return done(different);
        done({});
      });
}

void HttpTarget::put(const std::shared_ptr<Chain>& chain, const Part& part, Done<Stored> done) {
  auto self = shared_from_this();
  auto range = std::make_shared<std::shared_ptr<RangeBody>>();
  chain->next(
      *wire_,
      [self, range, part]() -> Result<WireRequest> {
        WireRequest request;
        request.operation = "store " + self->url();
        request.method = "PUT";
        request.headers = object_headers(self->object_, self->wire_->place());
        if (part.length == 0) return request;
        WEIR_ASSIGN(request.body, store::body_of(part, *range));
        return request;
      },
      [self, range, length = part.length, crc = part.crc64nvme,
       done = std::move(done)](const Result<net::Response>& answer) {
        if (!answer.ok()) return done(refused_condition(answer.status(), self->object_));
        auto stored = stored_by(*answer, length);
        if (!stored.ok()) return done(stored.status().during("store " + self->url()));
        stored->sent_crc64nvme = *range ? (*range)->crc64nvme() : crc;
        self->note_stored();
        done(std::move(stored));
      });
}

Target::Cancel HttpTarget::inspect(Done<Stored> done) {
  auto self = shared_from_this();
  return wire_->start(
      [self]() -> Result<WireRequest> {
        WireRequest request;
        request.operation = "look at " + self->url();
        request.method = "HEAD";
        request.headers = {{"accept-encoding", "identity"}};
        return request;
      },
      [self, done = std::move(done)](const Result<net::Response>& answer) {
        const std::string operation = "look at " + self->url();
        if (!answer.ok()) {
          const int status = answer.error().http_status;
          // Who may write may not look, or what was put is taken away at once: that says nothing of what is stored.
          const bool says_nothing = status >= 300 && !answer.status().retryable() && (status != 404 || self->stored_);
          if (!says_nothing) return done(answer.status());
          return done(Status(Kind::unsupported, answer.error().cause).during(operation));
        }
        const auto length = length_of(answer->header("content-length"));
        if (!length || !answer->header("content-encoding").empty()) {
          return done(Status(Kind::unsupported, "the server does not tell its length").during(operation));
        }
        Stored stored;
        stored.length = *length;
        stored.etag = net::plain_etag(answer->header("etag"));
        stored.crc64nvme = s3::parse_crc64nvme(answer->header("x-amz-checksum-crc64nvme"));
        done(std::move(stored));
      });
}

}  // namespace weir::http

namespace weir {

Result<std::shared_ptr<Target>> http_target(std::string_view url, const HttpOptions& options, ObjectOptions object) {
  WEIR_ASSIGN(auto wire, http::Wire::make(url, options));
  WEIR_TRY(http::check_object(object, wire->place()));
  return std::shared_ptr<Target>(std::make_shared<http::HttpTarget>(std::move(wire), std::move(object)));
}

}  // namespace weir
