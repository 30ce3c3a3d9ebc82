// Resumable uploads for HTTP (draft-ietf-httpbis-resumable-upload), in each version that clients speak, and uploads in
// one plain request, which are the same without its fields.
#pragma once

#include <memory>
#include <optional>

#include "server/append_request.hpp"
#include "server/exchange.hpp"
#include "server/places.hpp"
#include "server/uploads.hpp"

namespace weir::server {

/// What differs between versions of the draft, by its interop version.
struct UploadDraft {
  int version;
  bool tells_incomplete;  ///< Upload-Incomplete, the other way round, in place of Upload-Complete
  bool has_type;          ///< appends are application/partial-upload
  bool has_limits;        ///< Upload-Limit, Upload-Length, problem types
  const char* age_key;    ///< of Upload-Limit
};

/// Of the version that the request names; of the newest if it names none; null if it names one that is not known.
const UploadDraft* draft_of(const RequestHead& head);
/// Whether a request speaks it: has one of its fields, or its type.
bool speaks_resumable_http(const RequestHead& head);
/// "max-size=5, max-age=9".
std::string upload_limit(const UploadDraft& draft, const UploadLimits& limits);

class ResumableHttp final {
 public:
  /// `interim`: clients that ask for it are told of a new upload's place before its body has come (104). Some proxies
  /// take such a response for the last one.
  ResumableHttp(std::shared_ptr<Uploads> uploads, const Places& places, bool interim)
      : uploads_(std::move(uploads)), places_(places), interim_(interim) {}
  /// Of what lies at or below the places' base; GET of what is finished is answered elsewhere.
  std::unique_ptr<Handler> handle(const Request& request, Exchange& exchange);

 private:
  std::unique_ptr<Handler> create(const Request& request, const UploadDraft& draft, Exchange& exchange);
  std::unique_ptr<Handler> append(const Request& request, const UploadDraft& draft,
                                  const std::shared_ptr<Upload>& upload, Exchange& exchange);
  std::unique_ptr<Handler> look(const UploadDraft& draft, const std::shared_ptr<Upload>& upload, Exchange& exchange);
  std::unique_ptr<Handler> remove(const std::shared_ptr<Upload>& upload, Exchange& exchange);

  const std::shared_ptr<Uploads> uploads_;
  const Places& places_;
  const bool interim_;
};

}  // namespace weir::server
