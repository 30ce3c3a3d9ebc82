// Standard streams at both ends of a pipeline, on either side of the edge: a stream that a job reads or writes, and a
// stream that the host writes to feed a job, or reads to drain one.
#pragma once

#include <array>
#include <istream>
#include <memory>
#include <ostream>
#include <streambuf>
#include <string>
#include <utility>

#include "weir/stages/callback.hpp"
#include "weir/stages/handles.hpp"

namespace weir {

/// What is left of `in`, which must outlive the job and is the job's alone meanwhile. The job waits in its calls, on a
/// thread that may. A stream that has failed before its end ends the job with an error; where it ends, the pipeline
/// does.
inline std::unique_ptr<Source> from_stream(std::istream& in, CallbackOptions options = {.name = "istream"}) {
  const auto read = [&in](std::span<std::byte> into) -> Result<std::size_t> {
    in.read(reinterpret_cast<char*>(into.data()), static_cast<std::streamsize>(into.size()));
    // That of a file that is not there has failed, and is not at its end.
    if (in.bad() || (in.fail() && !in.eof()))
      return Status(Kind::io, "the stream is not open, or went bad").during("read the stream");
    return static_cast<std::size_t>(in.gcount());
  };
  return from_reader(read, std::move(options));
}

/// Into `out`, which must outlive the job and is the job's alone meanwhile; flushed at the end. Nothing more is known
/// of the bytes than that the stream took them.
inline std::unique_ptr<Sink> to_stream(std::ostream& out, CallbackOptions options = {.name = "ostream"}) {
  const auto taken = [&out]() {
    return out ? Status() : Status(Kind::io, "the stream did not take it").during("write to the stream");
  };
  const auto write = [&out, taken](const Chunk& chunk) {
    out.write(chunk.text().data(), static_cast<std::streamsize>(chunk.size()));
    return taken();
  };
  const auto close = [&out, taken](bool complete) {
    if (complete) out.flush();
    return taken();
  };
  return to_callback(write, close, std::move(options));
}

namespace detail {

class PushBuffer final : public std::streambuf {
 public:
  explicit PushBuffer(HandleOptions options) : handle_(std::move(options)) {
    setp(bytes_.data(), bytes_.data() + bytes_.size());
  }
  PushHandle& handle() noexcept { return handle_; }

 private:
  int_type overflow(int_type next) override {
    if (!send()) return traits_type::eof();
    return traits_type::eq_int_type(next, traits_type::eof()) ? traits_type::not_eof(next)
                                                              : sputc(traits_type::to_char_type(next));
  }
  int sync() override { return send() ? 0 : -1; }
  bool send() {
    const std::string_view text(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    setp(bytes_.data(), bytes_.data() + bytes_.size());
    return text.empty() || handle_.write(Chunk::copy_of(text)).ok();
  }

  PushHandle handle_;
  std::array<char, 64 * kKiB> bytes_;
};

class PullBuffer final : public std::streambuf {
 public:
  explicit PullBuffer(HandleOptions options) : handle_(std::move(options)) {}
  PullHandle& handle() noexcept { return handle_; }

 private:
  int_type underflow() override {
    Result<Chunk> next = handle_.read();
    // How a streambuf says that this is no end: the stream's badbit.
    if (!next.ok()) throw std::ios_base::failure(next.status().message());
    chunk_ = std::move(*next);
    char* front = const_cast<char*>(chunk_.text().data());  // is never written: there is no putback
    setg(front, front, front + chunk_.size());
    return chunk_.empty() ? traits_type::eof() : traits_type::to_int_type(*front);
  }

  PullHandle handle_;
  Chunk chunk_;
};

}  // namespace detail

/// What is written to it feeds one pipeline, as by a PushHandle: waiting where the job is slower, in pieces of 64 KiB
/// and at flush(). `badbit` once the job has ended. One thread at a time, none of the job's own.
class PushStream : public std::ostream {
 public:
  explicit PushStream(HandleOptions options = {}) : std::ostream(nullptr), buffer_(std::move(options)) {
    rdbuf(&buffer_);
  }
  /// The source that it feeds; once.
  std::unique_ptr<Source> source() { return buffer_.handle().source(); }
  /// All was written. A stream that goes away without this ends the job with an error.
  void close() {
    if (flush()) buffer_.handle().close();
  }

 private:
  detail::PushBuffer buffer_;
};

/// Reads what one pipeline gives, as by a PullHandle: waiting where the job is slower. It ends where the pipeline does,
/// unless bad() says that the job has failed. One thread at a time, none of the job's own.
class PullStream : public std::istream {
 public:
  explicit PullStream(HandleOptions options = {}) : std::istream(nullptr), buffer_(std::move(options)) {
    rdbuf(&buffer_);
  }
  /// The sink that it drains; once. A stream that goes away before its end ends the job with an error.
  std::unique_ptr<Sink> sink() { return buffer_.handle().sink(); }

 private:
  detail::PullBuffer buffer_;
};

}  // namespace weir
