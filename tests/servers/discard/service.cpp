#include "discard/service.hpp"

#include <fmt/format.h>

#include "discard/crc.hpp"
#include "discard/generated.hpp"

namespace discard {
namespace {

constexpr std::size_t kMaxXmlBytes = 4 * 1024 * 1024;  // 10,000 parts with their checksums
constexpr std::size_t kListPage = 1000;
constexpr const char* kXml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr const char* kNamespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// The text between <tag> and </tag> from `at` on, which moves behind it.
std::optional<std::string> element(const std::string& xml, const std::string& tag, std::size_t& at) {
  const auto open = xml.find("<" + tag + ">", at);
  if (open == std::string::npos) return std::nullopt;
  const auto begin = open + tag.size() + 2;
  const auto end = xml.find("</" + tag + ">", begin);
  if (end == std::string::npos) return std::nullopt;
  at = end;
  return xml.substr(begin, end - begin);
}

std::vector<PartClaim> claimed_parts(const std::string& xml) {
  std::vector<PartClaim> parts;
  std::size_t at = 0;
  while (auto part = element(xml, "Part", at)) {
    std::size_t inside = 0;
    const auto number = element(*part, "PartNumber", inside);
    inside = 0;
    std::string etag = element(*part, "ETag", inside).value_or("");
    for (const std::string_view escape : {"&quot;", "&#34;"}) {  // clients write either
      for (auto at_quote = etag.find(escape); at_quote != std::string::npos; at_quote = etag.find(escape))
        etag.replace(at_quote, escape.size(), "\"");
    }
    if (!etag.empty() && etag.front() != '"') etag = '"' + etag + '"';
    parts.push_back({static_cast<std::uint32_t>(std::strtoul(number.value_or("0").c_str(), nullptr, 10)), etag});
  }
  return parts;
}

Reply failed(const Failure& failure) {
  Reply reply;
  reply.status = failure.status;
  reply.reason = failure.reason;
  reply.header["Content-Type"] = "application/xml";
  reply.body =
      fmt::format("{}<Error><Code>{}</Code><Message>{}</Message><RequestId>0000000000000001</RequestId></Error>", kXml,
                  failure.code, escaped(failure.message));
  return reply;
}

Reply xml(std::string body) {
  Reply reply;
  reply.header["Content-Type"] = "application/xml";
  reply.body = kXml + std::move(body);
  return reply;
}

void describe(const Piece& piece, Reply& reply) {
  reply.header["ETag"] = piece.etag;
  if (piece.crc64nvme) reply.header["x-amz-checksum-crc64nvme"] = to_base64(*piece.crc64nvme);
  if (!piece.other_checksum.empty()) reply.header[piece.other_checksum] = piece.other_value;
}

/// One request on its connection.
class Exchange {
 public:
  Exchange(Connection& connection, Shared& shared, Request& request)
      : connection_(connection), shared_(shared), request_(request), name_(percent_decode(request.path)) {}

  /// False where the connection must end.
  bool run(Reply& reply) {
    const bool is_bucket = name_.find('/', 1) == std::string::npos || name_.find('/', 1) + 1 == name_.size();
    if (request_.method == "PUT" && !is_bucket) return put(reply);
    std::string body;
    if (!read_text(body)) return false;
    if (name_ == "/_weir/state") {
      reply = state();
    } else if (is_bucket) {
      reply = bucket();
    } else if (request_.method == "POST" && request_.asks("uploads")) {
      reply = create();
    } else if (request_.method == "POST" && request_.asks("uploadId")) {
      reply = complete(body);
    } else if (request_.method == "DELETE") {
      reply = remove();
    } else if (request_.method == "GET" && request_.asks("uploadId")) {
      reply = list_parts();
    } else if (request_.method == "GET" || request_.method == "HEAD") {
      reply = look();
    } else {
      reply = failed({501, "Not Implemented", "NotImplemented", "The discarding endpoint has no such operation."});
    }
    reply.head_only = request_.method == "HEAD";
    return true;
  }

 private:
  bool read_text(std::string& body) {
    std::uint64_t length = 0;
    return connection_.read_body(
        request_,
        [&body](const char* bytes, std::size_t count) {
          if (body.size() < kMaxXmlBytes) body.append(bytes, count);
        },
        length);
  }

