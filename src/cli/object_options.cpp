#include "object_options.hpp"

#include <fmt/format.h>

#include <cctype>
#include <fstream>
#include <map>

#include "progress_bar.hpp"

namespace weir::cli {

namespace {

constexpr std::size_t kKeyBytes = 32;

Status usage(const char* option, std::string cause) {
  return Status(Kind::invalid_argument, std::move(cause)).during(fmt::format("read --{}", option));
}

/// "NAME=VALUE" each; the same name twice would lose one.
Status split_pairs(const char* option, const std::vector<std::string>& typed, char mark,
                   std::map<std::string, std::string>& into) {
  for (const std::string& pair : typed) {
    const std::size_t at = pair.find(mark);
    if (at == 0 || at == std::string::npos) {
      // What stands there may be a secret whose name was forgotten.
      const std::string what = mark == ':' ? "a header" : "\"" + pair + "\"";
      return usage(option, fmt::format("{} is not of the form NAME{}VALUE", what, mark));
    }
    std::string value = pair.substr(at + 1);
    if (mark == ':') value.erase(0, value.find_first_not_of(' '));
    if (!into.emplace(pair.substr(0, at), std::move(value)).second) {
      return usage(option, fmt::format("\"{}\" is given twice", pair.substr(0, at)));
    }
  }
  return {};
}

/// Headers as typed, and for "@FILE" the lines of that file: what is secret need not be seen in the list of processes.
Result<std::vector<std::string>> with_files(const std::vector<std::string>& typed) {
  std::vector<std::string> headers;
  for (const std::string& each : typed) {
    if (!each.starts_with('@')) {
      headers.push_back(each);
      continue;
    }
    std::ifstream file(each.substr(1));
    if (!file) return usage("header", fmt::format("the file {} cannot be opened", each.substr(1)));
    for (std::string line; std::getline(file, line);) {
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
      if (!line.empty()) headers.push_back(line);
    }
  }
  return headers;
}

int base64_value(char c) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t at = kLetters.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// 32 bytes from 44 letters; empty for what is no base64.
std::string decode_key(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  std::string key;
  unsigned bits = 0;
  int held = 0;
  if (text.size() != 44 || text.back() != '=') return {};
  text.pop_back();
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return {};
    bits = bits << 6 | static_cast<unsigned>(value);
    held += 6;
    if (held >= 8) key += static_cast<char>(bits >> (held -= 8) & 0xff);
  }
  return key;
}

/// Secrets are never options: they would be seen in the list of processes.
Status read_key(const std::string& path, std::string& into) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status(Kind::not_found, "the file cannot be opened").during("read the SSE-C key of " + path);
  std::string text(256, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  into = text.size() == kKeyBytes ? text : decode_key(text);
  if (into.size() == kKeyBytes) return {};
  return Status(Kind::invalid_argument, "it holds neither 32 bytes nor 32 bytes in base64")
      .during("read the SSE-C key of " + path)
      .advise("Make one with: openssl rand -base64 32 > FILE");
}

}  // namespace

void add_service_options(const AddValue& value, S3Options& s3, RawObjectOptions& raw) {
  value("s3-profile", s3.s3_profile, "NAME", "aws, r2, b2, minio, gcs or generic; default: by the endpoint's host");
  value("sse-c-key-file", raw.sse_c_key_file, "FILE", "the customer's key (SSE-C): 32 bytes, or those in base64");
}

