// Spec: a pipeline in one line of text, taken apart: "file:big.csv | zstd level=3 | s3://bucket/big.csv.zst".
//
// Stages stand between '|'; a stage is a name and parameters, name=value or a value alone, between spaces. Quotes take
// the meaning from spaces, '|' and '=': between '…' everything is meant as it stands, between "…" \" is a quote and
// \\ a backslash. They may stand anywhere in a word, as in a shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/core/status.hpp"

namespace weir {

struct SpecWord {
  std::string name;   ///< of a parameter; empty where a value stands alone
  std::string value;  ///< without quotes
  // Where it stands in the text, in bytes; 0 for what was not parsed.
  std::size_t at = 0;
  std::size_t size = 0;
  std::size_t value_at = 0;

  bool operator==(const SpecWord& other) const { return name == other.name && value == other.value; }
};

struct SpecStage {
  SpecWord name;  ///< its value is the stage's name, or a place: "s3://bucket/key"
  std::vector<SpecWord> parameters;

  bool operator==(const SpecStage&) const = default;
};

struct Spec {
  std::vector<SpecStage> stages;

  /// As it would be typed, quoted where it must be: parses back to an equal Spec.
  std::string text() const;
  bool operator==(const Spec&) const = default;
};

/// Errors: invalid_argument, with the column, for a quote without an end, an empty stage, a NUL. Text of spaces alone
/// is no stages.
Result<Spec> parse_spec(std::string_view text, const std::string& operation = "read the pipeline");

}  // namespace weir
