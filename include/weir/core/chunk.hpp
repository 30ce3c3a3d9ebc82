// Chunk: an immutable, reference-counted slice of memory. What flows through a pipeline.
//
// Copying and slicing share the memory; the last owner releases it. A default Chunk is empty and owns nothing: where
// chunks are a stream, an empty one is its end.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace weir {

/// Memory that chunks share. `release` is called once, by whichever thread lets go last; it must not throw.
struct ChunkOwner {
  ChunkOwner(void (*release_owner)(ChunkOwner*) noexcept, std::size_t owned_bytes) noexcept
      : release(release_owner), bytes(owned_bytes) {}
  std::atomic<std::uint32_t> references{1};
  void (*release)(ChunkOwner*) noexcept;
  const std::size_t bytes;  // that go when it does
};

/// Copies may be used from different threads at once; one Chunk object is thread-compatible.
class Chunk {
 public:
  Chunk() noexcept = default;
  /// Adopts one reference of `owner` (nullptr: the memory outlives every chunk).
  Chunk(const std::byte* data, std::size_t size, ChunkOwner* owner) noexcept
      : data_(data), size_(size), owner_(owner) {}
  Chunk(const Chunk& other) noexcept : data_(other.data_), size_(other.size_), owner_(other.owner_) { retain(owner_); }
  Chunk(Chunk&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        owner_(std::exchange(other.owner_, nullptr)) {}
  Chunk& operator=(const Chunk& other) noexcept { return *this = Chunk(other); }
  Chunk& operator=(Chunk&& other) noexcept {
    if (this == &other) return *this;
    ChunkOwner* const before = owner_;
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    owner_ = std::exchange(other.owner_, nullptr);
    drop(before);
    return *this;
  }
  ~Chunk() { drop(owner_); }

  /// A chunk over memory of its own (outside any budget: for small things such as headers and tests).
  static Chunk copy_of(std::span<const std::byte> bytes) {
    if (bytes.empty()) return {};
    struct Copy : ChunkOwner {
      explicit Copy(std::size_t size)
          : ChunkOwner([](ChunkOwner* self) noexcept { delete static_cast<Copy*>(self); }, size),
            memory(new std::byte[size]) {}
      std::unique_ptr<std::byte[]> memory;
    };
    auto* copy = new Copy(bytes.size());
    std::memcpy(copy->memory.get(), bytes.data(), bytes.size());
    return {copy->memory.get(), bytes.size(), copy};
  }
  static Chunk copy_of(std::string_view text) { return copy_of(std::as_bytes(std::span(text))); }

  /// A chunk over the host's memory. `release(data)` is called once, on any thread, when no chunk needs it any more.
  template <class Release>
  static Chunk foreign(std::span<const std::byte> bytes, Release release) {
    struct Foreign : ChunkOwner {
      Foreign(std::span<const std::byte> memory, Release let_go)
          : ChunkOwner(
                [](ChunkOwner* self) noexcept {
                  std::unique_ptr<Foreign> foreign(static_cast<Foreign*>(self));
                  foreign->release_host(foreign->data);
                },
                memory.size()),
            data(memory.data()),
            release_host(std::move(let_go)) {}
      const std::byte* data;
      Release release_host;
    };
    return {bytes.data(), bytes.size(), new Foreign(bytes, std::move(release))};
  }

  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }

  /// How much memory cannot be used anew because of it; much more than its size where it is what is left of a slab.
  std::size_t kept_bytes() const noexcept { return owner_ == nullptr ? 0 : owner_->bytes; }
  /// Both keep the same memory.
  bool shares(const Chunk& other) const noexcept { return owner_ != nullptr && owner_ == other.owner_; }

  /// [offset, offset + count), clamped to what is there; shares the memory.
  Chunk slice(std::size_t offset, std::size_t count = SIZE_MAX) const noexcept {
    offset = offset < size_ ? offset : size_;
    count = count < size_ - offset ? count : size_ - offset;
    if (count == 0) return {};
    retain(owner_);
    return {data_ + offset, count, owner_};
  }

  /// Grows this chunk by `next` if that lies right behind it in the same memory; otherwise false and unchanged.
  bool join(const Chunk& next) noexcept {
    if (owner_ == nullptr || next.owner_ != owner_ || data_ + size_ != next.data_) return false;
    size_ += next.size_;
    return true;
  }

 private:
  static void retain(ChunkOwner* owner) noexcept {
    if (owner != nullptr) owner->references.fetch_add(1, std::memory_order_relaxed);
  }
  static void drop(ChunkOwner* owner) noexcept {
    if (owner != nullptr && owner->references.fetch_sub(1, std::memory_order_acq_rel) == 1) owner->release(owner);
  }

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  ChunkOwner* owner_ = nullptr;
};

}  // namespace weir
