// A request whose body is added to an upload, in whatever protocol: takes the upload over, adds what comes, answers
// once that lasts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/alive.hpp"
#include "server/body_digest.hpp"
#include "server/exchange.hpp"
#include "server/tus_fields.hpp"
#include "server/uploads.hpp"

namespace weir::server {

/// How a protocol answers.
class AppendWords {
 public:
  virtual ~AppendWords() = default;
  /// What came lasts. `created`: by this request.
  virtual Response appended(const Upload& upload, bool created) const = 0;
  enum class Problem : std::uint8_t {
    other_offset,    ///< than the client's
    too_long,        ///< for the length that was told, or for the server
    other_length,    ///< than was told before, or less than is there
    bad_checksum,    ///< nothing of the body counts
    unknown_digest,  ///< a trailer that is none
    fenced,          ///< a newer request goes on
    finished,        ///< nothing more is taken
    disk,            ///< `why`
  };
  /// `upload` is null where there is none yet.
  virtual Response refused(const Upload* upload, Problem problem, const std::string& why) const = 0;
};

struct AppendPlan {
  std::uint64_t offset = 0;                   ///< where the client goes on
  std::optional<std::uint64_t> length = {};   ///< of the whole, as this request tells it
  std::optional<std::uint64_t> body = {};     ///< bytes of this one, if it tells
  std::uint64_t most = UINT64_MAX;            ///< bytes of the whole that this server takes
  bool ends = false;                          ///< with this body the upload is whole
  bool takes_body = true;                     ///< false: what comes is no part of the upload
  std::optional<std::string> algorithm = {};  ///< of a digest of the body
  std::optional<std::string> digest = {};     ///< its bytes
  /// Where they come behind the body: reads them.
  std::function<std::optional<UploadChecksum>(const ChunkedReader&)> digest_in = {};
};

class AppendRequest final : public Handler, private Alive {
 public:
  AppendRequest(std::shared_ptr<const AppendWords> words, AppendPlan plan, Exchange& exchange);
  ~AppendRequest() override;
  AppendRequest(const AppendRequest&) = delete;
  AppendRequest& operator=(const AppendRequest&) = delete;

  /// To one that is there.
  void begin(const std::shared_ptr<Upload>& upload);
  /// To a new one. `told`, if any, tells the client where it is before its body comes: without that, one whose client
  /// goes before it is answered is removed again, as nobody could go on with it.
  void create(Uploads& uploads, NewUpload what, std::function<void(const Upload&)> told);

  bool ready() const override;
  void content(Chunk bytes) override;
  void content_end(const ChunkedReader& trailers) override;

 private:
  using Problem = AppendWords::Problem;
  void taken_over(const Status& status);
  void all_written(const Status& status);
  void checked(const Result<std::string>& digest, const std::string& wanted);
  void make_durable();
  void answer_once_stored();
  void answer();
  void refuse(Problem problem, const std::string& why = {});
  void let_go();

  const std::shared_ptr<const AppendWords> words_;
  const AppendPlan plan_;
  Exchange& exchange_;
  std::shared_ptr<Upload> upload_;
  std::shared_ptr<Appending> appending_;
  std::optional<BodyDigest> digest_;
  std::optional<UploadChecksum> trailing_;
  Uploads* created_in_ = nullptr;  // null: it was there before
  bool told_ = false;              // its place
  Upload::Watch stored_;
  bool started_ = false;
  bool ended_ = false;
  bool answered_ = false;
};

}  // namespace weir::server
