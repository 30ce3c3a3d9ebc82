// What a pipeline itself costs, measured inside one process; called by pipeline.py.
//
//   pipeline_probe hops fused|threads CHUNKS    ns, and ns of CPU, for each chunk of 64 KiB from a source through two
//                                               stages to a sink
//   pipeline_probe idle PIPELINES SECONDS       threads, RSS in bytes a pipeline and CPU-s of pipelines that wait

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../support/cpu_seconds.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/buffered.hpp"
#include "weir/stages/grep.hpp"
#include "weir/stages/handles.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/null.hpp"

namespace {

using namespace weir;
using test::cpu_seconds;

constexpr std::size_t kChunkBytes = 64 * kKiB;
constexpr std::size_t kInRing = 64;  // so that wake-ups are few

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Hands out some chunks again and again: what is measured is the handing on.
class Handles final : public Source {
 public:
  explicit Handles(std::uint64_t count) : left_(count) {
    for (Chunk& chunk : chunks_) chunk = Chunk::copy_of(std::string(kChunkBytes, 'x'));
  }
  std::string name() const override { return "handles"; }
  Status describe(Upstream& upstream) override {
    upstream.source = name();
    return {};
  }
  Result<Chunk> next() override { return left_ == 0 ? Chunk() : chunks_[left_-- % chunks_.size()]; }

 private:
  std::array<Chunk, 64> chunks_;
  std::uint64_t left_;
};

class Hop final : public Transform {
 public:
  std::string name() const override { return "hop"; }
  bool tap() const override { return true; }
  Status process(Chunk&& chunk, Emit& out) override {
    out(std::move(chunk));
    return {};
  }
};

std::unique_ptr<Transform> hop() { return std::make_unique<Hop>(); }

void hops(bool threads, std::uint64_t chunks) {
  std::unique_ptr<Source> source = std::make_unique<Handles>(chunks);
  Pipeline fused = std::move(source) | hop() | hop() | null();
  std::unique_ptr<Source> again = std::make_unique<Handles>(chunks);
  Pipeline cut = std::move(again) | buffered(kInRing) | hop() | buffered(kInRing) | hop() | buffered(kInRing) | null();
  const double begun = seconds_now();
  const double cpu = cpu_seconds();
  if (!start(threads ? std::move(cut) : std::move(fused)).wait().ok()) std::exit(1);
  const double each = 1e9 / static_cast<double>(chunks);
  std::printf("%.1f %.1f\n", (seconds_now() - begun) * each, (cpu_seconds() - cpu) * each);
}

/// The number behind `field` of /proc/self/status.
double status_of(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != field) continue;
    double number = 0;
    status >> number;
    return number;
  }
  return 0;
}

void idle(std::size_t count, int seconds) {
  JobOptions options;
  options.budget_bytes = kMinBudgetBytes;
  const double before = status_of("VmRSS:");
  std::vector<std::unique_ptr<PushHandle>> handles;
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < count; ++i) {
    handles.push_back(std::make_unique<PushHandle>());
    jobs.push_back(start(handles.back()->source() | lines() | grep("ERROR") | null(), options));
    if (Status fed = handles.back()->write(Chunk::copy_of("a line\n")); !fed.ok()) std::exit(1);
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const double cpu = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  std::printf("%.0f %.0f %.4f\n", status_of("Threads:"),
              (status_of("VmRSS:") - before) * 1024 / static_cast<double>(count), cpu_seconds() - cpu);
  for (const auto& handle : handles) handle->close();
  for (Job& job : jobs) {
    if (!job.wait().ok()) std::exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 3 && words[0] == "hops") return hops(words[1] == "threads", std::stoull(words[2])), 0;
  if (words.size() == 3 && words[0] == "idle") return idle(std::stoul(words[1]), std::stoi(words[2])), 0;
  std::fprintf(stderr, "pipeline_probe hops fused|threads CHUNKS\npipeline_probe idle PIPELINES SECONDS\n");
  return 2;
}
