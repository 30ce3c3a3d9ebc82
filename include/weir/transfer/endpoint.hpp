// Endpoints: sources and sinks by name, as people type them.
//
//   source: PATH · file:PATH · - (standard input) · s3://bucket/key · vercel://store/path · http(s)://host/path?query ·
//           gen:SIZE[?seed=N&ratio=R]
//   sink:   PATH · file:PATH · - (standard output) · s3://bucket/key · vercel://store/path · http(s)://host/path?query
//   ·
//           null:
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "weir/core/stage.hpp"
#include "weir/core/status.hpp"
#include "weir/store/http.hpp"
#include "weir/store/s3.hpp"
#include "weir/store/vercel_blob.hpp"
#include "weir/transfer/download.hpp"
#include "weir/transfer/put.hpp"
#include "weir/transfer/upload.hpp"

namespace weir {

struct EndpointOptions {
  S3Options s3;                      ///< ignored where `client` is set
  std::shared_ptr<S3Client> client;  ///< to share connections and keys between transfers
  VercelOptions vercel;              ///< for vercel:// names
  HttpOptions http;                  ///< for http:// and https:// names
  ObjectOptions object;
  UploadOptions upload;
  DownloadOptions download;       ///< `range` and `etag`: of files too
  bool durable = true;            ///< files: synced with their directory before they count as done
  bool make_directories = false;  ///< files: LocalOptions::make_directories
};

/// Errors: invalid_argument for a name that cannot be meant, with the nearest that can. Sends and opens nothing.
Result<std::unique_ptr<Source>> open_source(std::string_view name, const EndpointOptions& options = {});
Result<std::unique_ptr<Sink>> open_sink(std::string_view name, const EndpointOptions& options = {});

/// What may stand in front of the first colon of a name: "file", "s3", ….
const std::vector<std::string_view>& source_schemes();
const std::vector<std::string_view>& sink_schemes();

/// As above, for composing: what is wrong with the name is told by start().
std::unique_ptr<Source> from(std::string_view name, const EndpointOptions& options = {});
std::unique_ptr<Sink> to(std::string_view name, const EndpointOptions& options = {});

/// The client that `options` describe: theirs, or a new one.
Result<std::shared_ptr<S3Client>> s3_client(const EndpointOptions& options);

/// The candidate nearest to what was typed, or empty if none is near: for "did you mean".
std::string_view nearest(std::string_view typed, const std::vector<std::string_view>& candidates);

}  // namespace weir
