// weir_copy(), weir_upload(), weir_download(): a job and its end in one call.
#include <condition_variable>
#include <cstring>
#include <functional>
#include <mutex>
#include <utility>

#include "abi/entry.hpp"
#include "abi/job.hpp"
#include "abi/structs.hpp"
#include "weir/stages/memory.hpp"

namespace weir::abi {

namespace {

/// The host's memory on loan to a job; the host has it back when nobody may look at it any more.
class Loan {
 public:
  Chunk lend(const void* data, std::size_t size) {
    if (size == 0) return {};
    Chunk chunk = Chunk::foreign({static_cast<const std::byte*>(data), size}, [this](const std::byte*) {
      const std::lock_guard lock(mutex_);
      out_ = false;
      back_.notify_all();
    });
    out_ = true;
    return chunk;
  }
  ~Loan() {
    std::unique_lock lock(mutex_);
    back_.wait(lock, [this] { return !out_; });
  }
  Loan() = default;
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable back_;
  bool out_ = false;
};

/// The sink of a download: memory of the host's.
struct BufferSink {
  std::byte* buffer;
  std::size_t capacity;
  std::size_t* filled;

  Status write(Chunk chunk) {
    if (chunk.size() > capacity - *filled) {
      return Status(Kind::limit, fmt::format("it is larger than the buffer of {} bytes", capacity));
    }
    std::memcpy(buffer + *filled, chunk.data(), chunk.size());
    *filled += chunk.size();
    return {};
  }
  Result<Receipt> close() const {
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = *filled;
    receipt.destination = "memory:";
    return receipt;
  }
};

/// Waits for the end of what `make` makes.
Answer carry_out(const weir_job_options* options, weir_receipt* receipt,
                 const std::function<Answer(JobSettings, std::shared_ptr<JobObject>&)>& make) {
  JobSettings settings;
  WEIR_ABI_TRY(read_job_options(options, settings));
  WEIR_ABI_TRY(check_receipt(receipt));
  if (settings.push || settings.pull)
    return Answer(WEIR_E_INVALID_ARGUMENT, "a call that waits for the whole has no use for handles");
  std::shared_ptr<JobObject> job;
  WEIR_ABI_TRY(make(std::move(settings), job));
  job->begin_here();
  const auto result = wait_for_end(*job, -1);
  if (!result->ok()) return result->status();
  fill_receipt(**result, receipt);
  return {};
}

Answer upload_bytes(Chunk bytes, const std::string& destination, JobSettings settings,
                    std::shared_ptr<JobObject>& into) {
  auto through = settings.read_through();
  if (!through) return through.status();
  auto to = open_sink(destination, settings.endpoint(destination));
  if (!to) return to.status();
  into = make_job(From(memory(std::move(bytes))) | std::move(*through) | To(std::move(*to)), settings);
  return {};
}

Answer download_bytes(const std::string& source, const BufferSink& sink, JobSettings settings,
                      std::shared_ptr<JobObject>& into) {
  auto through = settings.read_through();
  if (!through) return through.status();
  auto from = open_source(source, settings.endpoint(source));
  if (!from) return from.status();
  into = make_job(From(std::move(*from)) | std::move(*through) | To(sink), settings);
  return {};
}

}  // namespace

}  // namespace weir::abi

weir_status weir_copy(const char* source, const char* destination, const weir_job_options* options,
                      weir_receipt* receipt, weir_error* error) {
  using namespace weir::abi;
  const auto refused = [&] { release_job_options(options); };
  return run_waiting(error, refused, [&] {
    return carry_out(options, receipt,
                     [&](JobSettings settings, std::shared_ptr<JobObject>& into) -> Answer {
                       std::string from;
                       std::string to;
                       WEIR_ABI_TRY(read_text(source, "the source", from));
                       WEIR_ABI_TRY(read_text(destination, "the destination", to));
                       return make_copy_job(from, to, std::move(settings), into);
                     })
        .during("copy");
  });
}

weir_status weir_upload(const void* data, size_t size, const char* destination, const weir_job_options* options,
                        weir_receipt* receipt, weir_error* error) {
  using namespace weir::abi;
  const auto refused = [&] { release_job_options(options); };
  return run_waiting(error, refused, [&] {
    Loan loan;
    return carry_out(options, receipt,
                     [&](JobSettings settings, std::shared_ptr<JobObject>& into) -> Answer {
                       std::string to;
                       WEIR_ABI_TRY(read_text(destination, "the destination", to));
                       if (settings.of_part())
                         return Answer(WEIR_E_INVALID_ARGUMENT, "memory is uploaded whole: give the part itself");
                       if (data == nullptr && size != 0) return Answer(WEIR_E_INVALID_ARGUMENT, "the data is NULL");
                       return upload_bytes(loan.lend(data, size), to, std::move(settings), into);
                     })
        .during("upload");
  });
}

weir_status weir_download(const char* source, void* buffer, size_t capacity, size_t* size,
                          const weir_job_options* options, weir_receipt* receipt, weir_error* error) {
  using namespace weir::abi;
  if (size != nullptr) *size = 0;
  const auto refused = [&] { release_job_options(options); };
  return run_waiting(error, refused, [&] {
    std::size_t filled = 0;
    Answer answer =
        carry_out(options, receipt, [&](JobSettings settings, std::shared_ptr<JobObject>& into) -> Answer {
          std::string from;
          WEIR_ABI_TRY(read_text(source, "the source", from));
          if (size == nullptr || (buffer == nullptr && capacity != 0))
            return Answer(WEIR_E_INVALID_ARGUMENT, "there is no buffer, or no place for the count of bytes");
          return download_bytes(from, {static_cast<std::byte*>(buffer), capacity, &filled}, std::move(settings), into);
        }).during("download");
    if (answer.ok()) *size = filled;
    return answer;
  });
}