void add_object_options(CLI::App& app, const AddValue& value, ObjectOptions& object, RawObjectOptions& raw) {
  const auto list = [&](const char* names, std::vector<std::string>& into, const char* type, const char* help) {
    app.add_option(names, into, help)
        ->type_name(type)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  value("content-type", object.content_type, "TYPE", "of the object; default: by the name's suffix");
  value("content-encoding", object.content_encoding, "TEXT", "of the object");
  value("cache-control", object.cache_control, "TEXT", "of the object");
  value("content-disposition", object.content_disposition, "TEXT", "of the object");
  list("--metadata", raw.metadata, "NAME=VALUE", "of the object; may stand several times");
  list("--tag", raw.tags, "NAME=VALUE", "of the object; may stand several times");
  value("storage-class", object.storage_class, "NAME", "of the object");
  value("sse", raw.sse, "KIND", "encryption at the store: AES256, aws:kms or aws:kms:dsse");
  value("sse-kms-key-id", raw.sse_kms_key_id, "ID", "of the key for --sse aws:kms");
  app.add_flag("--no-clobber", object.no_clobber, "copy only what is not there yet; of many the rest is skipped")
      ->envname("WEIR_NO_CLOBBER");
  value("if-match", object.if_match, "ETAG", "replace only the object with this ETag");
}

void add_http_options(CLI::App& app, RawObjectOptions& raw) {
  app.add_option("--header", raw.headers,
                 "a header for the http(s):// end, or of S3's own (x-amz-...); @FILE: those in a file, one a line; "
                 "may stand several times")
      ->type_name("NAME:VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

Status interpret_object(const RawObjectOptions& raw, ObjectOptions& object, S3Options& s3) {
  WEIR_TRY(split_pairs("metadata", raw.metadata, '=', object.metadata));
  WEIR_TRY(split_pairs("tag", raw.tags, '=', object.tags));
  WEIR_ASSIGN(const auto headers, with_files(raw.headers));
  WEIR_TRY(split_pairs("header", headers, ':', object.headers));
  if (object.if_match.size() >= 2 && object.if_match.front() == '"' && object.if_match.back() == '"') {
    object.if_match = object.if_match.substr(1, object.if_match.size() - 2);
  }
  if (object.no_clobber && !object.if_match.empty()) {
    return Status(Kind::invalid_argument, "--no-clobber and --if-match exclude each other").during("read the options");
  }
  if (!raw.sse.empty()) {
    if (raw.sse != "AES256" && raw.sse != "aws:kms" && raw.sse != "aws:kms:dsse") {
      return usage("sse", fmt::format("\"{}\" is none of AES256, aws:kms, aws:kms:dsse", raw.sse));
    }
    object.headers["x-amz-server-side-encryption"] = raw.sse;
  }
  if (!raw.sse_kms_key_id.empty()) {
    if (!raw.sse.starts_with("aws:kms")) return usage("sse-kms-key-id", "it goes with --sse aws:kms");
    object.headers["x-amz-server-side-encryption-aws-kms-key-id"] = raw.sse_kms_key_id;
  }
  return raw.sse_c_key_file.empty() ? Status() : read_key(raw.sse_c_key_file, s3.sse_customer_key);
}

Status check_object_options(const ObjectOptions& object, const std::string& destination) {
  const EndKind kind = end_kind(destination);
  const bool keeps_them = kind != EndKind::file && kind != EndKind::standard && kind != EndKind::null;
  ObjectOptions asked = object;
  if (kind == EndKind::file) asked.no_clobber = false;  // that much a file can do
  if (asked.is_default() || keeps_them) return {};
  return Status(Kind::invalid_argument, "only an object of a store can be stored with these options")
      .during("copy to " + (kind == EndKind::null ? "\"null:\"" : shown_name(destination)))
      .advise("Metadata, headers, tags and conditions go with a destination like s3://BUCKET/KEY.");
}

Status share_headers(const std::string& source, const std::string& destination, EndpointOptions& endpoint) {
  const bool from_http = end_kind(source) == EndKind::http;
  const bool to_http = end_kind(destination) == EndKind::http;
  if (!from_http && !to_http) return {};
  std::map<std::string, std::string> left;
  for (const auto& [name, value] : endpoint.object.headers) {
    const bool is_stores = !to_http && (name.starts_with("x-amz-") || name.starts_with("X-Amz-") ||
                                        (end_kind(destination) == EndKind::vercel && name.starts_with("x-")));
    if (is_stores) {
      left.emplace(name, value);
    } else {
      endpoint.http.headers.emplace_back(name, value);
    }
  }
  if (from_http && to_http && !endpoint.http.headers.empty()) {
    return Status(Kind::invalid_argument,
                  "both ends are http(s):// URLs, and which of them the headers are for is not said")
        .during(fmt::format("copy {} to {}", shown_name(source), shown_name(destination)))
        .advise("Copy by way of a file or a pipe: weir cat --header ... URL | weir cp - URL.");
  }
  endpoint.object.headers = std::move(left);
  return {};
}

}  // namespace weir::cli
