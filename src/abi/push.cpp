// weir_push_...: the calls.
#include "abi/push.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "abi/entry.hpp"
#include "abi/host.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

/// What a chunk costs beside its bytes: a stream of single bytes must not take more memory than it may.
constexpr std::size_t kChunkCost = 256;

struct CopiedBytes : ChunkOwner {
  explicit CopiedBytes(std::size_t size)
      : ChunkOwner([](ChunkOwner* self) noexcept { delete static_cast<CopiedBytes*>(self); }, size + kChunkCost),
        memory(new std::byte[size]) {}
  std::unique_ptr<std::byte[]> memory;
};

Chunk copied(const void* data, std::size_t size) {
  auto owner = std::make_unique<CopiedBytes>(size);
  std::memcpy(owner->memory.get(), data, size);
  const std::byte* const bytes = owner->memory.get();
  return {bytes, size, owner.release()};
}

Answer check_data(const void* data, std::size_t size) {
  if (data == nullptr && size != 0) return Answer(WEIR_E_INVALID_ARGUMENT, "the data is NULL, and its size is not 0");
  return {};
}

/// `call(object, handle)` of a push handle, by one thread at a time.
template <class Call>
Answer with_push(weir_push* push, Call&& call) {
  std::shared_ptr<PushObject> object;
  WEIR_ABI_TRY(find_handle(push, object));
  return object->alone([&](PushHandle& handle) { return call(*object, handle); }).during("push into a job");
}

/// What fails in the middle fails the stream: nobody knows how much of it was taken.
Answer write_all(PushObject& object, PushHandle& handle, const void* data, std::size_t size) {
  const auto* const bytes = static_cast<const std::byte*>(data);
  const auto write = [&](std::size_t at) {
    const Chunk chunk = copied(bytes + at, std::min(size - at, kSliceBytes));
    return try_until(*object.signal, -1, [&] { return object.put(handle, chunk); });
  };
  for (std::size_t at = 0; at < size; at += kSliceBytes) {
    try {
      Answer answer = write(at);
      if (!answer.ok() && at > 0) handle.fail(object.half_written());
      WEIR_ABI_TRY(std::move(answer));
    } catch (const std::bad_alloc&) {
      if (at > 0) handle.fail(object.half_written());
      throw;
    }
  }
  return {};
}

/// As much as there is room for. What is wrong behind that is told by the next call.
Answer write_some(PushObject& object, PushHandle& handle, const void* data, std::size_t size, std::size_t& taken) {
  const auto* bytes = static_cast<const std::byte*>(data);
  while (taken < size) {
    std::size_t piece = std::min(size - taken, kSliceBytes);
    while (piece > PushObject::kLeastPiece && !handle.room(piece)) piece = std::max(piece / 2, PushObject::kLeastPiece);
    try {
      const Chunk chunk = copied(bytes + taken, piece);
      Answer answer = try_and_lower(*object.signal, [&] { return object.put(handle, chunk); });
      if (!answer.ok() && taken > 0) return {};
      WEIR_ABI_TRY(std::move(answer));
    } catch (const std::bad_alloc&) {
      if (taken > 0) return {};
      throw;
    }
    taken += piece;
  }
  return {};
}

}  // namespace

}  // namespace weir::abi

weir_status weir_push_new(const weir_handle_options* options, weir_push** push, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    if (push == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the push handle is NULL");
    *push = nullptr;
    weir::HandleOptions how;
    WEIR_ABI_TRY(read_handle_options(options, how));
    *push = static_cast<weir_push*>(HandleTable::of_process().add(std::make_shared<PushObject>(how)));
    return {};
  });
}

weir_status weir_push_write(weir_push* push, const void* data, size_t size, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&] {
    return with_push(push, [&](PushObject& object, weir::PushHandle& handle) -> Answer {
      WEIR_ABI_TRY(check_data(data, size));
      return write_all(object, handle, data, size);
    });
  });
}

