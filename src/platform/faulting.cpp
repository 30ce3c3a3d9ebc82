#include "platform/faulting.hpp"

#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>

namespace weir::platform {
namespace {

std::atomic<ScopedFaults*> current{nullptr};
std::atomic<int> users{0};

/// The faults in force, if any. They do not go while they are looked at: another thread's last close may come late.
class Current {
 public:
  Current() {
    users.fetch_add(1);  // before it looks: whoever ends the faults either sees this one or is seen by it
    faults_ = current.load();
  }
  ~Current() { users.fetch_sub(1); }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

  ScopedFaults* get() const { return faults_; }

 private:
  ScopedFaults* faults_;
};

/// True where the call may go ahead; otherwise errno is set.
bool allowed(Call call, std::size_t* bytes = nullptr) {
  const Current faults;
  const int error_number = faults.get() == nullptr ? 0 : faults.get()->decide(call, bytes);
  errno = error_number;
  return error_number == 0;
}
void note(int change) {
  if (const Current faults; faults.get() != nullptr) faults.get()->opened_or_closed(change);
}

/// A table entry that asks first and then makes the real call with the same arguments.
template <Call call, auto member, class... Arguments>
int guarded(Arguments... arguments) {
  return allowed(call) ? (real_calls().*member)(arguments...) : -1;
}
template <Call call, auto member, class Buffer, class... Offset>
ssize_t guarded_bytes(int fd, Buffer buffer, std::size_t count, Offset... offset) {
  return allowed(call, &count) ? (real_calls().*member)(fd, buffer, count, offset...) : -1;
}

int faulting_open(const char* path, int flags, mode_t mode) {
  if (!allowed(Call::open)) return -1;
  const int fd = real_calls().open(path, flags, mode);
  if (fd >= 0) note(+1);
  return fd;
}

int faulting_close(int fd) {
  const bool well = allowed(Call::close);
  const int error_number = errno;
  note(-1);
  const int result = real_calls().close(fd);
  if (well) return result;
  errno = error_number;
  return -1;
}

constexpr Calls make_table() {
  Calls table = {};
  table.open = faulting_open;
  table.close = faulting_close;
  table.read = guarded_bytes<Call::read, &Calls::read, void*>;
  table.write = guarded_bytes<Call::write, &Calls::write, const void*>;
  table.pread = guarded_bytes<Call::pread, &Calls::pread, void*, off_t>;
  table.pread_nowait = guarded_bytes<Call::pread_nowait, &Calls::pread_nowait, void*, off_t>;
  table.pwrite = guarded_bytes<Call::pwrite, &Calls::pwrite, const void*, off_t>;
  table.fstat = guarded<Call::fstat, &Calls::fstat, int, struct stat*>;
  table.stat = guarded<Call::stat, &Calls::stat, const char*, struct stat*>;
  table.fdatasync = guarded<Call::fdatasync, &Calls::fdatasync, int>;
  table.fsync = guarded<Call::fsync, &Calls::fsync, int>;
  table.lives_in_memory = [](int fd) { return real_calls().lives_in_memory(fd); };
  table.folds_case = [](int fd) { return real_calls().folds_case(fd); };
  table.rename = guarded<Call::rename, &Calls::rename, const char*, const char*>;
  table.unlink = guarded<Call::unlink, &Calls::unlink, const char*>;
  table.mkdir = guarded<Call::mkdir, &Calls::mkdir, const char*, mode_t>;
  table.read_directory = [](int fd, void* into, std::size_t count) -> ssize_t {
    return allowed(Call::read_directory) ? real_calls().read_directory(fd, into, count) : -1;
  };
  table.rename_noreplace = guarded<Call::rename_noreplace, &Calls::rename_noreplace, const char*, const char*>;
  table.fchmod = guarded<Call::fchmod, &Calls::fchmod, int, mode_t>;
  table.set_modified = [](int fd, std::int64_t seconds) { real_calls().set_modified(fd, seconds); };
  table.ftruncate = guarded<Call::ftruncate, &Calls::ftruncate, int, off_t>;
  table.lock_byte = guarded<Call::lock_byte, &Calls::lock_byte, int, off_t, bool>;
  table.is_locked = [](int fd, off_t offset) { return real_calls().is_locked(fd, offset); };
  table.poll = guarded<Call::poll, &Calls::poll, struct pollfd*, nfds_t, int>;
  table.send_nowait = guarded_bytes<Call::send_nowait, &Calls::send_nowait, const void*>;
  table.realpath = [](const char* path) { return allowed(Call::realpath) ? real_calls().realpath(path) : nullptr; };
  table.advise_sequential = [](int fd) { real_calls().advise_sequential(fd); };
  table.monotonic_ns = [] { return real_calls().monotonic_ns(); };
  table.realtime_ns = [] { return real_calls().realtime_ns(); };
  table.random = [](void* into, std::size_t count) { real_calls().random(into, count); };
  return table;
}
constexpr Calls kFaulting = make_table();

bool interruptible(Call call) {
  switch (call) {
    case Call::open:
    case Call::read:
    case Call::write:
    case Call::pread:
    case Call::pwrite:
    case Call::poll:
      return true;
    default:
      return false;
  }
}

}  // namespace

const char* to_string(Call call) noexcept {
  constexpr const char* kNames[] = {
      "open", "close",       "read",     "write",          "pread",     "pread_nowait", "pwrite",           "fstat",
      "stat", "fdatasync",   "fsync",    "rename",         "unlink",    "mkdir",        "rename_noreplace", "fchmod",
      "poll", "send_nowait", "realpath", "read_directory", "lock_byte", "ftruncate"};
  static_assert(std::size(kNames) == kCallCount);
  return kNames[static_cast<std::size_t>(call)];
}

ScopedFaults::ScopedFaults() {
  current.store(this);
  set_platform(&kFaulting);
}

ScopedFaults::~ScopedFaults() {
  set_platform(nullptr);
  current.store(nullptr);
  while (users.load() != 0) std::this_thread::yield();
}

void ScopedFaults::fail(Call call, std::uint64_t nth, int error_number, Mode mode) {
  std::lock_guard lock(mutex_);
  faults_.push_back({call, nth, error_number, mode});
}
void ScopedFaults::fail_any(std::uint64_t nth, int error_number, Mode mode) {
  std::lock_guard lock(mutex_);
  faults_.push_back({std::nullopt, nth, error_number, mode});
}
void ScopedFaults::short_counts(std::uint64_t seed) {
  std::lock_guard lock(mutex_);
  state_ ^= seed;
  short_counts_ = true;
}
void ScopedFaults::interrupt(std::uint64_t seed, std::uint64_t one_in) {
  std::lock_guard lock(mutex_);
  state_ ^= seed;
  interrupt_one_in_ = one_in;
}
void ScopedFaults::before(Call call, std::uint64_t nth, std::function<void()> action) {
  std::lock_guard lock(mutex_);
  actions_.push_back({call, nth, std::move(action)});
}

std::uint64_t ScopedFaults::count(Call call) const {
  std::lock_guard lock(mutex_);
  return counts_[static_cast<std::size_t>(call)];
}
std::uint64_t ScopedFaults::total() const {
  std::lock_guard lock(mutex_);
  return total_;
}
std::uint64_t ScopedFaults::fired() const {
  std::lock_guard lock(mutex_);
  return fired_;
}
std::int64_t ScopedFaults::open_descriptors() const {
  std::lock_guard lock(mutex_);
  return open_;
}
void ScopedFaults::opened_or_closed(int change) {
  std::lock_guard lock(mutex_);
  open_ += change;
}

std::uint64_t ScopedFaults::draw(std::uint64_t bound) {
  // splitmix64: small, and the same on every machine for a printed seed.
  std::uint64_t mixed = (state_ += 0x9E3779B97F4A7C15u);
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return (mixed ^ (mixed >> 31)) % bound;
}

int ScopedFaults::decide(Call call, std::size_t* bytes) {
  std::function<void()> action;
  int error_number = 0;
  {
    std::lock_guard lock(mutex_);
    const std::uint64_t mine = ++counts_[static_cast<std::size_t>(call)];
    ++total_;
    for (const Action& each : actions_)
      if (each.call == call && each.nth == mine) action = each.run;
    for (const Fault& fault : faults_) {
      if (fault.call && *fault.call != call) continue;
      const std::uint64_t number = fault.call ? mine : total_;
      if (number == fault.nth || (fault.mode == Mode::persistent && number > fault.nth)) {
        error_number = fault.error_number;
        ++fired_;
        break;
      }
    }
    if (error_number == 0 && interrupt_one_in_ != 0 && interruptible(call)) {
      interrupted_last_ = !interrupted_last_ && draw(interrupt_one_in_) == 0;
      if (interrupted_last_) error_number = EINTR;
    }
    if (error_number == 0 && short_counts_ && bytes != nullptr && *bytes > 1)
      *bytes = 1 + static_cast<std::size_t>(draw(*bytes));
  }
  if (action) action();
  return error_number;
}

}  // namespace weir::platform
