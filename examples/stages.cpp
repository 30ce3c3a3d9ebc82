// Each stage once, in a pipeline that is run and whose result is looked at: `example_stages` ends with 1 where one of
// them is not what it says.
#include <weir/weir.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;

const std::string kLog = "INFO up\nERROR no disk\nINFO down\nERROR no net\n";

int wrong = 0;

/// What the stages make of `text`.
std::string made(weir::Through stages, std::string_view text = kLog) {
  const auto out = std::make_shared<std::string>();
  const auto receipt = weir::start(weir::memory(std::string(text)) | std::move(stages) | weir::to_memory(out)).wait();
  if (!receipt.ok()) {
    fmt::print(stderr, "{}\n", receipt.error());
    ++wrong;
  }
  return *out;
}

/// The fact that a digest leaves in the receipt.
std::string fact(weir::Through digest, const std::string& name, std::string_view text = "123456789") {
  const auto receipt = weir::start(weir::memory(std::string(text)) | std::move(digest) | weir::null()).wait();
  return receipt.ok() ? receipt->facts.at(name) : std::string();
}

void check(std::string_view stage, const std::string& got, std::string_view expected) {
  if (got == expected) return;
  fmt::print(stderr, "{}: {:?} is not {:?}\n", stage, got, expected);
  ++wrong;
}

}  // namespace

int main() {
  using namespace weir;

  // --- lines, grep
  check("grep", made(lines() | grep("ERROR")), "ERROR no disk\nERROR no net\n");
  // --- count
  check("count", made(lines() | grep("INFO") | count_lines()), "2\n");
  // --- take, skip
  check("take", made(lines() | skip_lines(1) | take_lines(1)), "ERROR no disk\n");
  // --- functions of one's own: filter, map, flat_map
  const auto is_error = [](const Slice& line) { return line.starts_with("ERROR"); };
  const auto words = [](Slice line) {
    const std::size_t space = line.find(' ');
    return std::vector<std::string>{std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
  };
  check("filter", made(lines() | filter(is_error)), "ERROR no disk\nERROR no net\n");
  check("flat_map", made(lines() | flat_map(words) | take_lines(2)), "INFO\nup\n");
  // --- parallel: a slow function on several chunks at once, in order
  check("parallel", made(lines() | parallel([&] { return filter(is_error); })), "ERROR no disk\nERROR no net\n");
  // --- batch: what comes right behind gets two lines at a time
  const auto bracketed = [](const Chunk& both) { return Chunk::copy_of("[" + std::string(both.text()) + "]"); };
  BatchOptions by_two;
  by_two.lines = 2;
  check("batch", made(lines() | batch(by_two) | map(bracketed)),
        "[INFO up\nERROR no disk\n][INFO down\nERROR no net\n]");
  // --- buffered: what comes before and what comes behind run at the same time
  check("buffered", made(buffered(4)), kLog);
  // --- rate_limit, timeout: no more than so much a second; an error where nothing comes for so long
  check("rate_limit", made(timeout(10s) | rate_limit(kMiB)), kLog);
  // --- progress_tap
  std::uint64_t told = 0;
  check("progress_tap", made(progress_tap([&](std::uint64_t bytes_so_far) { told = bytes_so_far; })), kLog);
  check("progress_tap", std::to_string(told), std::to_string(kLog.size()));

  // --- zstd, unzstd
  check("zstd", made(zstd({.level = 9}) | unzstd()), kLog);
  // --- gzip, gunzip
  check("gzip", made(gzip() | gunzip()), kLog);
  // --- sha256, sha512, md5
  check("sha256", fact(sha256(), "sha256"), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  // --- xxh3_64, xxh3_128
  check("xxh3_64", fact(xxh3_64(), "xxh3_64"), "72dcb18b67a17dff");
  // --- crc32c, crc64nvme
  check("crc32c", fact(crc32c_digest(), "crc32c"), "e3069283");
  check("crc64nvme", fact(crc64nvme_digest(), "crc64nvme"), "rosUhgp5mIg=");

  // --- concat: several sources, one behind the other
  const auto both = std::make_shared<std::string>();
  std::vector<std::unique_ptr<Source>> parts;
  parts.push_back(memory("one "));
  parts.push_back(memory("two"));
  (void)start(concat(std::move(parts)) | to_memory(both)).wait();
  check("concat", *both, "one two");
  // --- tee: several sinks, each through stages of its own
  const auto plain = std::make_shared<std::string>();
  const auto errors = std::make_shared<std::string>();
  (void)start(memory(kLog) | tee(to_memory(plain), lines() | grep("disk") | to_memory(errors))).wait();
  check("tee", *plain + *errors, kLog + "ERROR no disk\n");
  // --- split: lines to sinks of their own, by a key
  std::map<std::string, std::shared_ptr<std::string>> shards;
  const auto level = [](std::string_view line) { return line.substr(0, line.find(' ')); };
  const auto shard = [&](std::string_view key) {
    return To(to_memory(shards[std::string(key)] = std::make_shared<std::string>()));
  };
  (void)start(memory(kLog) | lines() | split_by(level, shard)).wait();
  check("split", shards.size() == 2 ? *shards["INFO"] : "", "INFO up\nINFO down\n");
  return wrong == 0 ? 0 : 1;
}
