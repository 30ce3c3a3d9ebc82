// UploadSpool: the spool of an upload whose producer cannot begin again.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "ledger/spool_file.hpp"
#include "transfer/upload_ledger.hpp"
#include "weir/core/spool.hpp"
#include "weir/transfer/upload.hpp"

namespace weir::transfer {

/// Thread-safe.
class UploadSpool final : public Spool {
 public:
  // For the source.
  void attend(std::string stream, std::function<void()> wake) override;
  Result<std::size_t> read(std::span<std::byte> into) override;
  std::optional<std::uint64_t> goes_on_from() override;
  Result<std::size_t> keep(std::span<const std::byte> bytes) override;
  void ended() override;
  void failed() override;

  // For the sink.

  /// The stream's name; empty: no source attends.
  std::string stream() const;
  /// Where bytes are kept; never called: they are not. `exact_bytes`: the stream's length, if known; an end elsewhere
  /// is none. `on_notice` as UploadOptions'.
  void use(std::unique_ptr<ledger::SpoolFile> file, std::optional<std::uint64_t> exact_bytes,
           std::function<void(const std::string& line)> on_notice);
  /// The stream's length, if an earlier run came to its end.
  std::optional<std::uint64_t> stream_end() const;
  /// All before `front` is confirmed. From now on the source goes on.
  void decide(std::uint64_t front);
  /// Confirmed, and written down so.
  void confirmed(std::uint64_t offset, std::uint64_t length);
  /// Calls `then` once all before `end` is confirmed, or nothing is kept any more; perhaps at once.
  void when_confirmed(std::uint64_t end, std::function<void()> then);
  /// What is confirmed is not written down any more, which was told: there is nothing to keep bytes for.
  void stop_keeping();
  /// The file is no longer ours: the source gets no more room.
  void close();
  bool source_failed() const;
  /// From where another run's producer would have to go on now; none while this run's has not.
  std::optional<std::uint64_t> next_offset() const;

 private:
  void broke(const Status& status);
  void go_on(std::unique_lock<std::mutex> lock);

  std::mutex file_mutex_;     // while the file is read or written; taken before mutex_
  mutable std::mutex mutex_;  // guards what follows
  std::string stream_;
  std::function<void()> wake_;
  std::unique_ptr<ledger::SpoolFile> file_;
  std::optional<std::uint64_t> exact_bytes_;
  std::function<void(const std::string& line)> on_notice_;
  bool decided_ = false;
  bool closed_ = false;
  bool goes_on_ = false;  // the producer does
  bool keeps_ = false;
  bool waits_ = false;  // the source, for room or to know the front
  bool source_failed_ = false;
  std::uint64_t front_ = 0;                        // confirmed
  std::uint64_t kept_to_ = 0;                      // and from there on in the file
  std::map<std::uint64_t, std::uint64_t> beyond_;  // confirmed behind a gap: lengths by offset
  std::uint64_t awaited_ = 0;
  std::function<void()> then_;  // once front_ is there
};

/// How many bytes of parts may be held at once, so that the spool has room for them.
/// Errors: what a producer that cannot begin again needs is not there.
Result<std::uint64_t> room_in_spool(const UploadOptions& options, const Target& target, std::uint64_t least_part_bytes);
/// Gives `spool` the file of the job that was claimed. Errors: it was not, or the file cannot be used.
Status open_spool(const UploadOptions& options, const Target& target, std::optional<std::uint64_t> exact_bytes,
                  Recorded& recorded, UploadSpool& spool);

}  // namespace weir::transfer