  /// PutObject and UploadPart: the body goes nowhere.
  bool put(Reply& reply) {
    Piece piece;
    std::uint64_t computed = 0;
    Connection::Look look;
    if (shared_.verify) {
      look = [&computed](const char* bytes, std::size_t count) { computed = crc64nvme(computed, bytes, count); };
    }
    if (request_.header.count("content-length") == 0) {
      reply =
          failed({411, "Length Required", "MissingContentLength", "You must provide the Content-Length HTTP header."});
      reply.close = true;
      return true;
    }
    if (!connection_.read_body(request_, look, piece.length)) return false;
    if (auto failure = check(piece, computed)) {
      reply = failed(*failure);
      return true;
    }
    if (request_.asks("uploadId")) {
      const auto number = static_cast<std::uint32_t>(std::strtoul(request_.query["partNumber"].c_str(), nullptr, 10));
      if (number < 1 || number > 10000) {
        reply = failed({400, "Bad Request", "InvalidArgument", "Part number must be an integer between 1 and 10000."});
      } else if (auto failure = shared_.store.put_part(request_.query["uploadId"], number, piece)) {
        reply = failed(*failure);
      } else {
        describe(piece, reply);
      }
      return true;
    }
    if (request_.get("if-none-match") == "*" && shared_.store.find(name_)) {
      reply = failed({412, "Precondition Failed", "PreconditionFailed", "The object exists."});
      return true;
    }
    shared_.store.put(name_, piece);
    describe(piece, reply);
    return true;
  }

  /// Takes what the client declared, or compares it with what was computed.
  std::optional<Failure> check(Piece& piece, std::uint64_t computed) {
    const std::string decoded = request_.get("x-amz-decoded-content-length");
    if (!decoded.empty() && decoded != std::to_string(piece.length)) {
      return Failure{400, "Bad Request", "IncompleteBody",
                     fmt::format("{} bytes came, {} were declared.", piece.length, decoded)};
    }
    const std::string claimed = request_.get("x-amz-checksum-crc64nvme");
    if (!claimed.empty()) {
      piece.crc64nvme = from_base64(claimed);
      if (!piece.crc64nvme)
        return Failure{400, "Bad Request", "InvalidRequest", "Value for x-amz-checksum-crc64nvme is invalid."};
      if (shared_.verify && *piece.crc64nvme != computed) {
        return Failure{400, "Bad Request", "BadDigest",
                       fmt::format("CRC64NVME is {}, not {}.", to_base64(computed), claimed)};
      }
    } else if (shared_.verify) {
      piece.crc64nvme = computed;
    }
    for (const char* other :
         {"x-amz-checksum-crc32", "x-amz-checksum-crc32c", "x-amz-checksum-sha1", "x-amz-checksum-sha256"}) {
      if (request_.header.count(other) == 0) continue;
      piece.other_checksum = other;
      piece.other_value = request_.get(other);
    }
    // As in S3, the ETag is the MD5 where the client says it: some compare. Else it only differs where bytes do.
    const auto md5 = md5_digits(request_.get("content-md5"));
    piece.etag =
        fmt::format("\"{}\"", md5 ? *md5 : fmt::format("{:016x}{:016x}", piece.crc64nvme.value_or(0), piece.length));
    return std::nullopt;
  }

  Reply create() {
    const std::string id = shared_.store.create_upload(name_);
    return xml(
        fmt::format("<InitiateMultipartUploadResult {}>{}<UploadId>{}</UploadId></InitiateMultipartUploadResult>",
                    kNamespace, bucket_and_key(), id));
  }

  Reply complete(const std::string& body) {
    if (request_.get("if-none-match") == "*") {
      const auto there = shared_.store.find(name_);
      if (there && there->upload_id != request_.query["uploadId"]) {
        return failed({412, "Precondition Failed", "PreconditionFailed", "The object exists."});
      }
    }
    const WholeClaim claim{claimed_parts(body), request_.get("x-amz-mp-object-size"),
                           request_.get("x-amz-checksum-crc64nvme")};
    Object object;
    if (auto failure = shared_.store.complete(name_, request_.query["uploadId"], claim, object))
      return failed(*failure);
    std::string checksum;
    if (object.crc64nvme) {
      checksum = fmt::format("<ChecksumCRC64NVME>{}</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>",
                             to_base64(*object.crc64nvme));
    }
    return xml(fmt::format("<CompleteMultipartUploadResult {}>{}<ETag>{}</ETag>{}</CompleteMultipartUploadResult>",
                           kNamespace, bucket_and_key(), escaped(object.etag), checksum));
  }

  Reply remove() {
    Reply reply;
    reply.status = 204;
    reply.reason = "No Content";
    if (!request_.asks("uploadId")) {
      shared_.store.remove(name_);
    } else if (!shared_.store.abort(request_.query["uploadId"])) {
      return failed({404, "Not Found", "NoSuchUpload", "The specified upload does not exist."});
    }
    return reply;
  }

