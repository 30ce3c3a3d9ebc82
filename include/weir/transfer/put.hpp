// put_to: the sink that sends a stream to any HTTP server in one PUT.
#pragma once

#include <memory>
#include <string_view>

#include "weir/core/stage.hpp"
#include "weir/core/status.hpp"
#include "weir/store/http.hpp"
#include "weir/transfer/upload.hpp"

namespace weir {

/// `url` as the end of a pipeline; errors as of http_target(). Sends nothing yet.
///
/// A source that can be read again and whose length is known is sent as upload_to(http_target(...)) sends it: read
/// again for each attempt, whatever its size. Any other stream is held in the sink's memory while it fits there, and
/// then sent with its length; such a PUT is repeated like the first kind. What does not fit is sent while it comes:
/// with its length where that is known, else in chunks (RFC 9112 section 7.1), which S3 for one refuses. Once its
/// beginning has been let go, an attempt that breaks is the end: a file or more memory would have done. Errors of
/// close(): the server's own, source_changed, corrupt (it tells another length or checksum than was sent).
Result<std::unique_ptr<Sink>> put_to(std::string_view url, const HttpOptions& http = {}, ObjectOptions object = {},
                                     UploadOptions upload = {});

}  // namespace weir
