#include "server/events.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "platform/platform.hpp"
#include "server/alive.hpp"
#include "server/places.hpp"

namespace weir::server {
namespace {

constexpr double kHalfLifeSeconds = 2;  // of the rate
constexpr std::chrono::milliseconds kRetry{2000};

std::string_view name_of(ServedUpload::State state) {
  switch (state) {
    case ServedUpload::State::receiving:
      return "receiving";
    case ServedUpload::State::received:
      return "received";
    case ServedUpload::State::stored:
      return "stored";
    case ServedUpload::State::failed:
      break;
  }
  return "failed";
}

/// "ID" of "/events?upload=ID"; nothing where there is none.
std::optional<std::string> upload_in(std::string_view target) {
  const std::size_t query = target.find('?');
  if (query == std::string_view::npos) return {};
  target.remove_prefix(query + 1);
  while (!target.empty()) {
    const std::string_view pair = target.substr(0, target.find('&'));
    if (pair.starts_with("upload=")) return std::string(pair.substr(7));
    target.remove_prefix(std::min(pair.size() + 1, target.size()));
  }
  return {};
}

/// The job behind an upload, as `weir cp --json` tells of one.
nlohmann::json storing_of(const Progress& progress) {
  nlohmann::json told{{"bytes_read", progress.bytes_read},
                      {"bytes_confirmed", progress.bytes_confirmed},
                      {"bytes_resumed", progress.bytes_resumed},
                      {"bytes_per_second", progress.bytes_per_second},
                      {"eta_s", nullptr},
                      {"retries", progress.retries},
                      {"last_retry", nullptr},
                      {"limited_by", nullptr},
                      {"memory_bytes", progress.memory_bytes},
                      {"stages", nlohmann::json::array()}};
  if (progress.eta_seconds) told["eta_s"] = *progress.eta_seconds;
  if (progress.last_retry.failed()) told["last_retry"] = progress.last_retry.message();
  if (!progress.limited_by.empty()) told["limited_by"] = progress.limited_by;
  for (const StageProgress& stage : progress.stages)
    told["stages"].push_back({{"name", stage.name}, {"bytes_in", stage.bytes_in}, {"bytes_out", stage.bytes_out}});
  return told;
}

}  // namespace

/// One connection that reads.
class Events::Reader final : public BodyStream {
 public:
  Reader(std::shared_ptr<Events> events, std::optional<std::string> only, std::string owner)
      : events_(std::move(events)), only_(std::move(only)), owner_(std::move(owner)) {
    events_->readers_.insert(this);
  }
  ~Reader() override { events_->readers_.erase(this); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void say(std::string_view text) {
    said_ += text;
    if (wake_) wake_();
  }
  /// In the order of their numbers, so that who comes back with the last of them has missed none.
  void tell(const std::string& id, const std::string& owner, std::uint64_t number) {
    if ((only_ && *only_ != id) || (!owner_.empty() && owner_ != owner)) return;
    const auto [known, is_new] = numbers_.try_emplace(id, number);
    if (!is_new) waiting_.erase({std::exchange(known->second, number), id});
    waiting_.insert({number, id});
    if (!resting_ && wake_) wake_();
  }
  /// Nothing waits: then a comment shows that the connection is alive.
  void beat() {
    if (waiting_.empty() && said_.empty()) say(":\n\n");
  }

  bool next(std::string& into) override {
    into += std::exchange(said_, {});
    if (resting_) return true;
    for (auto at = waiting_.begin(); at != waiting_.end() && into.size() < kAtOnce; at = waiting_.erase(at)) {
      into += events_->event_of(at->second, at->first);
      numbers_.erase(at->second);
    }
    if (!into.empty()) rest();
    return true;
  }
  void on_more(std::function<void()> wake) override { wake_ = std::move(wake); }

 private:
  static constexpr std::size_t kAtOnce = 64 * 1024;

  /// What changes meanwhile is told together.
  void rest() {
    resting_ = true;
    events_->uploads_->loop().post_after(events_->limits_.every, alive_.here([this] {
      resting_ = false;
      if (!waiting_.empty() && wake_) wake_();
    }));
  }

  const std::shared_ptr<Events> events_;
  const std::optional<std::string> only_;
  const std::string owner_;  // empty: of all
  std::function<void()> wake_;
  std::string said_;
  std::set<std::pair<std::uint64_t, std::string>> waiting_;
  std::unordered_map<std::string, std::uint64_t> numbers_;  // of those that wait
  bool resting_ = false;
  const Alive alive_;
};

Events::Events(std::shared_ptr<Uploads> uploads, EventLimits limits)
    : uploads_(std::move(uploads)), limits_(limits), run_(platform::random_name(8)) {}

std::optional<std::uint64_t> Events::number_in(std::string_view text) const {
  if (!text.starts_with(run_ + "-")) return {};
  return read_count(text.substr(run_.size() + 1));
}

std::unique_ptr<Handler> Events::handle(const Request& request, Exchange& exchange) {
  const RequestHead& head = request.head;
  if (readers_.size() >= limits_.readers) {
    Response response{ResponseHead(503), std::string("there are too many readers of events\n")};
    response.head.add("Retry-After", "5");
    exchange.respond(std::move(response));
    return nullptr;
  }
  const auto only = upload_in(head.target);
  const auto reader = std::make_shared<Reader>(shared_from_this(), only, request.owner);
  reader->say(fmt::format("retry: {}\n\n", kRetry.count()));
  const auto last = head.one("last-event-id");
  const auto seen = last ? number_in(*last) : std::nullopt;
  if (last && (!seen || *seen < forgotten_)) reader->say("event: resync\ndata: {}\n\n");
  for (const auto& [id, upload] : uploads_->all()) {
    const auto known = known_.find(id);
    const std::uint64_t number = known == known_.end() ? 0 : known->second.number;
    const bool under_way = upload->unfinished() || upload->record().state == ServedUpload::State::received;
    if (seen ? number > *seen : under_way || only) reader->tell(id, upload->record().owner, number);
  }
  if (seen) {
    for (auto at = removed_.upper_bound(*seen); at != removed_.end(); ++at)
      reader->tell(at->second.id, at->second.owner, at->first);
  }
  Response response{ResponseHead(200), std::shared_ptr<BodyStream>(reader)};
  response.head.add("Content-Type", "text/event-stream");
  response.head.add("Cache-Control", "no-cache, no-transform");
  response.head.add("X-Accel-Buffering", "no");  // of nginx
  response.head.add("X-Content-Type-Options", "nosniff");
  exchange.respond(std::move(response));
  if (!std::exchange(beating_, true)) beat();
  return nullptr;
}

void Events::beat() {
  if (readers_.empty()) {
    beating_ = false;
    return;
  }
  const auto readers = readers_;
  for (Reader* reader : readers) reader->beat();
  uploads_->loop().post_after(limits_.heartbeat, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->beat();
  });
}

void Events::changed(const Upload& upload) {
  Known& known = known_[upload.id()];
  known.number = ++last_number_;
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - known.at).count();
  if (known.at == Clock::time_point()) {
    known.received = upload.received();
    known.at = now;
  } else if (seconds > 0.1) {
    const double rate = static_cast<double>(upload.received() - known.received) / seconds;
    const double weight = 1 - std::exp2(-seconds / kHalfLifeSeconds);
    known.bytes_per_second += (rate - known.bytes_per_second) * (known.bytes_per_second == 0 ? 1 : weight);
    known.received = upload.received();
    known.at = now;
  }
  tell(upload, known.number);
}

