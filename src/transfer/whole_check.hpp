// WholeCheck: compares the bytes of a whole object, in order, with the hash that its origin tells.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "weir/codec/digest.hpp"
#include "weir/core/stage.hpp"
#include "weir/core/status.hpp"
#include "weir/store/origin.hpp"

namespace weir::transfer {

/// Hashes nothing where the origin has told no hash by the first byte. Thread-compatible.
class WholeCheck {
 public:
  explicit WholeCheck(std::shared_ptr<Origin> origin) : origin_(std::move(origin)) {}

  /// The next bytes.
  Status take(std::span<const std::byte> bytes);
  /// That was all: corrupt where the hash is another.
  Status end();
  /// "source_sha256_verified" and the value, once it was compared.
  Facts facts() const;

 private:
  void begin();
  Status compare();

  const std::shared_ptr<Origin> origin_;
  bool begun_ = false;
  bool verified_ = false;
  ToldDigest told_;
  std::unique_ptr<Digest> digest_;
  std::optional<Status> outcome_;
};

}  // namespace weir::transfer
