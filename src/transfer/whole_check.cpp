#include "transfer/whole_check.hpp"

#include <fmt/format.h>

namespace weir::transfer {

/// The first hash that can be computed here: a system may forbid one.
void WholeCheck::begin() {
  if (std::exchange(begun_, true)) return;
  for (const ToldDigest& told : origin_->digests()) {
    auto digest = make_digest(told.algorithm);
    if (!digest.ok() || (*digest)->update({}).failed()) continue;
    told_ = told;
    digest_ = *std::move(digest);
    return;
  }
}

Status WholeCheck::take(std::span<const std::byte> bytes) {
  begin();
  return digest_ ? digest_->update(bytes) : Status();
}

Status WholeCheck::end() {
  begin();
  if (!outcome_) outcome_ = compare();
  return *outcome_;
}

Status WholeCheck::compare() {
  if (!digest_) return {};
  WEIR_ASSIGN(const std::string found, digest_->finish());
  verified_ = found == told_.value;
  if (verified_) return {};
  return Status(Kind::corrupt,
                fmt::format("the bytes have {} {}, the server says {}", told_.algorithm, found, told_.value))
      .during("read " + origin_->url())
      .advise("What was read is not what is stored: do not use it, read it again.");
}

Facts WholeCheck::facts() const {
  return verified_ ? Facts{{"source_" + told_.algorithm + "_verified", told_.value}} : Facts();
}

}  // namespace weir::transfer
