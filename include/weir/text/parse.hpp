// parse(): a pipeline from one line of text, as `weir run` takes it.
//
//   auto pipeline = weir::parse("file:big.csv | sha256 | zstd level=3 | s3://bucket/big.csv.zst");
//   auto receipt = weir::start(std::move(*pipeline)).wait();
#pragma once

#include <string>
#include <string_view>

#include "weir/core/pipeline.hpp"
#include "weir/text/registry.hpp"
#include "weir/text/spec.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir {

struct ParseOptions {
  const StageRegistry* registry = nullptr;  ///< none: that of this library. Used during the call alone
  EndpointOptions endpoint;                 ///< for the places at both ends
  /// Places that stand in where the text begins or ends with a transform; none: that is an error.
  std::string source_if_none;
  std::string sink_if_none;
};

/// Sends and opens nothing. Errors: invalid_argument; they point at the column (from 1) and name what is near.
Result<Pipeline> parse(std::string_view text, const ParseOptions& options = {});
Result<Pipeline> build(const Spec& spec, std::string_view text, const ParseOptions& options = {});

/// Transforms alone; empty text is none of them. `operation` completes "cannot …" in errors.
Result<Through> parse_through(std::string_view text, const StageRegistry& registry = StageRegistry::builtin(),
                              const std::string& operation = "read the stages");

}  // namespace weir
