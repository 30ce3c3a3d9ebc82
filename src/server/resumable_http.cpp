#include "server/resumable_http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "net/structured_field.hpp"
#include "server/tus_fields.hpp"
#include "server/waiting.hpp"

namespace weir::server {
namespace {

using Problem = AppendWords::Problem;

// The numbers are those of the draft's "Draft Version Identification".
constexpr std::array<UploadDraft, 7> kDrafts{{{3, true, false, false, nullptr},
                                              {4, false, false, false, nullptr},
                                              {5, false, false, false, nullptr},
                                              {6, false, true, true, "expires"},
                                              {7, false, true, true, "max-age"},
                                              {8, false, true, true, "max-age"},
                                              {9, false, true, true, "max-age"}}};
constexpr std::string_view kInterop = "upload-draft-interop-version";
constexpr std::string_view kPartialType = "application/partial-upload";
constexpr std::string_view kProblems = "https://iana.org/assignments/http-problem-types#";

void add_complete(ResponseHead& head, const UploadDraft& draft, bool complete) {
  if (draft.tells_incomplete) {
    head.add("Upload-Incomplete", complete ? "?0" : "?1");
  } else {
    head.add("Upload-Complete", complete ? "?1" : "?0");
  }
}

/// RFC 9457.
Response problem(int status, std::string_view type, std::string title, nlohmann::json more = nlohmann::json::object()) {
  more["type"] = type.empty() ? std::string("about:blank") : fmt::format("{}{}", kProblems, type);
  more["title"] = std::move(title);
  more["status"] = status;
  Response response{ResponseHead(status), more.dump() + "\n"};
  response.head.add("Content-Type", "application/problem+json");
  return response;
}

/// Whether the upload ends with this request, as its fields tell; nothing where they do not.
std::optional<bool> ends(const RequestHead& head, const UploadDraft& draft) {
  const auto field = head.one(draft.tells_incomplete ? "upload-incomplete" : "upload-complete");
  const auto value = field ? net::read_boolean_field(*field) : std::nullopt;
  if (!value) return {};
  return *value != draft.tells_incomplete;
}

std::optional<std::uint64_t> count_in(const RequestHead& head, std::string_view name) {
  const auto field = head.one(name);
  const auto value = field ? net::read_integer_field(*field) : std::nullopt;
  if (!value || *value < 0) return {};
  return static_cast<std::uint64_t>(*value);
}

/// RFC 9530. What is of a kind that nobody here knows is passed over; false: what is there is no digest.
bool read_content_digest(const RequestHead& head, AppendPlan& plan) {
  if (head.count("content-digest") == 0) return true;
  const auto field = head.one("content-digest");
  const auto digests = field ? net::read_dictionary_field(*field) : std::nullopt;
  if (!digests) return false;
  for (const auto& [algorithm, value] : *digests) {
    const auto* const bytes = std::get_if<net::Bytes>(&value);
    if (bytes == nullptr || (algorithm != "sha-256" && algorithm != "sha-512")) continue;
    plan.algorithm = algorithm;
    plan.digest = bytes->value;
  }
  return true;
}

/// What the sender's fields say of a file, as tus has it.
std::string metadata_of(const RequestHead& head, const std::string& name) {
  UploadMetadata metadata;
  if (!name.empty()) metadata.emplace_back("filename", name);
  const auto type = head.one("content-type");
  if (type && *type != kPartialType) metadata.emplace_back("filetype", std::string(*type));
  return upload_metadata_text(metadata);
}

class HttpWords final : public AppendWords {
 public:
  HttpWords(const Places& places, const UploadDraft& draft, std::string limits, bool plain)
      : places_(places), draft_(draft), limits_(std::move(limits)), plain_(plain) {}

  Response appended(const Upload& upload, bool created) const override {
    Response response{ResponseHead(created ? 201 : upload.whole() ? 200 : 204), {}};
    if (created || upload.whole()) response.head.add("Location", places_.place_of(upload.id()));
    if (plain_) return response;
    add_complete(response.head, draft_, upload.whole());
    response.head.add("Upload-Offset", upload.record().durable);
    if (draft_.has_limits && !upload.whole()) response.head.add("Upload-Limit", limits_);
    return response;
  }