  Reply list_parts() {
    const auto parts = shared_.store.parts(request_.query["uploadId"]);
    if (!parts) return failed({404, "Not Found", "NoSuchUpload", "The specified upload does not exist."});
    const auto after =
        static_cast<std::uint32_t>(std::strtoul(request_.query["part-number-marker"].c_str(), nullptr, 10));
    std::size_t page = kListPage;
    if (request_.asks("max-parts"))
      page = std::min<std::size_t>(page, std::strtoul(request_.query["max-parts"].c_str(), nullptr, 10));
    std::string list;
    std::uint32_t last = after;
    std::size_t count = 0;
    auto at = parts->upper_bound(after);
    for (; at != parts->end() && count < page; ++at, ++count) {
      last = at->first;
      list += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag><Size>{}</Size>", last,
                          escaped(at->second.etag), at->second.length);
      if (at->second.crc64nvme)
        list += fmt::format("<ChecksumCRC64NVME>{}</ChecksumCRC64NVME>", to_base64(*at->second.crc64nvme));
      list += "</Part>";
    }
    return xml(
        fmt::format("<ListPartsResult {}>{}<UploadId>{}</UploadId><PartNumberMarker>{}</PartNumberMarker>"
                    "<NextPartNumberMarker>{}</NextPartNumberMarker><IsTruncated>{}</IsTruncated>{}</ListPartsResult>",
                    kNamespace, bucket_and_key(), request_.query["uploadId"], after, last, at != parts->end(), list));
  }

  Reply look() {
    const auto object = shared_.store.find(name_);
    const auto made = object ? std::nullopt : generated_size(name_);
    if (made) return generated(request_, *made);
    if (!object) return failed({404, "Not Found", "NoSuchKey", "The specified key does not exist."});
    if (request_.method == "GET") {
      return failed(
          {410, "Gone", "Discarded", "This endpoint throws all bytes away; only their length and checksum are kept."});
    }
    Reply reply;
    describe(*object, reply);
    if (object->crc64nvme) reply.header["x-amz-checksum-type"] = "FULL_OBJECT";
    reply.header["Content-Length"] = std::to_string(object->length);
    reply.header["Last-Modified"] = "Thu, 01 Jan 2026 00:00:00 GMT";
    return reply;
  }

  /// Every bucket exists; GET lists its objects, or its open uploads.
  Reply bucket() {
    const std::string bucket = name_.substr(0, name_.find('/', 1)) + "/";
    if (request_.method == "DELETE") {
      Reply reply;
      reply.status = 204;
      reply.reason = "No Content";
      return reply;
    }
    if (request_.method != "GET") return Reply();
    if (request_.asks("uploads")) {
      std::string list;
      for (const auto& [id, name] : shared_.store.open_uploads()) {
        if (name.rfind(bucket, 0) != 0) continue;
        list += fmt::format("<Upload><Key>{}</Key><UploadId>{}</UploadId></Upload>",
                            escaped(name.substr(bucket.size())), id);
      }
      return xml(
          fmt::format("<ListMultipartUploadsResult {}><IsTruncated>false</IsTruncated>{}</ListMultipartUploadsResult>",
                      kNamespace, list));
    }
    return list_objects(bucket);
  }

  Reply list_objects(const std::string& bucket) {
    const std::string after =
        request_.asks("continuation-token") ? request_.query["continuation-token"] : request_.query["start-after"];
    std::string list;
    std::string last;
    std::size_t count = 0;
    bool more = false;
    for (const auto& [name, object] : shared_.store.list(bucket + request_.query["prefix"])) {
      const std::string key = name.substr(bucket.size());
      if (key <= after) continue;
      if (count == kListPage) {
        more = true;
        break;
      }
      ++count;
      last = key;
      list += fmt::format(
          "<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>{}</ETag>"
          "<Size>{}</Size></Contents>",
          escaped(key), escaped(object.etag), object.length);
    }
    if (more) list += fmt::format("<NextContinuationToken>{}</NextContinuationToken>", escaped(last));
    return xml(
        fmt::format("<ListBucketResult {}><Name>{}</Name><KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>{}"
                    "</ListBucketResult>",
                    kNamespace, escaped(bucket.substr(1, bucket.size() - 2)), count, more, list));
  }

  /// For tests: what has come so far.
  Reply state() {
    Reply reply;
    reply.header["Content-Type"] = "application/json";
    reply.body = fmt::format("{{\"bytes\": {}, \"requests\": {}, \"objects\": {}, \"open_uploads\": {}}}\n",
                             shared_.throttle.total(), shared_.requests.load(), shared_.store.list("/").size(),
                             shared_.store.open_uploads().size());
    return reply;
  }

  std::string bucket_and_key() const {
    const auto slash = name_.find('/', 1);
    return fmt::format("<Bucket>{}</Bucket><Key>{}</Key>", escaped(name_.substr(1, slash - 1)),
                       escaped(name_.substr(slash + 1)));
  }

  Connection& connection_;
  Shared& shared_;
  Request& request_;
  const std::string name_;  // "/bucket/key"
};

}  // namespace

void serve(int fd, Shared& shared) {
  Connection connection(fd, shared.throttle);
  Request request;
  while (connection.read_head(request)) {
    ++shared.requests;
    Reply reply;
    if (!Exchange(connection, shared, request).run(reply)) return;
    reply.header["x-amz-request-id"] = fmt::format("{:016X}", shared.requests.load());
    reply.close = reply.close || request.get("connection") == "close";
    if (!connection.send(reply) || reply.close) return;
  }
}

}  // namespace discard
