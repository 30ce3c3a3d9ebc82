#include "server/append_request.hpp"

#include <algorithm>
#include <utility>

namespace weir::server {
namespace {

constexpr std::chrono::seconds kPatience{5};     // with a store
constexpr std::uint64_t kMostWaiting = 1 << 20;  // bytes of one request on their way to the file
constexpr std::uint64_t kMostOfAll = 64 << 20;   // of all requests: then each has one piece at a time

}  // namespace

AppendRequest::AppendRequest(std::shared_ptr<const AppendWords> words, AppendPlan plan, Exchange& exchange)
    : words_(std::move(words)), plan_(std::move(plan)), exchange_(exchange) {
  if (plan_.algorithm) digest_ = BodyDigest::make(*plan_.algorithm);
}

/// The client is gone: what came before that counts, unless it was to be compared first.
AppendRequest::~AppendRequest() {
  end();
  const bool unknown = created_in_ != nullptr && upload_ && !told_ && !answered_;
  if (unknown) created_in_->remove(upload_, [](const Status&) {});
  let_go();
}

void AppendRequest::let_go() {
  if (const auto appending = std::exchange(appending_, nullptr)) appending->finish([appending](const Status&) {});
}

void AppendRequest::begin(const std::shared_ptr<Upload>& upload) {
  upload_ = upload;
  appending_ = upload->take_over(here([this] { refuse(Problem::fenced); }),
                                 here([this](const Status& status) { taken_over(status); }));
  if (digest_ || plan_.digest_in) appending_->hold();
}

void AppendRequest::create(Uploads& uploads, NewUpload what, std::function<void(const Upload&)> told) {
  created_in_ = &uploads;
  const auto made = here([this, told = std::move(told)](const Result<std::shared_ptr<Upload>>& created) {
    if (!created.ok()) return refuse(Problem::disk, created.status().message());
    told_ = told != nullptr;
    if (told) told(**created);
    begin(*created);
  });
  uploads.create(std::move(what), [made, alive = flag(), uploads = uploads.shared_from_this()](
                                      const Result<std::shared_ptr<Upload>>& created) {
    if (!*alive && created.ok()) return uploads->remove(*created, [](const Status&) {});
    made(created);
  });
}

void AppendRequest::taken_over(const Status& status) {
  if (answered_) return;
  if (!status.ok()) return refuse(Problem::disk, status.message());
  const ServedUpload& record = upload_->record();
  if (record.state == ServedUpload::State::failed) return refuse(Problem::finished, record.result);
  if (record.is_made_of_others()) return refuse(Problem::finished, "it is made of other uploads");
  if (plan_.offset != upload_->received()) return refuse(Problem::other_offset);
  std::optional<std::uint64_t> length = plan_.length;
  if (plan_.ends && plan_.body) {
    if (length && *length != plan_.offset + *plan_.body) return refuse(Problem::other_length);
    length = plan_.offset + *plan_.body;
  }
  if (length && record.length && *length != *record.length) return refuse(Problem::other_length);
  if (length && *length < upload_->received()) return refuse(Problem::other_length);
  const std::uint64_t most = std::min(plan_.most, length.value_or(record.length.value_or(UINT64_MAX)));
  if (plan_.offset > most || plan_.body.value_or(0) > most - plan_.offset) return refuse(Problem::too_long);
  if (length && !record.length) upload_->set_length(*length);
  started_ = true;
  exchange_.go_on();
}

bool AppendRequest::ready() const {
  if (!started_ || answered_) return false;
  const auto uploads = upload_->uploads();
  return appending_->waiting() < (uploads && uploads->waiting() < kMostOfAll ? kMostWaiting : 1);
}

void AppendRequest::content(Chunk bytes) {
  if (answered_ || !plan_.takes_body) return;
  const std::uint64_t end = plan_.offset + appending_->written() + bytes.size();
  if (end > std::min(plan_.most, upload_->record().length.value_or(UINT64_MAX))) return refuse(Problem::too_long);
  if (digest_) digest_->add(bytes);
  appending_->write(std::move(bytes), here([this] { exchange_.go_on(); }));
}

void AppendRequest::content_end(const ChunkedReader& trailers) {
  if (answered_ || ended_) return;
  ended_ = true;
  if (plan_.digest_in) {
    trailing_ = plan_.digest_in(trailers);
    if (!trailing_) return refuse(Problem::unknown_digest);
  }
  appending_->finish(here([this](const Status& status) { all_written(status); }));
}

void AppendRequest::all_written(const Status& status) {
  if (answered_) return;
  if (!status.ok()) return refuse(Problem::disk, status.message());
  if (digest_) return checked(digest_->value(), *plan_.digest);
  if (!trailing_) return make_durable();
  appending_->digest_of_held(trailing_->algorithm, here([this](const Result<std::string>& digest) {
                               if (!answered_) checked(digest, trailing_->digest);
                             }));
}

void AppendRequest::checked(const Result<std::string>& digest, const std::string& wanted) {
  if (!digest.ok()) return refuse(Problem::disk, digest.status().message());
  if (*digest != wanted) return refuse(Problem::bad_checksum);
  appending_->keep();
  make_durable();
}

void AppendRequest::make_durable() {
  if (plan_.ends && !upload_->record().length) upload_->set_length(upload_->received());
  upload_->make_durable(here([this](const Status& lasts) {
    if (answered_) return;
    if (!lasts.ok()) return refuse(Problem::disk, lasts.message());
    answer_once_stored();
  }));
}

/// Where it goes elsewhere from here, the client is told what became of that, unless it takes long.
void AppendRequest::answer_once_stored() {
  const auto uploads = upload_->uploads();
  if (!upload_->waits_for_store() || !uploads) return answer();
  stored_ = std::make_shared<std::function<void()>>(here([this] {
    if (!upload_->waits_for_store()) answer();
  }));
  upload_->watch(stored_);
  uploads->loop().post_after(kPatience, here([this] { answer(); }));
}

void AppendRequest::answer() {
  if (answered_) return;
  if (upload_->record().state == ServedUpload::State::failed)
    return refuse(Problem::finished, upload_->record().result);
  answered_ = true;
  exchange_.respond(words_->appended(*upload_, created_in_ != nullptr));
}

void AppendRequest::refuse(Problem problem, const std::string& why) {
  if (std::exchange(answered_, true)) return;
  let_go();
  exchange_.respond(words_->refused(upload_.get(), problem, why));
}

}  // namespace weir::server
