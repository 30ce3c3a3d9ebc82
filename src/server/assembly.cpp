#include "server/assembly.hpp"

#include <algorithm>
#include <utility>

namespace weir::server {
namespace {

constexpr std::string_view kFinal = ServedUpload::kOthers;

}  // namespace

std::string Assembly::text_of(const std::vector<std::string>& ids) {
  std::string text(kFinal);
  for (const std::string& id : ids) text += (text.size() == kFinal.size() ? "" : " ") + id;
  return text;
}

std::vector<std::string> Assembly::parts_of(const ServedUpload& record) {
  std::vector<std::string> ids;
  if (!record.is_made_of_others()) return ids;
  std::string_view text = std::string_view(record.concat).substr(kFinal.size());
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    ids.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return ids;
}

void Assembly::assemble_earlier() {
  const auto uploads = uploads_.lock();
  if (!uploads) return;
  std::vector<std::shared_ptr<Upload>> unfinished;
  for (const auto& [id, upload] : uploads->all()) {
    if (upload->unfinished() && upload->record().is_made_of_others()) unfinished.push_back(upload);
  }
  for (const auto& upload : unfinished) assemble(upload, [] {});
}

void Assembly::assemble(const std::shared_ptr<Upload>& upload, std::function<void()> settled) {
  const auto uploads = uploads_.lock();
  if (!uploads) return;
  const auto watch = std::make_shared<std::function<void()>>([weak = weak_from_this(), id = upload->id()] {
    if (const auto self = weak.lock()) self->look(id, [] {});
  });
  for (const std::string& id : parts_of(upload->record())) {
    if (const auto part = uploads->find(id)) part->watch(watch);
  }
  watched_[upload->id()] = watch;
  look(upload->id(), std::move(settled));
}

void Assembly::look(const std::string& id, std::function<void()> settled) {
  const auto uploads = uploads_.lock();
  const auto upload = uploads ? uploads->find(id) : nullptr;
  if (!upload) {
    watched_.erase(id);
    return;
  }
  std::vector<std::shared_ptr<Upload>> parts;
  std::uint64_t bytes = 0;
  for (const std::string& part_id : parts_of(upload->record())) {
    auto part = uploads->find(part_id);
    if (!part) {
      watched_.erase(id);
      upload->fail("part " + part_id + " was removed before all of them were there");
      return settled();
    }
    if (part->record().state != ServedUpload::State::received) return settled();
    bytes += part->received();
    parts.push_back(std::move(part));
  }
  if (watched_.erase(id) == 0) return;  // it is at it
  copy(upload, std::move(parts), bytes, std::move(settled));
}

void Assembly::copy(const std::shared_ptr<Upload>& upload, std::vector<std::shared_ptr<Upload>> parts,
                    std::uint64_t bytes, std::function<void()> settled) {
  const auto work = [parts = std::move(parts)](UploadFiles& files, platform::Fd& into) -> Status {
    std::uint64_t offset = 0;
    for (const auto& part : parts) {
      WEIR_ASSIGN(const auto from, files.open_upload(part->id(), false));
      WEIR_ASSIGN(const std::uint64_t copied, files.copy(*from, into, offset));
      offset += copied;
    }
    return {};
  };
  upload->fill(bytes, work, std::move(settled));
}

}  // namespace weir::server
