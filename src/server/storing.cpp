#include "server/storing.hpp"

#include <algorithm>
#include <utility>

#include "weir/text/parse.hpp"

namespace weir::server {
namespace {

using State = ServedUpload::State;

constexpr std::chrono::seconds kSlow{10};  // an upload of which nothing comes for so long gives way to others
constexpr std::chrono::seconds kLookAgain{1};
constexpr std::chrono::seconds kFirstRest{1};
constexpr unsigned kMostDoublings = 8;  // of that: some four minutes

bool wants(const Upload& upload) {
  const ServedUpload& record = upload.record();
  return upload.waits_for_store() || (upload.unfinished() && !record.is_part() && record.durable > 0);
}

bool tell(Arrival& arrival, const ServedUpload& record) {
  return arrival.advance(record.durable, record.state == State::received);
}

/// The bytes or the words are at fault, and would be the next time. Whatever else is wrong with a store may pass, and
/// the bytes are safe here until then.
bool is_final(Kind kind) {
  switch (kind) {
    case Kind::invalid_argument:
    case Kind::already_exists:
    case Kind::corrupt:
    case Kind::limit:
    case Kind::budget_too_small:
    case Kind::unsupported:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::shared_ptr<Storing>> Storing::make(StoringOptions options) {
  WEIR_TRY(parse_through(options.through).status());
  WEIR_TRY(open_sink(options.to + "id", options.endpoint).status());
  return std::make_shared<Storing>(std::move(options));
}

void Storing::begin(std::shared_ptr<Uploads> uploads) {
  uploads_ = std::move(uploads);
  uploads_->watched_by(weak_from_this());
  for (const auto& [id, upload] : uploads_->all()) changed(*upload);
}

void Storing::changed(const Upload& upload) {
  if (stopping_) return;
  if (!wants(upload)) {
    const auto found = tasks_.find(upload.id());
    if (found != tasks_.end() && found->second.phase == Phase::settling) tasks_.erase(found);
    return;
  }
  const auto [at, fresh] = tasks_.try_emplace(upload.id());
  Task& task = at->second;
  if (!task.arrival || tell(*task.arrival, upload.record())) task.changed_at = Clock::now();
  if (fresh) queue(upload.id());
}

void Storing::removed(const Upload& upload) {
  const auto found = tasks_.find(upload.id());
  if (found == tasks_.end()) return;
  Task& task = found->second;
  if (task.phase == Phase::running) {
    task.job->cancel();
  } else if (task.phase != Phase::starting) {
    tasks_.erase(found);
  }
}

void Storing::stop() {
  stopping_ = true;
  for (auto& [id, task] : tasks_) {
    if (task.job) task.job->suspend();
  }
}

template <class Then>
void Storing::later(std::chrono::milliseconds wait, Then then) {
  uploads_->loop().post_after(wait, [weak = weak_from_this(), then = std::move(then)] {
    const auto self = weak.lock();
    if (self && !self->stopping_) then(*self);
  });
}

void Storing::queue(const std::string& id) {
  tasks_[id].phase = Phase::waiting;
  waiting_.push_back(id);
  start_next();
}

void Storing::start_next() {
  while (!stopping_ && !waiting_.empty() && under_way_ < options_.at_once) {
    const std::string id = std::move(waiting_.front());
    waiting_.pop_front();
    const auto upload = uploads_->find(id);
    if (upload && wants(*upload)) {
      start(id, upload);
    } else {
      tasks_.erase(id);
    }
  }
  if (!stopping_ && !waiting_.empty()) make_room();
}

/// One whose client sends nothing goes on when there is more of it.
void Storing::make_room() {
  const auto before = Clock::now() - kSlow;
  for (auto& [id, task] : tasks_) {
    if (task.phase != Phase::running || task.gives_way || task.arrival->come().whole || task.changed_at > before)
      continue;
    task.gives_way = true;
    task.job->suspend();
    break;
  }
  if (std::exchange(looks_again_, true)) return;
  later(kLookAgain, [](Storing& self) {
    self.looks_again_ = false;
    self.start_next();
  });
}

/// On another thread, as the ledger is asked and the store perhaps too.
void Storing::start(const std::string& id, const std::shared_ptr<Upload>& upload) {
  tasks_[id].phase = Phase::starting;
  ++under_way_;
  uploads_->pool().post_blocking([self = shared_from_this(), uploads = uploads_, record = upload->record()] {
    auto file = uploads->files().open_upload(record.id, false);
    auto job = std::make_shared<std::optional<Job>>();
    std::shared_ptr<Arrival> arrival;
    if (file.ok()) {
      arrival = std::make_shared<Arrival>(record.id, record.created_unix, *std::move(file));
      tell(*arrival, record);
      JobOptions options;
      options.budget_bytes = self->options_.budget_bytes;
      options.on_end = [weak = self->weak_from_this(), uploads, id = record.id] {
        uploads->loop().post([weak, id] {
          if (const auto here = weak.lock()) here->ended(id);
        });
      };
      options.on_progress = [weak = self->weak_from_this(), uploads, id = record.id](const Progress& progress) {
        uploads->loop().post([weak, id, progress] {
          if (const auto here = weak.lock()) here->moved_on(id, progress);
        });
      };
      auto through = parse_through(self->options_.through);
      *job = weir::start(From(arriving_source(arrival, record.length)) | *std::move(through) |
                             To(to(self->place_of(record.id), self->options_.endpoint)),
                         std::move(options));
    }
    uploads->loop().post(
        [self, id = record.id, arrival, job]() mutable { self->started(id, std::move(arrival), std::move(*job)); });
  });
}

void Storing::started(const std::string& id, std::shared_ptr<Arrival> arrival, std::optional<Job> job) {
  Task& task = tasks_[id];
  task.arrival = std::move(arrival);
  task.job = std::move(job);
  task.changed_at = Clock::now();
  const auto upload = uploads_->find(id);
  if (!task.job) {
    task.ended = true;  // its file cannot be opened
  } else if (!upload) {
    task.job->cancel();
  } else if (stopping_) {
    task.job->suspend();
  } else {
    tell(*task.arrival, upload->record());
  }
  task.phase = Phase::running;
  if (task.ended) ended(id);
}

void Storing::moved_on(const std::string& id, const Progress& progress) {
  const auto task = tasks_.find(id);
  const auto upload = uploads_->find(id);
  const bool runs = task != tasks_.end() && task->second.phase == Phase::running;
  if (runs && upload) upload->moves_on(std::make_shared<const Progress>(progress));
}

void Storing::ended(const std::string& id) {
  Task& task = tasks_[id];
  if (task.phase == Phase::starting) {
    task.ended = true;
    return;
  }
  --under_way_;
  const Result<Receipt> receipt =
      task.job ? task.job->wait() : Result<Receipt>(Status(Kind::io, "its file here cannot be opened"));
  task.job.reset();
  task.arrival = nullptr;
  task.ended = false;
  decide(id, receipt, std::exchange(task.gives_way, false));
  start_next();
}

void Storing::decide(const std::string& id, const Result<Receipt>& receipt, bool gave_way) {
  const auto upload = uploads_->find(id);
  if (!upload) {
    tasks_.erase(id);
    return;
  }
  const bool has_more = upload->record().state == State::received || tasks_[id].changed_at > Clock::now() - kSlow;
  upload->moves_on(nullptr);
  if (receipt.ok() || is_final(receipt.status().kind())) {
    tasks_[id].phase = Phase::settling;
    return receipt.ok() ? uploads_->settle(upload, State::stored, place_of(id))
                        : uploads_->settle(upload, State::failed, receipt.status().message());
  }
  if (stopping_) return;
  if (!gave_way) return rest(id, receipt.status());
  if (has_more) return queue(id);
  tasks_.erase(id);  // until there is more of it
}

void Storing::rest(const std::string& id, const Status& why) {
  Task& task = tasks_[id];
  task.phase = Phase::resting;
  const auto wait = kFirstRest * (1u << std::min(task.failures++, kMostDoublings));
  uploads_->find(id)->wait_because("not stored yet: " + why.message());
  later(wait, [id](Storing& self) {
    const auto found = self.tasks_.find(id);
    if (found != self.tasks_.end() && found->second.phase == Phase::resting) self.queue(id);
  });
}

}  // namespace weir::server