void Events::removed(const Upload& upload) {
  known_.erase(upload.id());
  removed_[++last_number_] = {upload.id(), upload.record().owner};
  if (removed_.size() > limits_.remembered_removals) {
    forgotten_ = removed_.begin()->first;
    removed_.erase(removed_.begin());
  }
  tell(upload, last_number_);
}

void Events::tell(const Upload& upload, std::uint64_t number) {
  const auto readers = readers_;
  for (Reader* reader : readers) reader->tell(upload.id(), upload.record().owner, number);
}

std::string Events::event_of(const std::string& id, std::uint64_t number) const {
  const auto upload = uploads_->find(id);
  if (!upload) {
    const nlohmann::json gone{{"schema", "weir.v1"}, {"event", "upload"}, {"id", id}, {"state", "removed"}};
    return fmt::format("id: {}\ndata: {}\n\n", number_text(number), gone.dump());
  }
  const ServedUpload& record = upload->record();
  nlohmann::json told{{"schema", "weir.v1"},
                      {"event", "upload"},
                      {"id", id},
                      {"state", name_of(record.state)},
                      {"bytes_received", upload->received()},
                      {"bytes_durable", record.durable},
                      {"length", nullptr},
                      {"metadata", record.metadata},
                      {"bytes_per_second", 0.0},
                      {"eta_s", nullptr},
                      {"result", nullptr}};
  if (record.length) told["length"] = *record.length;
  if (!record.result.empty()) told["result"] = record.result;
  if (upload->progress()) told["storing"] = storing_of(*upload->progress());
  const auto known = known_.find(id);
  if (known != known_.end() && upload->unfinished()) {
    const double rate = known->second.bytes_per_second;
    told["bytes_per_second"] = rate;
    if (record.length && rate > 1) told["eta_s"] = static_cast<double>(*record.length - upload->received()) / rate;
  }
  return fmt::format("id: {}\ndata: {}\n\n", number_text(number),
                     told.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace weir::server
