// Store: what is remembered of bytes that were thrown away: lengths, ETags and checksums of objects and uploads.
//
// Thread-safe: one lock over all, never held while bodies are read.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace discard {

/// What one body left behind.
struct Piece {
  std::uint64_t length = 0;
  std::string etag;                        ///< with its quotes
  std::optional<std::uint64_t> crc64nvme;  ///< unknown where the client declared none and nothing was computed
  std::string other_checksum;              ///< header name of another algorithm that the client sent, or empty
  std::string other_value;
};

struct Object : Piece {
  std::string upload_id;  ///< of the upload it came from; a repeated Complete is answered alike
};

/// An S3 error: HTTP status, reason, code and message.
struct Failure {
  int status;
  const char* reason;
  std::string code;
  std::string message;
};

/// One line of a CompleteMultipartUpload.
struct PartClaim {
  std::uint32_t number = 0;
  std::string etag;
};

/// What a Complete says of the whole object.
struct WholeClaim {
  std::vector<PartClaim> parts;
  std::string size;       ///< x-amz-mp-object-size, or empty
  std::string crc64nvme;  ///< x-amz-checksum-crc64nvme, or empty
};

class Store {
 public:
  explicit Store(std::uint64_t min_part_bytes) : min_part_bytes_(min_part_bytes) {}

  void put(const std::string& name, const Piece& piece);
  std::optional<Object> find(const std::string& name);
  void remove(const std::string& name);
  std::vector<std::pair<std::string, Object>> list(const std::string& prefix);

  std::string create_upload(const std::string& name);
  std::optional<Failure> put_part(const std::string& id, std::uint32_t number, const Piece& piece);
  std::optional<Failure> complete(const std::string& name, const std::string& id, const WholeClaim& claim,
                                  Object& object);
  bool abort(const std::string& id);
  std::optional<std::map<std::uint32_t, Piece>> parts(const std::string& id);
  std::map<std::string, std::string> open_uploads();  ///< id → object

 private:
  struct Upload {
    std::string name;
    std::map<std::uint32_t, Piece> parts;
  };
  std::optional<Failure> join(const Upload& upload, const WholeClaim& claim, Object& object) const;

  const std::uint64_t min_part_bytes_;
  std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;
  std::uint64_t next_id_ = 1;
};

}  // namespace discard
