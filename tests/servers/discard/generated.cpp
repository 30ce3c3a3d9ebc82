#include "discard/generated.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "discard/crc.hpp"

namespace discard {
namespace {

constexpr std::size_t kBlockBytes = Reply::kMadeAtOnce;  // odd: what is misplaced by a part or a page shows

/// Two blocks behind each other, so that any run of up to one block is in one place.
const std::vector<char>& blocks() {
  static const std::vector<char> kBlocks = [] {
    std::vector<char> made(2 * kBlockBytes);
    std::uint64_t state = 0x9E3779B97F4A7C15u;
    for (std::size_t i = 0; i < kBlockBytes; ++i) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      made[i] = made[i + kBlockBytes] = static_cast<char>(state >> 32);
    }
    return made;
  }();
  return kBlocks;
}

/// Whole blocks are put together by doubling.
std::uint64_t crc_of(std::uint64_t size) {
  const std::uint64_t rest = size % kBlockBytes;
  std::uint64_t crc = 0;
  std::uint64_t power = crc64nvme(0, blocks().data(), kBlockBytes);
  std::uint64_t length = kBlockBytes;
  for (std::uint64_t count = size / kBlockBytes; count > 0; count >>= 1) {
    if ((count & 1) != 0) crc = crc64nvme_combine(crc, power, length);
    if (count > 1) power = crc64nvme_combine(power, power, length);
    length *= 2;
  }
  return crc64nvme_combine(crc, crc64nvme(0, blocks().data(), rest), rest);
}

std::uint64_t known_crc_of(std::uint64_t size) {
  static std::mutex mutex;
  static std::map<std::uint64_t, std::uint64_t> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find(size);
  return found != known.end() ? found->second : known[size] = crc_of(size);
}

bool number(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

/// One range as [first, last]; false for what cannot be satisfied. What is no single range asks for the whole.
bool read_range(std::string_view text, std::uint64_t size, std::uint64_t& first, std::uint64_t& last, bool& partial) {
  constexpr std::string_view kUnit = "bytes=";
  partial = false;
  first = 0;
  last = size - 1;
  const auto dash = text.find('-');
  if (!text.starts_with(kUnit) || dash == std::string_view::npos || text.find(',') != std::string_view::npos)
    return true;
  const std::string_view from = text.substr(kUnit.size(), dash - kUnit.size());
  const std::string_view to = text.substr(dash + 1);
  std::uint64_t value = 0;
  if (from.empty()) {  // the last bytes
    if (!number(to, value)) return true;
    partial = true;
    first = size - std::min(size, value);
    return value > 0;
  }
  if (!number(from, value) || (!to.empty() && !number(to, last))) return true;
  partial = true;
  first = value;
  last = std::min(to.empty() ? size - 1 : last, size - 1);
  return first < size && first <= last;
}

}  // namespace

std::optional<std::uint64_t> generated_size(const std::string& name) {
  constexpr std::string_view kKey = "gen-";
  const auto slash = name.rfind('/');
  std::uint64_t size = 0;
  if (slash == std::string::npos || name.compare(slash + 1, kKey.size(), kKey) != 0) return std::nullopt;
  return number(std::string_view(name).substr(slash + 1 + kKey.size()), size) ? std::optional(size) : std::nullopt;
}

Reply generated(const Request& request, std::uint64_t size) {
  Reply reply;
  const std::string etag = fmt::format("\"{:032x}-1\"", size);  // as of an upload in parts: nobody takes it for an MD5
  reply.header["ETag"] = etag;
  reply.header["Last-Modified"] = "Thu, 01 Jan 2026 00:00:00 GMT";
  reply.header["Accept-Ranges"] = "bytes";
  reply.header["Content-Type"] = "binary/octet-stream";
  const std::string match = request.get("if-match");
  if (!match.empty() && match != "*" && match != etag) {
    reply.status = 412;
    reply.reason = "Precondition Failed";
    return reply;
  }
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool partial = false;
  if (size > 0 && !read_range(request.get("range"), size, first, last, partial)) {
    reply.status = 416;
    reply.reason = "Range Not Satisfiable";
    reply.header["Content-Range"] = fmt::format("bytes */{}", size);
    return reply;
  }
  // As S3: of the whole object, and only where the whole is asked for.
  if (!partial) {
    reply.header["x-amz-checksum-crc64nvme"] = to_base64(known_crc_of(size));
    reply.header["x-amz-checksum-type"] = "FULL_OBJECT";
  } else {
    reply.status = 206;
    reply.reason = "Partial Content";
    reply.header["Content-Range"] = fmt::format("bytes {}-{}/{}", first, last, size);
  }
  reply.make_from = first;
  reply.make_bytes = size == 0 ? 0 : last - first + 1;
  reply.make = [](std::uint64_t offset) { return blocks().data() + offset % kBlockBytes; };
  return reply;
}

}  // namespace discard
