#include "server/form_request.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "server/tus_fields.hpp"

namespace weir::server {
namespace {

constexpr std::uint64_t kMostFieldBytes = 1 << 20;  // of all fields that are no files
constexpr std::uint64_t kMostOnTheWay = 1 << 20;

Response told(int status, const nlohmann::json& what) {
  // Names are whatever the client sent: what is no UTF-8 is shown as such, and never an error of ours.
  Response response{ResponseHead(status), what.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"};
  response.head.add("Content-Type", "application/json");
  response.head.add("X-Content-Type-Options", "nosniff");
  return response;
}

std::string metadata_of(const FormPart& part) {
  UploadMetadata metadata;
  metadata.emplace_back("filename", *part.filename);
  if (!part.content_type.empty()) metadata.emplace_back("filetype", part.content_type);
  return upload_metadata_text(metadata);
}

}  // namespace

std::unique_ptr<Handler> FormRequest::begin(const Request& request, Exchange& exchange,
                                            std::shared_ptr<Uploads> uploads, const Places& places) {
  const auto boundary = FormReader::boundary_of(request.head.one("content-type").value_or(""));
  if (!boundary) {
    exchange.respond(told(400, {{"error", "the form has no boundary that could be one"}}));
    return nullptr;
  }
  return std::make_unique<FormRequest>(*boundary, request, exchange, std::move(uploads), places);
}

FormRequest::FormRequest(std::string boundary, const Request& request, Exchange& exchange,
                         std::shared_ptr<Uploads> uploads, const Places& places)
    : owner_(request.owner), exchange_(exchange), uploads_(std::move(uploads)), places_(places), reader_(boundary) {}

/// A form that was cut leaves nothing: its sender knows no place to go on at.
FormRequest::~FormRequest() {
  end();
  appending_.reset();
  if (answered_) return;
  for (const Part& part : parts_) {
    if (part.upload) uploads_->remove(part.upload, [](const Status&) {});
  }
}

bool FormRequest::ready() const {
  return !waits_ && !answered_ && unread_.empty() && (!appending_ || appending_->waiting() < kMostOnTheWay);
}

void FormRequest::content(Chunk bytes) {
  unread_ = std::move(bytes);
  read();
}

void FormRequest::content_end(const ChunkedReader&) {
  ended_ = true;
  settle();
}

/// As far as it can go without waiting.
void FormRequest::read() {
  while (!unread_.empty() && !waits_ && !answered_) {
    FormReader::Step step;
    const std::string_view text = unread_.text();
    if (const auto refused = reader_.take(text, step)) return refuse(refused->status, refused->why);
    const auto at = static_cast<std::size_t>(step.content.data() - text.data());
    const bool inside = !step.content.empty() && step.content.data() >= text.data() && at < text.size();
    const Chunk content = inside ? unread_.slice(at, step.content.size()) : Chunk::copy_of(step.content);
    unread_ = unread_.slice(step.taken);
    switch (step.event) {
      case FormReader::Event::part:
        begin_part();
        break;
      case FormReader::Event::content:
        take(content);
        break;
      case FormReader::Event::part_end:
        end_part();
        break;
      default:
        break;
    }
  }
  settle();
}

void FormRequest::begin_part() {
  parts_.push_back({reader_.part(), nullptr, {}});
  if (!reader_.part().filename) return;
  waits_ = true;
  NewUpload what;
  what.owner = owner_;
  what.metadata = metadata_of(reader_.part());
  uploads_->create(std::move(what), here([this](const Result<std::shared_ptr<Upload>>& made) {
                     if (!made.ok()) return refuse(503, made.status().message());
                     parts_.back().upload = *made;
                     appending_ =
                         (*made)->take_over(here([this] { refuse(409, "somebody else writes what this form sends"); }),
                                            here([this](const Status&) {
                                              waits_ = false;
                                              read();
                                              exchange_.go_on();
                                            }));
                   }));
}

void FormRequest::take(const Chunk& bytes) {
  Part& part = parts_.back();
  if (!part.upload) {
    if ((field_bytes_ += bytes.size()) > kMostFieldBytes)
      return refuse(413, fmt::format("the fields of the form are more than {} bytes", kMostFieldBytes));
    part.value += bytes.text();
    return;
  }
  if (appending_->written() + bytes.size() > uploads_->limits().bytes)
    return refuse(413, fmt::format("this server takes files of {} bytes", uploads_->limits().bytes));
  appending_->write(bytes, here([this] { exchange_.go_on(); }));
}

/// What is behind it waits until it lasts: only then is it known that the disk had room.
void FormRequest::end_part() {
  if (!parts_.back().upload) return;
  waits_ = true;
  appending_->finish(here([this](const Status& written) {
    if (!written.ok()) return refuse(507, written.message());
    const auto upload = parts_.back().upload;
    upload->set_length(upload->received());
    appending_.reset();
    upload->make_durable(here([this](const Status& lasts) {
      if (!lasts.ok()) return refuse(507, lasts.message());
      waits_ = false;
      read();
      exchange_.go_on();
    }));
  }));
}

void FormRequest::settle() {
  if (!ended_ || waits_ || answered_ || !unread_.empty()) return;
  if (!reader_.done()) return refuse(400, "the form ends before its last boundary");
  answer();
}

void FormRequest::answer() {
  answered_ = true;
  nlohmann::json fields = nlohmann::json::array();
  nlohmann::json files = nlohmann::json::array();
  for (const Part& part : parts_) {
    if (!part.upload) {
      fields.push_back({{"name", part.head.name}, {"value", part.value}});
      continue;
    }
    files.push_back({{"name", part.head.name},
                     {"filename", *part.head.filename},
                     {"location", places_.place_of(part.upload->id())},
                     {"bytes", part.upload->record().durable}});
  }
  exchange_.respond(told(201, {{"files", files}, {"fields", fields}}));
}

void FormRequest::refuse(int status, std::string why) {
  if (std::exchange(answered_, true)) return;
  appending_.reset();
  for (Part& part : parts_) {
    if (part.upload) uploads_->remove(part.upload, [](const Status&) {});
  }
  exchange_.respond(told(status, {{"error", std::move(why)}}));
}

}  // namespace weir::server
