// A transform of one's own, in C++: numbers the lines of a text.
//
//   example_own_stage log.txt numbered.txt.zst
//
// A transform is a class with `process`. It is called on one thread at a time, so it needs no locks. Pieces end
// anywhere, in the middle of a line too: what has to be remembered from one to the next are its members.
#include <weir/weir.hpp>

namespace {

class NumberLines {
 public:
  weir::Status process(weir::Chunk chunk, weir::Emit& out) {
    const std::string_view text(reinterpret_cast<const char*>(chunk.data()), chunk.size());
    std::string numbered;
    numbered.reserve(text.size() + text.size() / 4);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::size_t next = end == std::string_view::npos ? text.size() : end + 1;
      if (!inside_) fmt::format_to(std::back_inserter(numbered), "{:6}  ", ++lines_);
      numbered.append(text, at, next - at);
      inside_ = end == std::string_view::npos;
      at = next;
    }
    out(weir::Chunk::copy_of(numbered));
    return {};
  }

 private:
  std::uint64_t lines_ = 0;
  bool inside_ = false;  // of a line: its number is written
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return fmt::print(stderr, "usage: {} TEXT DESTINATION\n", argv[0]), 2;
  const auto receipt = weir::start(weir::file(argv[1]) | NumberLines() | weir::zstd() | weir::to(argv[2])).wait();
  if (!receipt.ok()) return fmt::print(stderr, "{}\n", receipt.error()), 1;
  fmt::print("{} bytes read, {} bytes stored\n", receipt->bytes_read, receipt->bytes_stored);
}