weir_status weir_push_try_write(weir_push* push, const void* data, size_t size, size_t* taken, weir_error* error) {
  using namespace weir::abi;
  if (taken != nullptr) *taken = 0;
  return run(error, [&] {
    return with_push(push, [&](PushObject& object, weir::PushHandle& handle) -> Answer {
      WEIR_ABI_TRY(check_data(data, size));
      if (taken == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the count of bytes is NULL");
      return write_some(object, handle, data, size, *taken);
    });
  });
}

weir_status weir_push_give(weir_push* push, const void* data, size_t size, void (*release)(void*, const void*),
                           void* host, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&] {
    return with_push(push, [&](PushObject& object, weir::PushHandle& handle) -> Answer {
      WEIR_ABI_TRY(check_data(data, size));
      if (release == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "release is NULL");
      if (size == 0) return Answer(WEIR_E_INVALID_ARGUMENT, "there are no bytes to give");
      // Until it was taken it is not released: a refusal leaves it with the host.
      const auto taken = std::make_shared<bool>(false);
      const std::span bytes(static_cast<const std::byte*>(data), size);
      const auto chunk = weir::Chunk::foreign(bytes, [taken, release, host](const std::byte* memory) {
        if (!*taken) return;
        const CallbackScope inside;
        release(host, memory);
      });
      return try_and_lower(*object.signal, [&] {
        *taken = true;  // before anyone else may let it go
        try {
          Answer answer = object.put(handle, chunk);
          if (!answer.ok()) *taken = false;
          return answer;
        } catch (...) {
          *taken = false;
          throw;
        }
      });
    });
  });
}

weir_status weir_push_lease(weir_push* push, void** memory, size_t* size, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&] {
    return with_push(push, [&](PushObject& object, weir::PushHandle& handle) -> Answer {
      if (memory == nullptr || size == nullptr)
        return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the lease is NULL");
      *memory = nullptr;
      *size = 0;
      if (handle.broken()) return object.put(handle, copied("", 1));  // the reason
      const auto lease = handle.lease();
      if (!lease) return lease.status();
      *memory = lease->data();
      *size = object.lease_bytes = lease->size();
      return {};
    });
  });
}

weir_status weir_push_commit(weir_push* push, size_t size, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&] {
    return with_push(push, [&](PushObject& object, weir::PushHandle& handle) -> Answer {
      if (object.lease_bytes == 0) return Answer(WEIR_E_STATE, "there is no lease to commit");
      if (size > object.lease_bytes) {
        return Answer(WEIR_E_INVALID_ARGUMENT,
                      fmt::format("{} bytes are more than the lease has: {}", size, object.lease_bytes));
      }
      Answer answer = try_and_lower(*object.signal, [&]() -> Answer { return handle.commit(size); });
      object.wanted_bytes = answer.code == WEIR_PENDING ? size : PushObject::kLeastPiece;
      if (answer.code != WEIR_PENDING && size > 0) object.lease_bytes = 0;  // it went, or nobody will take it
      return answer;
    });
  });
}

weir_status weir_push_wait(weir_push* push, int64_t timeout_ms, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&] {
    return with_push(push, [&](PushObject& object, weir::PushHandle& handle) {
      return try_until(*object.signal, timeout_ms, [&] { return object.room(handle); });
    });
  });
}

weir_status weir_push_fd(weir_push* push, int32_t* fd, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    std::shared_ptr<PushObject> object;
    WEIR_ABI_TRY(find_handle(push, object));
    if (fd == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the file descriptor is NULL");
    const auto descriptor = object->signal->descriptor();
    if (!descriptor) return descriptor.status();
    *fd = *descriptor;
    return {};
  });
}

weir_status weir_push_close(weir_push* push, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&] {
    return with_push(push, [](PushObject&, weir::PushHandle& handle) {
      handle.close();
      return Answer();
    });
  });
}

weir_status weir_push_fail(weir_push* push, const char* cause, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&] {
    return with_push(push, [&](PushObject&, weir::PushHandle& handle) -> Answer {
      std::string text;
      WEIR_ABI_TRY(read_text(cause, "the cause", text));
      handle.fail(weir::Status(weir::Kind::io, std::move(text)).during("read from the host"));
      return {};
    });
  });
}

void weir_push_free(weir_push* push) {
  using namespace weir::abi;
  run_free([&] {
    if (const auto object = HandleTable::of_process().remove<PushObject>(push)) object->free();
  });
}
