// UploadMarks: what an upload's last transform has made, in the ledger; and how much of it an earlier run has stored.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "weir/core/mark.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir::transfer {

/// Thread-safe.
class UploadMarks final : public Marks {
 public:
  // For the transform.
  void attend(std::function<void()> wake) override;
  Result<std::uint64_t> skip_bytes() override;
  std::optional<Mark> earlier(std::uint64_t index) override;
  std::optional<std::string> state(std::uint64_t index) override;
  void made(std::uint64_t index, const Mark& mark, std::string state) override;
  std::uint64_t hash(std::uint64_t before, std::span<const std::byte> bytes) const override;
  bool wanted() const override;
  Status differs(Status why) override;

  // For the sink.

  /// Somebody will leave out what decide() says.
  bool attended() const;
  /// Where they are recorded, in open(). The claim may end before the transform does.
  void record_in(const std::shared_ptr<JobClaim>& claim);
  /// How much of the output the marks of an earlier run describe.
  Result<std::uint64_t> described_bytes();
  void decide(std::uint64_t skip_bytes);
  /// Why what an earlier run left does not fit; ok: nobody has said so.
  Status difference() const;

 private:
  static constexpr std::size_t kPage = 512;

  std::shared_ptr<JobClaim> claim() const;
  Status load(std::uint64_t index);

  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::weak_ptr<JobClaim> claim_;
  std::optional<std::uint64_t> skip_bytes_;
  Status difference_;
  std::uint64_t page_from_ = 0;
  std::vector<Mark> page_;  // a page at a time: a TB has some 250,000
};

}  // namespace weir::transfer