  Response refused(const Upload* upload, Problem what, const std::string& why) const override {
    switch (what) {
      case Problem::other_offset: {
        nlohmann::json more{{"expected-offset", upload->received()}};
        Response response = problem(409, "mismatching-upload-offset", "the upload goes on elsewhere", more);
        add_complete(response.head, draft_, false);
        response.head.add("Upload-Offset", upload->received());
        return response;
      }
      case Problem::too_long:
        return problem(413, "", "that is more than the length of the upload, or than this server takes");
      case Problem::other_length:
        return problem(400, "inconsistent-upload-length", "the length is another than was told before");
      case Problem::bad_checksum:
        return problem(400, "", "the bytes that came are not those of Content-Digest: nothing of them was added");
      case Problem::unknown_digest:
        return problem(400, "", "there is no good digest in the trailers: nothing was added");
      case Problem::fenced:
        return problem(409, "", "a newer request goes on with this upload");
      case Problem::finished:
        return problem(410, "", "nothing more is taken: " + why);
      case Problem::disk:
        break;
    }
    return problem(500, "", why);
  }

 private:
  const Places& places_;
  const UploadDraft& draft_;
  const std::string limits_;
  const bool plain_;
};

}  // namespace

const UploadDraft* draft_of(const RequestHead& head) {
  if (head.count(kInterop) == 0) return &kDrafts.back();
  const auto version = count_in(head, kInterop);
  const auto found = std::find_if(kDrafts.begin(), kDrafts.end(), [&](const UploadDraft& draft) {
    return version && static_cast<std::uint64_t>(draft.version) == *version;
  });
  return found == kDrafts.end() ? nullptr : &*found;
}

bool speaks_resumable_http(const RequestHead& head) {
  return head.count(kInterop) > 0 || head.count("upload-complete") > 0 || head.count("upload-incomplete") > 0 ||
         head.one("content-type") == kPartialType;
}

std::string upload_limit(const UploadDraft& draft, const UploadLimits& limits) {
  std::string text = fmt::format("max-size={}", limits.bytes);
  if (limits.lifetime.count() > 0) text += fmt::format(", {}={}", draft.age_key, limits.lifetime.count());
  return text;
}

std::unique_ptr<Handler> ResumableHttp::handle(const Request& request, Exchange& exchange) {
  const RequestHead& head = request.head;
  const auto answer = [&](Response response) {
    exchange.respond(std::move(response));
    return std::unique_ptr<Handler>();
  };
  const UploadDraft* draft = draft_of(head);
  if (draft == nullptr)
    draft = &kDrafts.back();  // of a version that is not known: told as the newest has it, without 104
  const auto path = path_of(head);
  const auto id = path ? places_.id_in(*path) : std::nullopt;
  if (!id) {
    if (head.method == "POST" || head.method == "PUT") return create(request, *draft, exchange);
    return answer(problem(405, "", "uploads are made by POST or PUT"));
  }
  const auto upload = uploads_->find(*id);
  if (!upload) return answer(problem(uploads_->was_here(*id) ? 410 : 404, "", "there is no such upload"));
  if (head.method == "HEAD" || head.method == "GET") return look(*draft, upload, exchange);
  if (head.method == "PATCH") return append(request, *draft, upload, exchange);
  if (head.method == "DELETE") return remove(upload, exchange);
  return answer(problem(405, "", "what is known here of an upload is HEAD, PATCH, DELETE and GET"));
}

std::unique_ptr<Handler> ResumableHttp::create(const Request& request, const UploadDraft& draft, Exchange& exchange) {
  const RequestHead& head = request.head;
  const auto refuse = [&](Response response) {
    exchange.respond(std::move(response));
    return std::unique_ptr<Handler>();
  };
  const bool plain = !speaks_resumable_http(head);
  AppendPlan plan;
  plan.most = uploads_->limits().bytes;
  plan.ends = ends(head, draft).value_or(true);
  plan.length = count_in(head, "upload-length");
  if (!request.framing.chunked) plan.body = request.framing.bytes;
  if (plan.length.value_or(0) > plan.most || plan.body.value_or(0) > plan.most)
    return refuse(problem(413, "", fmt::format("this server takes {} bytes", plan.most)));
  if (plan.ends && plan.body && plan.length.value_or(*plan.body) != *plan.body)
    return refuse(problem(400, "inconsistent-upload-length", "the body is all, and has another length than is told"));
  if (!read_content_digest(head, plan)) return refuse(problem(400, "", "the Content-Digest is malformed"));
  NewUpload what;
  what.owner = request.owner;
  what.metadata = metadata_of(head, places_.name_in(path_of(head).value_or("")));
  what.length = plan.length;
  if (plan.ends && plan.body) what.length = plan.body;
  const bool tells = interim_ && head.count(kInterop) > 0 && draft_of(head) != nullptr &&
                     (request.framing.chunked || request.framing.bytes > 0);
  auto handler = std::make_unique<AppendRequest>(
      std::make_shared<HttpWords>(places_, draft, draft.has_limits ? upload_limit(draft, uploads_->limits()) : "",
                                  plain),
      std::move(plan), exchange);
  std::function<void(const Upload&)> told;
  if (tells) {
    told = [this, &draft, &exchange](const Upload& upload) {
      ResponseHead interim(104);
      interim.add("Location", places_.place_of(upload.id()));
      interim.add("Upload-Draft-Interop-Version", static_cast<std::uint64_t>(draft.version));
      if (draft.has_limits) interim.add("Upload-Limit", upload_limit(draft, uploads_->limits()));
      exchange.interim(interim);
    };
  }
  handler->create(*uploads_, std::move(what), std::move(told));
  return handler;
}

std::unique_ptr<Handler> ResumableHttp::append(const Request& request, const UploadDraft& draft,
                                               const std::shared_ptr<Upload>& upload, Exchange& exchange) {
  const RequestHead& head = request.head;
  const auto refuse = [&](Response response) {
    exchange.respond(std::move(response));
    return std::unique_ptr<Handler>();
  };
  if (draft.has_type && head.one("content-type") != kPartialType)
    return refuse(problem(415, "", fmt::format("the Content-Type must be {}", kPartialType)));
  const auto offset = count_in(head, "upload-offset");
  if (!offset) return refuse(problem(400, "", "there must be one Upload-Offset, a number"));
  AppendPlan plan;
  plan.offset = *offset;
  plan.most = uploads_->limits().bytes;
  plan.ends = ends(head, draft).value_or(true);
  plan.length = count_in(head, "upload-length");
  if (!request.framing.chunked) plan.body = request.framing.bytes;
  if (!read_content_digest(head, plan)) return refuse(problem(400, "", "the Content-Digest is malformed"));
  auto handler = std::make_unique<AppendRequest>(
      std::make_shared<HttpWords>(places_, draft, draft.has_limits ? upload_limit(draft, uploads_->limits()) : "",
                                  false),
      std::move(plan), exchange);
  handler->begin(upload);
  return handler;
}

/// Whoever adds to it is stopped: what is told here is where the client will go on.
std::unique_ptr<Handler> ResumableHttp::look(const UploadDraft& draft, const std::shared_ptr<Upload>& upload,
                                             Exchange& exchange) {
  auto waiting = std::make_unique<Waiting>();
  auto appending = std::make_shared<std::shared_ptr<Appending>>();
  const auto tell = waiting->here([this, &draft, upload, &exchange](const Status& status) {
    const ServedUpload& record = upload->record();
    if (!status.ok() || record.state == ServedUpload::State::failed)
      return exchange.respond(problem(410, "", "nothing more is taken: " + record.result));
    Response response{ResponseHead(204), {}};
    add_complete(response.head, draft, upload->stored());
    response.head.add("Upload-Offset", record.durable);
    if (draft.has_limits) {
      if (record.length) response.head.add("Upload-Length", *record.length);
      response.head.add("Upload-Limit", upload_limit(draft, uploads_->limits()));
    }
    response.head.add("Cache-Control", "no-store");
    exchange.respond(std::move(response));
  });
  if (upload->stored()) {
    tell(Status());
    return nullptr;
  }
  *appending = upload->take_over([] {},
                                 [appending, upload, tell](const Status&) {
                                   appending->reset();
                                   upload->make_durable(tell);
                                 });
  return waiting;
}

std::unique_ptr<Handler> ResumableHttp::remove(const std::shared_ptr<Upload>& upload, Exchange& exchange) {
  auto waiting = std::make_unique<Waiting>();
  uploads_->remove(upload, waiting->here([&exchange](const Status& status) {
    exchange.respond(status.ok() ? Response{ResponseHead(204), {}} : problem(500, "", status.message()));
  }));
  return waiting;
}

}  // namespace weir::server
