// Bodies that are in memory already.
#include <algorithm>
#include <cstring>

#include "net/http.hpp"

namespace weir::net {
namespace {

class ChunkBody final : public Body {
 public:
  explicit ChunkBody(std::vector<Chunk> chunks) : chunks_(std::move(chunks)) {
    for (const Chunk& chunk : chunks_) size_ += chunk.size();
  }
  std::uint64_t size() const override { return size_; }
  Status rewind() override {
    index_ = 0;
    offset_ = 0;
    return {};
  }
  Result<std::size_t> read(std::span<std::byte> into) override {
    std::size_t filled = 0;
    while (filled < into.size() && index_ < chunks_.size()) {
      const Chunk& chunk = chunks_[index_];
      const std::size_t count = std::min(into.size() - filled, chunk.size() - offset_);
      if (count > 0) std::memcpy(into.data() + filled, chunk.data() + offset_, count);
      filled += count;
      offset_ += count;
      if (offset_ == chunk.size()) {
        ++index_;
        offset_ = 0;
      }
    }
    return filled;
  }

 private:
  std::vector<Chunk> chunks_;
  std::uint64_t size_ = 0;
  std::size_t index_ = 0;   // of the chunk to read next
  std::size_t offset_ = 0;  // into that chunk
};

}  // namespace

std::shared_ptr<Body> body_of(std::vector<Chunk> chunks) { return std::make_shared<ChunkBody>(std::move(chunks)); }

std::shared_ptr<Body> body_of(std::string text) {
  std::vector<Chunk> chunks;
  if (!text.empty()) chunks.push_back(Chunk::copy_of(text));
  return body_of(std::move(chunks));
}

}  // namespace weir::net
