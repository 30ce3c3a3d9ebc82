// Options of what an object is stored with, and of the service it goes to.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "weir/core/status.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir::cli {

/// As they were typed.
struct RawObjectOptions {
  std::vector<std::string> metadata, tags, headers;
  std::string sse, sse_kms_key_id, sse_c_key_file;
};

/// How an option is added, its environment variable included.
using AddValue = std::function<void(const char* name, std::string& into, const char* type, const std::string& help)>;

/// Options that every command of a store takes.
void add_service_options(const AddValue& value, S3Options& s3, RawObjectOptions& raw);
/// Options of a copy's destination.
void add_object_options(CLI::App& app, const AddValue& value, ObjectOptions& object, RawObjectOptions& raw);
/// What ends that are http(s):// URLs take, and headers, which may also be a store's.
void add_http_options(CLI::App& app, RawObjectOptions& raw);
/// Reads the files of the SSE-C key and of headers. Errors: invalid_argument, not_found.
Status interpret_object(const RawObjectOptions& raw, ObjectOptions& object, S3Options& s3);
/// invalid_argument where the destination is no store that could keep them.
Status check_object_options(const ObjectOptions& object, const std::string& destination);
/// Gives an http(s):// end the headers that are not the destination store's own. invalid_argument where both are such.
Status share_headers(const std::string& source, const std::string& destination, EndpointOptions& endpoint);

}  // namespace weir::cli
