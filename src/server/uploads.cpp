#include "server/uploads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "platform/platform.hpp"
#include "server/body_digest.hpp"

namespace weir::server {
namespace {

using State = ServedUpload::State;

constexpr std::uint64_t kFlushedAt = 64 << 20;  // bytes of a request that goes on
constexpr std::size_t kRemembered = 10'000;     // of those that are gone

}  // namespace

// --- one upload ---

void Upload::enqueue(Work work, std::function<void(Status)> done) {
  if (const auto uploads = uploads_.lock()) ++uploads->work_;
  tasks_.push_back({std::move(work), std::move(done)});
  run_next();
}

/// One after the other, each on a thread that may wait.
void Upload::run_next() {
  const auto uploads = uploads_.lock();
  if (busy_ || tasks_.empty() || !uploads) return;
  busy_ = true;
  auto task = std::make_shared<Task>(std::move(tasks_.front()));
  tasks_.pop_front();
  task->file = file_;
  uploads->pool().post_blocking([self = shared_from_this(), uploads, task] {
    const File file = [&]() -> Result<platform::Fd*> {
      if (!task->file) {
        WEIR_ASSIGN(task->file, uploads->files().open_upload(self->id(), false));
      }
      return task->file.get();
    };
    Status status = task->work ? task->work(uploads->files(), file) : Status();
    uploads->loop().post([self, uploads, task, status = std::move(status)] {
      --uploads->work_;
      self->busy_ = false;
      self->file_ = self->tasks_.empty() && self->holder_.expired() ? nullptr : task->file;
      // What it holds is let go of here: the other thread may be the last to hold the task.
      const auto done = std::exchange(task->done, nullptr);
      if (done) done(status);
      self->run_next();
    });
  });
}

/// What comes in one long request lasts by and by, and not only at its end.
void Upload::flush_now_and_then() {
  if (received_ - record_.durable < kFlushedAt || std::exchange(flushing_, true)) return;
  make_durable([self = shared_from_this()](const Status&) { self->flushing_ = false; });
}

void Upload::changed() {
  std::erase_if(watches_, [](const auto& watch) { return watch.expired(); });
  const auto uploads = uploads_.lock();
  if (uploads) uploads->tell_changed(*this);
  const auto watches = watches_;
  for (const auto& weak : watches) {
    if (const auto watch = weak.lock()) (*watch)();
  }
}

std::shared_ptr<Appending> Upload::take_over(std::function<void()> fenced, std::function<void(Status)> ready) {
  if (const auto before = holder_.lock()) {
    const auto tell = std::exchange(before->fenced_, nullptr);
    if (tell) tell();
  }
  auto appending = std::make_shared<Appending>(shared_from_this(), std::move(fenced));
  holder_ = appending;
  // Behind what the one before has on its way.
  enqueue(nullptr, std::move(ready));
  return appending;
}

void Upload::make_durable(std::function<void(Status)> done) {
  enqueue(nullptr, [self = shared_from_this(), done = std::move(done)](Status) {
    const auto uploads = self->uploads_.lock();
    const bool lasts =
        !self->unwritten_ && self->record_.durable == self->received_ && !(self->whole() && self->unfinished());
    if (lasts || !uploads) return done({});
    uploads->flush(self, done);
  });
}

void Upload::fill(std::uint64_t bytes, std::function<Status(UploadFiles&, platform::Fd&)> work,
                  std::function<void()> done) {
  set_length(bytes);
  enqueue(
      [work = std::move(work)](UploadFiles& files, const File& file) -> Status {
        WEIR_ASSIGN(platform::Fd* const fd, file());
        return work(files, *fd);
      },
      [self = shared_from_this(), bytes, done = std::move(done)](const Status& status) {
        if (!status.ok()) {
          self->fail(status.message());
          return done();
        }
        self->received_ = bytes;
        self->make_durable([done](const Status&) { done(); });
      });
}

void Upload::fail(std::string why) {
  const auto uploads = uploads_.lock();
  if (!uploads || !unfinished()) return;
  uploads->finished(*this);
  record_.state = ServedUpload::State::failed;
  record_.result = std::move(why);
  uploads->flush(shared_from_this(), [](const Status&) {});
  changed();
}

void Upload::wait_because(std::string why) {
  record_.result = std::move(why);
  changed();
}

void Upload::moves_on(std::shared_ptr<const Progress> progress) {
  progress_ = std::move(progress);
  changed();
}

// --- adding to it ---

Appending::~Appending() {
  drop_chunks();
  if (in_file_ == 0 && !writing_ && !failure_.failed()) return;
  if (holds_) {
    upload_->enqueue(
        [bytes = upload_->received_](UploadFiles& files, const Upload::File& file) -> Status {
          WEIR_ASSIGN(platform::Fd* const fd, file());
          WEIR_TRY(files.cut(*fd, bytes));
          return files.mark_unchecked(*fd, false);
        },
        nullptr);
  } else {
    upload_->make_durable([](const Status&) {});
  }
}

void Appending::no_longer_waits(std::uint64_t bytes) {
  waiting_ -= bytes;
  if (const auto uploads = upload_->uploads_.lock()) uploads->waiting_ -= bytes;
}

void Appending::drop_chunks() {
  for (const Chunk& chunk : chunks_) no_longer_waits(chunk.size());
  chunks_.clear();
}

void Appending::write(Chunk bytes, std::function<void()> room) {
  if (is_fenced()) return;
  waiting_ += bytes.size();
  if (const auto uploads = upload_->uploads_.lock()) uploads->waiting_ += bytes.size();
  written_ += bytes.size();
  room_ = std::move(room);
  chunks_.push_back(std::move(bytes));
  write_next();
}

/// All that has come meanwhile at once. Keeps itself until that is in the file.
void Appending::write_next() {
  if (writing_) return;
  if (is_fenced()) drop_chunks();  // the one who has the right now may have told its client where to go on
  if (chunks_.empty() || failure_.failed()) {
    if (const auto finished = std::exchange(finished_, nullptr)) finish(finished);
    return;
  }
  writing_ = true;
  auto chunks = std::make_shared<std::vector<Chunk>>(std::exchange(chunks_, {}));
  std::uint64_t bytes = 0;
  for (const Chunk& chunk : *chunks) bytes += chunk.size();
  const std::uint64_t offset = upload_->received_ + (holds_ ? in_file_ : 0);
  upload_->enqueue(
      [chunks, offset, unchecked = holds_](UploadFiles& files, const Upload::File& file) -> Status {
        WEIR_ASSIGN(platform::Fd* const fd, file());
        if (unchecked) WEIR_TRY(files.mark_unchecked(*fd, true));
        Status status = files.write(*fd, *chunks, offset);
        chunks->clear();
        return status;
      },
      [self = shared_from_this(), bytes](const Status& status) {
        self->writing_ = false;
        self->no_longer_waits(bytes);
        if (status.ok()) {
          self->in_file_ += bytes;
          if (!self->holds_) self->upload_->received_ += bytes;
          self->upload_->flush_now_and_then();
          self->upload_->changed();
        } else {
          self->failure_ = status;
        }
        self->write_next();
        if (self->room_ && !self->is_fenced()) self->room_();
      });
}

void Appending::keep() {
  if (!holds_ || is_fenced()) return;
  holds_ = false;
  upload_->enqueue(
      [](UploadFiles& files, const Upload::File& file) -> Status {
        WEIR_ASSIGN(platform::Fd* const fd, file());
        return files.mark_unchecked(*fd, false);
      },
      nullptr);
  upload_->received_ += std::exchange(in_file_, 0);
  upload_->changed();
}

void Appending::digest_of_held(const std::string& algorithm, std::function<void(Result<std::string>)> done) {
  auto value = std::make_shared<std::string>();
  upload_->enqueue(
      [algorithm, value, offset = upload_->received_, bytes = in_file_](UploadFiles& files,
                                                                        const Upload::File& file) -> Status {
        WEIR_ASSIGN(platform::Fd* const fd, file());
        auto digest = BodyDigest::make(algorithm);
        if (!digest) return Status(Kind::unsupported, "there is no digest " + algorithm);
        WEIR_TRY(files.read(*fd, offset, bytes, [&](const Chunk& chunk) { digest->add(chunk); }));
        *value = digest->value();
        return {};
      },
      [value, done = std::move(done)](const Status& status) {
        done(status.ok() ? Result<std::string>(std::move(*value)) : Result<std::string>(status));
      });
}

void Appending::finish(std::function<void(Status)> done) {
  if (writing_ || (!chunks_.empty() && !failure_.failed())) {
    finished_ = std::move(done);
    return;
  }
  if (failure_.failed()) return done(failure_);
  if (is_fenced()) return done(Status(Kind::cancelled, "a newer request goes on with this upload"));
  if (holds_) return done({});  // its destruction cuts it off
  upload_->make_durable(std::move(done));
}

// --- all of them ---

Result<std::shared_ptr<Uploads>> Uploads::open(Setup setup) {
  auto uploads = std::make_shared<Uploads>(std::move(setup));
  WEIR_TRY(uploads->find_earlier());
  return uploads;
}

Status Uploads::find_earlier() {
  WEIR_ASSIGN(auto records, setup_.known->all());
  std::vector<ServedUpload> rewritten;
  for (ServedUpload& record : records) {
    WEIR_ASSIGN(const auto arrived, setup_.files->arrived(record.id));
    WEIR_TRY(recover(std::move(record), arrived, rewritten));
  }
  if (!rewritten.empty()) WEIR_TRY(setup_.known->put(rewritten));
  WEIR_ASSIGN(const auto there, setup_.files->unfinished());
  for (const std::string& id : there) {
    const auto upload = find(id);
    if (!upload || upload->stored())
      WEIR_TRY(setup_.files->remove_unfinished(id));  // nobody was told of it, or it is elsewhere
  }
  return {};
}

/// Bytes that were written and not promised count if the machine has run on since, but for those that were still to be
/// compared; after a loss of power they may be anything.
Status Uploads::recover(ServedUpload record, std::optional<UploadFiles::Arrived> there,
                        std::vector<ServedUpload>& rewritten) {
  std::uint64_t received = record.durable;
  if (record.state == State::receiving) {
    const auto finished = there || !setup_.stays_here ? std::nullopt : setup_.files->finished_size(record.id);
    if (finished) {  // killed between its last two steps: only what is whole and synced comes to lie there
      record.state = State::stored;
      record.length = record.durable = received = *finished;
      record.result = setup_.files->finished_path(record.id);
      rewritten.push_back(record);
    } else if (!there || there->bytes < record.durable) {
      record.state = State::failed;
      record.result = fmt::format("of {} bytes that were safe, {} are there", record.durable, there ? there->bytes : 0);
      rewritten.push_back(record);
    } else {
      if (record.boot == setup_.boot && !there->unchecked)
        received = std::min(there->bytes, record.length.value_or(UINT64_MAX));
      // Else they would count after the next kill, as written by this run of the machine.
      if (there->unchecked || there->bytes > received) WEIR_TRY(setup_.files->keep_no_more(record.id, received));
    }
  }
  add(std::make_shared<Upload>(shared_from_this(), std::move(record), received));
  return {};
}

void Uploads::add(const std::shared_ptr<Upload>& upload) {
  uploads_[upload->id()] = upload;
  if (!upload->unfinished()) return;
  ++unfinished_;
  ++of_owner_[upload->record().owner];
}

void Uploads::finished(const Upload& upload) {
  --unfinished_;
  if (--of_owner_[upload.record().owner] == 0) of_owner_.erase(upload.record().owner);
}

std::shared_ptr<Upload> Uploads::find(const std::string& id) const {
  const auto found = uploads_.find(id);
  return found == uploads_.end() ? nullptr : found->second;
}

bool Uploads::was_here(const std::string& id) const { return std::find(gone_.begin(), gone_.end(), id) != gone_.end(); }

std::int64_t Uploads::expiry() const {
  return setup_.limits.lifetime.count() == 0 ? 0 : platform::unix_seconds() + setup_.limits.lifetime.count();
}

void Uploads::create(NewUpload what, std::function<void(Result<std::shared_ptr<Upload>>)> done) {
  const auto of_owner = of_owner_.find(what.owner);
  const bool too_many =
      unfinished_ >= setup_.limits.unfinished ||
      (!what.owner.empty() && of_owner != of_owner_.end() && of_owner->second >= setup_.limits.unfinished_of_one);
  if (too_many) {
    return done(Status(Kind::unavailable, "there are too many unfinished uploads")
                    .advise("Finish or remove some, or wait until they expire."));
  }
  ServedUpload record;
  record.id = new_upload_id();
  record.created_unix = platform::unix_seconds();
  record.length = what.length;
  record.metadata = std::move(what.metadata);
  record.concat = std::move(what.concat);
  record.owner = std::move(what.owner);
  auto upload = std::make_shared<Upload>(shared_from_this(), std::move(record), 0);
  add(upload);
  ++work_;
  pool().post_blocking([self = shared_from_this(), upload, done = std::move(done)]() mutable {
    auto file = self->files().open_upload(upload->id(), true);
    Status status = file.ok() ? self->files().sync_names() : file.status();
    self->loop().post(
        [self, upload, done = std::move(done), status = std::move(status), file = std::move(file)]() mutable {
          --self->work_;
          if (!status.ok()) {
            self->remove(upload, [](const Status&) {});
            return done(status);
          }
          upload->file_ = *std::move(file);
          self->flush(upload, [upload, done](const Status& lasts) { lasts.ok() ? done(upload) : done(lasts); });
        });
  });
}

void Uploads::remove(const std::shared_ptr<Upload>& upload, std::function<void(Status)> done) {
  if (const auto holder = upload->holder_.lock()) {
    const auto tell = std::exchange(holder->fenced_, nullptr);
    if (tell) tell();
  }
  if (uploads_.erase(upload->id()) == 0) return done({});
  if (upload->unfinished()) finished(*upload);
  gone_.push_back(upload->id());
  if (gone_.size() > kRemembered) gone_.pop_front();
  for (const auto& weak : watchers_) {
    if (const auto watcher = weak.lock()) watcher->removed(*upload);
  }
  forget(upload, std::move(done));
}

void Uploads::forget(const std::shared_ptr<Upload>& upload, std::function<void(Status)> done) {
  upload->enqueue(
      [self = shared_from_this(), id = upload->id()](UploadFiles& files, const Upload::File&) -> Status {
        WEIR_TRY(self->setup_.known->remove(id));
        return files.remove(id);
      },
      std::move(done));
}

void Uploads::expire() {
  const std::int64_t now = platform::unix_seconds();
  std::vector<std::shared_ptr<Upload>> due;
  for (const auto& [id, upload] : uploads_) {
    const bool old = upload->record().expires_unix != 0 && upload->record().expires_unix <= now;
    if (old && !upload->stored() && !upload->waits_for_store() && upload->holder_.expired()) due.push_back(upload);
  }
  for (const auto& upload : due) remove(upload, [](const Status&) {});
}

void Uploads::tell_changed(const Upload& upload) {
  for (const auto& weak : watchers_) {
    if (const auto watcher = weak.lock()) watcher->changed(upload);
  }
}

void Uploads::settle(const std::shared_ptr<Upload>& upload, ServedUpload::State state, std::string result) {
  auto record = std::make_shared<ServedUpload>(upload->record());
  record->state = state;
  record->result = std::move(result);
  upload->enqueue(
      [self = shared_from_this(), record](UploadFiles& files, const Upload::File&) -> Status {
        WEIR_TRY(self->setup_.known->put({*record}));
        return record->state == State::stored ? files.remove_unfinished(record->id) : Status();
      },
      [self = shared_from_this(), upload, record](const Status&) {
        const bool was_unfinished = upload->unfinished();
        upload->record_.state = record->state;
        upload->record_.result = std::move(record->result);
        if (was_unfinished) self->finished(*upload);
        upload->changed();
      });
}

// --- flushes ---

/// One round at a time: what is asked for meanwhile shares the next.
void Uploads::flush(const std::shared_ptr<Upload>& upload, std::function<void(Status)> done) {
  Flush& flush = to_flush_[upload->id()];
  flush.upload = upload;
  flush.done.push_back(std::move(done));
  if (!flushing_) flush_next();
}

void Uploads::flush_next() {
  if (to_flush_.empty()) return;
  flushing_ = true;
  ++work_;
  struct Item {
    Flush flush;
    std::shared_ptr<platform::Fd> file;
    ServedUpload record;
    std::uint64_t was_durable = 0;
    Status status = {};
  };
  auto round = std::make_shared<std::vector<Item>>();
  for (auto& [id, flush] : std::exchange(to_flush_, {})) {
    Item item{std::move(flush), nullptr, {}};
    item.file = item.flush.upload->file_;
    item.record = item.flush.upload->record_;
    item.flush.upload->unwritten_ = false;
    item.was_durable = std::exchange(item.record.durable, item.flush.upload->received_);
    item.record.expires_unix = expiry();
    item.record.boot = setup_.boot;
    round->push_back(std::move(item));
  }
  pool().post_blocking([self = shared_from_this(), round] {
    UploadFiles& files = self->files();
    std::vector<ServedUpload> records;
    for (Item& item : *round) {
      if (!item.file) {
        auto file = files.open_upload(item.record.id, false);
        if (file.status().kind() == Kind::not_found) file = files.open_finished(item.record.id);
        item.status = file.status();
        if (file.ok()) item.file = *std::move(file);
      }
      const bool whole = item.record.state == State::receiving && item.record.length == item.record.durable;
      if (item.status.ok() && whole) item.status = files.cut(*item.file, item.record.durable);
      if (item.status.ok()) item.status = files.sync(*item.file);
      if (!item.status.ok()) {  // what a failed sync leaves in the cache is not what is on the disk
        item.record.state = State::failed;
        item.record.durable = item.was_durable;
        item.record.result = item.status.message();
      } else if (whole && (item.record.is_part() || !self->setup_.stays_here)) {
        item.record.state = State::received;
      } else if (whole) {
        auto path = files.publish(item.record.id);
        item.status = path.status();
        if (path.ok()) {
          item.record.state = State::stored;
          item.record.result = *std::move(path);
        }
      }
      records.push_back(item.record);
    }
    const Status written = self->setup_.known->put(records);
    self->loop().post([self, round, written] {
      for (Item& item : *round) {
        Upload& upload = *item.flush.upload;
        Status status = item.status.ok() ? written : item.status;
        const bool was_unfinished = upload.unfinished();
        if (written.ok()) {
          const auto length = upload.record_.length;  // may have been told meanwhile
          upload.record_ = std::move(item.record);
          upload.record_.length = length;
        }
        if (was_unfinished && !upload.unfinished()) self->finished(upload);
        // Removed meanwhile: what this round has written of it goes, too.
        if (!self->find(upload.id())) self->forget(item.flush.upload, nullptr);
        upload.changed();
        for (const auto& done : item.flush.done) done(status);
      }
      round->clear();  // here, as above
      --self->work_;
      self->flushing_ = false;
      self->flush_next();
    });
  });
}

}  // namespace weir::server
