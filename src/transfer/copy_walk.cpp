#include "transfer/copy_walk.hpp"

#include <utility>

#include "store/local_store.hpp"
#include "transfer/named.hpp"

namespace weir::transfer {
namespace {

std::string last_part(const std::string& key) { return key.substr(key.rfind('/') + 1); }

}  // namespace

CopyWalk::CopyWalk(const CopyOptions& options, std::vector<std::string> sources, std::string destination,
                   CopyRecord& record)
    : options_(options),
      sources_(std::move(sources)),
      destination_name_(std::move(destination)),
      record_(record),
      places_(options),
      filter_(options.filters) {}

Status CopyWalk::begin() {
  if (sources_.empty()) return Status(Kind::invalid_argument, "there is no source").during("copy");
  if (sources_.size() == 1) {
    auto alone = places_.source(sources_[0]);
    if (!alone) return alone.status().during("copy " + named(sources_[0]));
    names_one_ = !alone->tree;
    source_ = std::make_shared<CopySource>(*std::move(alone));
  }
  auto destination = places_.destination(destination_name_, names_one_);
  if (!destination) return destination.status().during("copy to " + named(destination_name_));
  destination_ = *std::move(destination);
  const Status storable = destination_.to.store->check_storable(options_.endpoint.object);
  if (!storable.ok()) return Status(storable).during("copy to " + named(destination_name_));
  if (source_) WEIR_TRY(check_apart(*source_, destination_));
  if (!names_one_) WEIR_TRY(record_.begin(sources_, destination_));
  if (!source_) return {};
  next_source_ = 1;
  begin_source();
  return {};
}

std::optional<CopyTask> CopyWalk::next() {
  while (ready_.empty() && !all_found_) advance();
  if (ready_.empty()) return {};
  CopyTask task = std::move(ready_.front());
  ready_.pop_front();
  return task;
}

void CopyWalk::advance() {
  if (source_) return read_page();
  if (next_source_ == sources_.size()) {
    all_found_ = true;
    return;
  }
  const std::string& name = sources_[next_source_++];
  auto source = places_.source(name);
  Status status = source ? check_apart(*source, destination_) : source.status();
  if (!status.ok()) return add_failure(name, std::move(status));
  source_ = std::make_shared<CopySource>(*std::move(source));
  begin_source();
}

/// The object of just that name, before what lies below it.
void CopyWalk::begin_source() {
  token_.clear();
  listed_ = 0;
  neighbours_.clear();
  const std::string top = source_->tree ? source_->into : last_part(source_->single);
  const bool taken = !top.empty() && !top_names_.insert(top).second;
  if (taken) {
    add_failure(
        source_->name,
        Status(Kind::already_exists, "another source has the same name").advise("Copy them to places of their own."));
    return end_source();
  }
  if (!source_->single.empty()) {
    ++listed_;
    CopyTask task;
    task.key = source_->single;
    task.destination_key = destination_.exact ? destination_.base : destination_.base + last_part(task.key);
    if (source_->single_seen) task.object = *source_->single_seen;
    if (filter_.passes(last_part(task.key)) && !source_->single_seen) all_sized_ = false;
    if (filter_.passes(last_part(task.key))) add(std::move(task));
  }
  if (!source_->tree) return end_source();
  // A directory is asked file by file, which is a system call; of a store that would be a request each.
  const bool looks = options_.update != CopyUpdate::none || record_.goes_on() || options_.endpoint.object.no_clobber;
  const bool beside = looks && destination_.to.local == nullptr;
  const std::string rest = source_->begins.substr(source_->base.size());
  if (beside) there_.emplace(destination_.to.store, destination_.base + source_->into + rest);
}

void CopyWalk::end_source() {
  source_.reset();
  there_.reset();
  if (next_source_ == sources_.size()) all_found_ = true;
}

void CopyWalk::read_page() {
  ListOptions request;
  request.prefix = source_->begins;
  request.token = token_;
  const auto page = source_->from.store->list(request);
  if (!page) {
    add_failure(source_->name, page.status());
    return end_source();
  }
  for (const ListedObject& object : page->objects) add_listed(object);
  for (const NotListed& other : page->left_out) {
    const std::string rest = other.key.substr(source_->base.size());
    if (source_->glob && !source_->glob->matches_beginning(rest)) continue;
    ++listed_;
    if (!filter_.passes(rest)) continue;
    CopyTask task;
    task.key = other.key;
    task.destination_key = destination_.base + source_->into + rest;
    task.refused = other.why;
    task.skipped = other.other_kind;
    add(std::move(task));
  }
  token_ = page->next_token;
  if (!token_.empty()) return;
  if (listed_ == 0 && (source_->glob || !source_->base.empty())) {
    add_failure(source_->name, Status(Kind::not_found, source_->glob ? "nothing matches" : "nothing lies below it"));
  }
  end_source();
}

void CopyWalk::add_listed(const ListedObject& object) {
  const std::string rest = object.key.substr(source_->base.size());
  if (source_->glob) {
    const bool meant = source_->beginnings ? source_->glob->matches_beginning(rest) : source_->glob->matches(rest);
    if (!meant) return;
  }
  ++listed_;
  if (!filter_.passes(rest)) return;
  // What only stands for a folder, which a directory needs no object for.
  const bool folder = object.size == 0 && (rest.empty() || rest.ends_with('/'));
  if (folder && (rest.empty() || destination_.to.local != nullptr)) return;
  CopyTask task;
  task.key = object.key;
  task.destination_key = destination_.base + source_->into + rest;
  task.object = CopyThere::Seen::of(object);
  task.listed = true;
  if (there_) task.there = there_->look(task.destination_key);
  add(std::move(task));
}

Status CopyWalk::check(const CopyTask& task) {
  const Store& store = *destination_.to.store;
  WEIR_TRY(store.check_key(task.destination_key));
  if (destination_.to.local == nullptr && !is_utf8(task.destination_key)) {
    return not_utf8().advise("Rename it, or leave it out with --exclude.");
  }
  if (source_->from.local == nullptr && task.source_url() == store.url(task.destination_key)) {
    return Status(Kind::invalid_argument, "both are the same object");
  }
  if (destination_.to.local == nullptr || destination_.exact) return {};
  WEIR_TRY(neighbours_.check(task.destination_key));
  return destination_.to.local->folds_case() ? collisions_.check(task.destination_key) : Status();
}

void CopyWalk::add(CopyTask task) {
  task.source = source_;
  if (task.refused.ok()) task.refused = check(task);
  ++found_;
  bytes_found_ += task.object.size;
  ready_.push_back(std::move(task));
}

void CopyWalk::add_failure(const std::string& name, Status why) {
  CopyTask task;
  task.key = shown_name(name);
  task.refused = std::move(why);
  ++found_;
  ready_.push_back(std::move(task));
}

}  // namespace weir::transfer
