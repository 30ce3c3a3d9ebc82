#include "discard/store.hpp"

#include <fmt/format.h>

#include "discard/crc.hpp"

namespace discard {
namespace {

Failure no_such_upload() { return {404, "Not Found", "NoSuchUpload", "The specified upload does not exist."}; }

Failure bad_request(const char* code, std::string message) { return {400, "Bad Request", code, std::move(message)}; }

}  // namespace

void Store::put(const std::string& name, const Piece& piece) {
  std::lock_guard lock(mutex_);
  objects_[name] = Object{piece, ""};
}

std::optional<Object> Store::find(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto found = objects_.find(name);
  return found == objects_.end() ? std::nullopt : std::optional(found->second);
}

void Store::remove(const std::string& name) {
  std::lock_guard lock(mutex_);
  objects_.erase(name);
}

std::vector<std::pair<std::string, Object>> Store::list(const std::string& prefix) {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, Object>> found;
  for (auto at = objects_.lower_bound(prefix); at != objects_.end() && at->first.rfind(prefix, 0) == 0; ++at) {
    found.emplace_back(*at);
  }
  return found;
}

std::string Store::create_upload(const std::string& name) {
  std::lock_guard lock(mutex_);
  const std::string id = fmt::format("upload-{}", next_id_++);
  uploads_[id].name = name;
  return id;
}

std::optional<Failure> Store::put_part(const std::string& id, std::uint32_t number, const Piece& piece) {
  std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end()) return no_such_upload();
  found->second.parts[number] = piece;
  return std::nullopt;
}

std::optional<Failure> Store::join(const Upload& upload, const WholeClaim& claim, Object& object) const {
  std::uint32_t last = 0;
  std::optional<std::uint64_t> crc = 0;
  if (claim.parts.empty()) return bad_request("MalformedXML", "The list of parts is empty.");
  for (std::size_t i = 0; i < claim.parts.size(); ++i) {
    const PartClaim& part = claim.parts[i];
    const auto found = upload.parts.find(part.number);
    if (part.number <= last)
      return bad_request("InvalidPartOrder", fmt::format("Part {} is out of order.", part.number));
    last = part.number;
    if (found == upload.parts.end() || found->second.etag != part.etag) {
      return bad_request("InvalidPart", fmt::format("Part {} is not there or has another ETag.", part.number));
    }
    const Piece& piece = found->second;
    if (i + 1 < claim.parts.size() && piece.length < min_part_bytes_) {
      return bad_request("EntityTooSmall", fmt::format("Part {} has {} bytes.", part.number, piece.length));
    }
    object.length += piece.length;
    if (crc && piece.crc64nvme) {
      crc = crc64nvme_combine(*crc, *piece.crc64nvme, piece.length);
    } else {
      crc.reset();
    }
  }
  if (!claim.size.empty() && claim.size != std::to_string(object.length)) {
    return bad_request("InvalidRequest", fmt::format("The parts make {} bytes, not {}.", object.length, claim.size));
  }
  if (!claim.crc64nvme.empty() && crc && claim.crc64nvme != to_base64(*crc)) {
    return bad_request("BadDigest", fmt::format("The parts make CRC64NVME {}.", to_base64(*crc)));
  }
  object.crc64nvme = crc ? crc : from_base64(claim.crc64nvme);
  object.etag = fmt::format("\"{:016x}{:016x}-{}\"", object.crc64nvme.value_or(0), object.length, claim.parts.size());
  return std::nullopt;
}

std::optional<Failure> Store::complete(const std::string& name, const std::string& id, const WholeClaim& claim,
                                       Object& object) {
  std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end() || found->second.name != name) {
    const auto done = objects_.find(name);
    if (done == objects_.end() || done->second.upload_id != id) return no_such_upload();
    object = done->second;
    return std::nullopt;
  }
  if (auto failure = join(found->second, claim, object)) return failure;
  object.upload_id = id;
  objects_[name] = object;
  uploads_.erase(found);
  return std::nullopt;
}

bool Store::abort(const std::string& id) {
  std::lock_guard lock(mutex_);
  return uploads_.erase(id) != 0;
}

std::optional<std::map<std::uint32_t, Piece>> Store::parts(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  return found == uploads_.end() ? std::nullopt : std::optional(found->second.parts);
}

std::map<std::string, std::string> Store::open_uploads() {
  std::lock_guard lock(mutex_);
  std::map<std::string, std::string> open;
  for (const auto& [id, upload] : uploads_) open[id] = upload.name;
  return open;
}

}  // namespace discard
