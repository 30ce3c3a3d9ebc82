// weir_pull_...: the calls.
#include "abi/pull.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "abi/entry.hpp"
#include "abi/push.hpp"

namespace weir::abi {

namespace {

template <class Call>
Answer with_pull(weir_pull* pull, Call&& call) {
  std::shared_ptr<PullObject> object;
  WEIR_ABI_TRY(find_handle(pull, object));
  return object->alone([&] { return call(*object); }).during("pull from a job");
}

Answer give_chunk(PullObject& object, weir_chunk* chunk) {
  auto owned = std::make_unique<Chunk>(std::move(object.chunk()));
  object.chunk() = Chunk();
  chunk->data = owned->data();
  chunk->size = owned->size();
  chunk->owned = owned.release();
  return {};
}

Answer check_chunk(const weir_chunk* chunk) {
  return chunk == nullptr ? Answer(WEIR_E_INVALID_ARGUMENT, "the chunk to be filled is NULL") : Answer();
}

}  // namespace

}  // namespace weir::abi

void weir_chunk_release(weir_chunk* chunk) {
  if (chunk == nullptr) return;
  const weir_chunk empty = WEIR_CHUNK_INIT;
  // Letting go wakes the job: in the child of a fork there is none.
  if (!weir::abi::forked()) delete static_cast<weir::Chunk*>(chunk->owned);
  *chunk = empty;
}

weir_status weir_pull_new(const weir_handle_options* options, weir_pull** pull, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    if (pull == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the pull handle is NULL");
    *pull = nullptr;
    weir::HandleOptions how;
    WEIR_ABI_TRY(read_handle_options(options, how));
    if (how.exact_bytes) return Answer(WEIR_E_INVALID_ARGUMENT, "exact_bytes is of handles that push");
    *pull = static_cast<weir_pull*>(HandleTable::of_process().add(std::make_shared<PullObject>(how)));
    return {};
  });
}

weir_status weir_pull_read(weir_pull* pull, weir_chunk* chunk, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&] {
    return with_pull(pull, [&](PullObject& object) -> Answer {
      WEIR_ABI_TRY(check_chunk(chunk));
      weir_chunk_release(chunk);
      WEIR_ABI_TRY(try_until(*object.signal, -1, [&] { return object.fetch(); }));
      return give_chunk(object, chunk);
    });
  });
}

weir_status weir_pull_try_read(weir_pull* pull, weir_chunk* chunk, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&] {
    return with_pull(pull, [&](PullObject& object) -> Answer {
      WEIR_ABI_TRY(check_chunk(chunk));
      weir_chunk_release(chunk);
      WEIR_ABI_TRY(try_and_lower(*object.signal, [&] { return object.fetch(); }));
      return give_chunk(object, chunk);
    });
  });
}

weir_status weir_pull_read_into(weir_pull* pull, void* buffer, size_t capacity, size_t* size, weir_error* error) {
  using namespace weir::abi;
  if (size != nullptr) *size = 0;
  return run_waiting(error, [&] {
    return with_pull(pull, [&](PullObject& object) -> Answer {
      if (buffer == nullptr || size == nullptr || capacity == 0)
        return Answer(WEIR_E_INVALID_ARGUMENT, "there is no buffer to read into");
      WEIR_ABI_TRY(try_until(*object.signal, -1, [&] { return object.fetch(); }));
      weir::Chunk& chunk = object.chunk();
      *size = std::min(capacity, chunk.size());
      std::memcpy(buffer, chunk.data(), *size);
      chunk = chunk.slice(*size);
      return {};
    });
  });
}

weir_status weir_pull_wait(weir_pull* pull, int64_t timeout_ms, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&] {
    return with_pull(pull, [&](PullObject& object) {
      Answer answer = try_until(*object.signal, timeout_ms, [&] { return object.fetch(); });
      return answer.code == WEIR_END ? Answer() : answer;
    });
  });
}

weir_status weir_pull_fd(weir_pull* pull, int32_t* fd, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    std::shared_ptr<PullObject> object;
    WEIR_ABI_TRY(find_handle(pull, object));
    if (fd == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the file descriptor is NULL");
    const auto descriptor = object->signal->descriptor();
    if (!descriptor) return descriptor.status();
    *fd = *descriptor;
    return {};
  });
}

void weir_pull_free(weir_pull* pull) {
  using namespace weir::abi;
  run_free([&] {
    if (const auto object = HandleTable::of_process().remove<PullObject>(pull)) object->free();
  });
}
