// LocalBench: a directory, a pool, and a Target's calls made to wait for their results.
#pragma once

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/temp_dir.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/thread_pool.hpp"
#include "weir/store/local.hpp"

namespace weir::test {

inline std::uint64_t crc_of(std::string_view text) { return crc64nvme(0, std::as_bytes(std::span(text))); }

struct LocalBench {
  TempDir directory;
  std::shared_ptr<Executor> executor = Executor::make_pool(2);

  std::shared_ptr<Target> target(const std::string& name, LocalOptions options = {}) {
    options.executor = executor;
    return local_target(directory.path(name), options);
  }
  /// Part `number` of `text` cut every `part_bytes`, in two chunks.
  Part part(std::string_view text, std::uint32_t number, std::size_t part_bytes) const {
    Part part;
    part.number = number;
    part.offset = (number - 1) * part_bytes;
    const auto mine = text.substr(part.offset, part_bytes);
    part.length = mine.size();
    part.chunks = {Chunk::copy_of(mine.substr(0, mine.size() / 3)), Chunk::copy_of(mine.substr(mine.size() / 3))};
    return part;
  }

  Result<std::string> begin(Target& target) {
    return wait<std::string>([&](auto done) { target.begin(done); });
  }
  Result<PartReceipt> put(Target& target, const std::string& id, Part part) {
    return wait<PartReceipt>([&](auto done) { target.put_part(id, part, done); });
  }
  Result<std::vector<PartReceipt>> list(Target& target, const std::string& id) {
    return wait<std::vector<PartReceipt>>([&](auto done) { target.list_parts(id, done); });
  }
  Result<Stored> commit(Target& target, const std::string& id, std::vector<PartReceipt> parts, std::string_view text) {
    return commit(target, id, std::move(parts), Whole{text.size(), crc_of(text)});
  }
  Result<Stored> commit(Target& target, const std::string& id, std::vector<PartReceipt> parts, Whole whole) {
    return wait<Stored>([&](auto done) { target.commit(id, parts, whole, done); });
  }
  Result<Target::None> abort(Target& target, const std::string& id) {
    return wait<Target::None>([&](auto done) { target.abort(id, done); });
  }
  Result<Stored> put_whole(Target& target, Part part) {
    return wait<Stored>([&](auto done) { target.put_whole(part, done); });
  }
  Result<Stored> inspect(Target& target) {
    return wait<Stored>([&](auto done) { target.inspect(done); });
  }
  /// What is in the directory once the pool has let go of what it last worked on.
  std::vector<std::string> settled_names() const {
    for (int i = 0; i < 1000 && !directory.names().empty(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return directory.names();
  }

 private:
  template <class T, class Call>
  Result<T> wait(Call call) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto future = promise->get_future();
    call([promise](Result<T> result) { promise->set_value(std::move(result)); });
    return future.get();
  }
};

}  // namespace weir::test
