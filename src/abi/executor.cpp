#include "abi/executor.hpp"

#include <algorithm>
#include <utility>

#include "abi/host.hpp"
#include "abi/process.hpp"
#include "abi/structs.hpp"

struct weir_task {
  weir::Executor::Task run;
};

namespace weir::abi {

namespace {

/// Thread-safe, as far as the host's function is.
class HostExecutor final : public Executor {
 public:
  HostExecutor(const weir_executor& table, std::shared_ptr<Host> host)
      : post_(table.post), concurrency_(std::max<uint32_t>(table.concurrency, 1)), host_(std::move(host)) {}
  void post(Task task) override { hand_over(WEIR_TASK_SHORT, 0, std::move(task)); }
  void post_heavy(Task task) override { hand_over(WEIR_TASK_HEAVY, 0, std::move(task)); }
  void post_blocking(Task task) override { hand_over(WEIR_TASK_BLOCKING, 0, std::move(task)); }
  void post_after(std::chrono::nanoseconds delay, Task task) override {
    hand_over(WEIR_TASK_SHORT, static_cast<uint64_t>(std::max<std::int64_t>(delay.count(), 0)), std::move(task));
  }
  std::size_t concurrency() const noexcept override { return concurrency_; }

 private:
  void hand_over(int32_t kind, uint64_t delay_ns, Task task) {
    auto* const handed = new weir_task{std::move(task)};
    const CallbackScope inside;
    post_(host_->get(), kind, delay_ns, handed);
  }

  void (*const post_)(void*, int32_t, uint64_t, weir_task*);
  const std::size_t concurrency_;
  const std::shared_ptr<Host> host_;
};

}  // namespace

Answer read_executor(const weir_executor* given, std::shared_ptr<Executor>& into) {
  if (given == nullptr) return {};
  weir_executor table;
  WEIR_ABI_TRY(read_struct(given, "weir_executor", table));
  std::shared_ptr<Host> host = take_host(table);
  if (table.post == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "weir_executor.post is NULL");
  into = std::make_shared<HostExecutor>(table, std::move(host));
  return {};
}

}  // namespace weir::abi

void weir_task_run(weir_task* task) {
  if (task == nullptr || weir::abi::forked()) return;  // in the child of a fork it is the parent's to run
  const std::unique_ptr<weir_task> owned(task);
  try {
    owned->run();
  } catch (...) {
    // Tasks do not throw; if one does, it does not reach the host.
  }
}

void weir_task_drop(weir_task* task) {
  if (!weir::abi::forked()) delete task;
}
