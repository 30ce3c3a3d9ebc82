// A ledger that is opened when something is to be written into it.
#include <mutex>
#include <optional>
#include <utility>

#include "weir/ledger/ledger.hpp"

namespace weir {
namespace {

/// Thread-safe.
class OnDemandLedger final : public Ledger {
 public:
  explicit OnDemandLedger(LedgerOptions options) : options_(std::move(options)) {}

  std::string path() const override {
    const std::lock_guard lock(mutex_);
    return opened_ && opened_->ok() ? (**opened_)->path() : options_.state_dir;
  }
  Result<std::unique_ptr<JobClaim>> claim(const JobRecord& wanted) override {
    WEIR_ASSIGN(const auto ledger, opened());
    return ledger->claim(wanted);
  }
  Result<std::unique_ptr<JobClaim>> claim(std::int64_t id) override {
    WEIR_ASSIGN(const auto ledger, opened());
    return ledger->claim(id);
  }
  Result<std::vector<JobRecord>> jobs() override {
    WEIR_ASSIGN(const auto ledger, opened());
    return ledger->jobs();
  }
  Result<JobRecord> job(std::int64_t id) override {
    WEIR_ASSIGN(const auto ledger, opened());
    return ledger->job(id);
  }
  Status flush() override {
    std::unique_lock lock(mutex_);
    if (!opened_ || !opened_->ok()) return {};
    const std::shared_ptr<Ledger> ledger = **opened_;
    lock.unlock();
    return ledger->flush();
  }

 private:
  Result<std::shared_ptr<Ledger>> opened() {
    std::unique_lock lock(mutex_);
    if (opened_) return *opened_;
    opened_ = Ledger::open(options_);
    Result<std::shared_ptr<Ledger>> result = *opened_;
    lock.unlock();
    if (!result.ok() && options_.on_trouble) {
      options_.on_trouble(
          fmt::format("{}: transfers go on, but after a kill they begin anew", one_line(result.error())));
    }
    return result;
  }
  static std::string one_line(const Error& error) {
    Error without = error;
    without.advice.clear();
    return Status(std::move(without)).message();
  }

  const LedgerOptions options_;
  mutable std::mutex mutex_;
  std::optional<Result<std::shared_ptr<Ledger>>> opened_;
};

}  // namespace

std::shared_ptr<Ledger> Ledger::on_demand(LedgerOptions options) {
  return std::make_shared<OnDemandLedger>(std::move(options));
}

}  // namespace weir
