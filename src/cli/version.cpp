#include <curl/curl.h>
#include <fmt/core.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>
#include <CLI/Version.hpp>
#include <pugixml.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "json_events.hpp"
#include "output.hpp"
#include "weir/stages/grep.hpp"
#include "weir/text/registry.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir::cli {

namespace {

/// "1.2.3" of 10203, and so on.
std::string dotted(unsigned number, unsigned step) {
  return fmt::format("{}.{}.{}", number / step / step, number / step % step, number % step);
}

std::vector<LibraryVersion> libraries() {
  const curl_version_info_data* const curl = ::curl_version_info(CURLVERSION_NOW);
  return {{"libcurl", curl->version},
          {"tls", curl->ssl_version == nullptr ? "none" : curl->ssl_version},
          {"openssl", ::OpenSSL_version(OPENSSL_VERSION_STRING)},
          {"zlib", ::zlibVersion()},
          {"zstd", ::ZSTD_versionString()},
          {"xxhash", dotted(::XXH_versionNumber(), 100)},
          {"sqlite", ::sqlite3_libversion()},
          {"pugixml", fmt::format("{}.{}", PUGIXML_VERSION / 1000, PUGIXML_VERSION % 1000 / 10)},
          {"fmt", dotted(FMT_VERSION, 100)},
          {"nlohmann-json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                        NLOHMANN_JSON_VERSION_PATCH)},
          {"cli11", CLI11_VERSION}};
}

/// Places, stages, and what else is there: from the tables that the command itself works by.
std::vector<std::string> features() {
  const curl_version_info_data* const curl = ::curl_version_info(CURLVERSION_NOW);
  std::vector<std::string> features;
  const auto add = [&](const std::vector<std::string_view>& names) {
    for (const std::string_view name : names) {
      const bool there = name != "https" || (curl->features & CURL_VERSION_SSL) != 0;
      if (there && std::find(features.begin(), features.end(), name) == features.end()) features.emplace_back(name);
    }
  };
  add(source_schemes());
  add(sink_schemes());
  std::vector<std::string_view> stages;
  for (const auto& [name, type] : StageRegistry::builtin().types()) stages.push_back(name);
  add(stages);
  add({"resume"});
  if (check_grep("", {.regex = true}).ok()) features.emplace_back("regex");
  if ((curl->features & CURL_VERSION_SSL) != 0) features.emplace_back("tls");
  if ((curl->features & CURL_VERSION_IPV6) != 0) features.emplace_back("ipv6");
  return features;
}

}  // namespace

int run_version(const CommandLine& line) {
  Output output;
  if (line.options.json) {
    output.print_line(version_event(features(), libraries()));
  } else {
    output.print(fmt::format("weir {}\nfeatures: {}\n", WEIR_VERSION, fmt::join(features(), " ")));
    for (const LibraryVersion& library : libraries()) {
      output.print(fmt::format("{} {}\n", library.name, library.version));
    }
  }
  return finish(output.status(), line.options);
}

int run_help(const CommandLine& line) {
  Output output;
  output.print(line.help);
  return finish(output.status(), line.options);
}

}  // namespace weir::cli
