// The store that a run of the behaviour suite is about, as the environment names it, and how its tests write and read.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "store/s3_tools.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/memory.hpp"
#include "weir/store/store.hpp"
#include "weir/transfer/upload.hpp"

namespace weir::behaviour {

using test::noise;
using test::wait;

/// The row. Made once; fails the test where it cannot be made.
std::shared_ptr<Store> store();
/// Whether it can list and remove: URLs cannot.
bool lists();
/// What an object goes in through: upload_to() of the row's target, or what the row has instead.
Result<std::unique_ptr<Sink>> sink(const std::string& key, const ObjectOptions& object = {},
                                   const UploadOptions& options = {});
/// The least that parts may be; where there are no parts, a length like any other.
std::uint64_t part_bytes();

/// A key of its own for each run and test.
std::string key(const std::string& name);

enum class Way : std::uint8_t {
  replayed,  ///< length known, read again where it must be
  streamed,  ///< length known, bytes held until they are stored
  unknown,   ///< length not known
};

/// Says so where a store has declared that it cannot.
inline void left_out(const char* why) { WARN(why); }

/// Bytes through the upload engine into the row.
Result<Receipt> upload(const std::string& key, const std::string& bytes, Way way = Way::replayed,
                       const ObjectOptions& object = {}, const UploadOptions& options = {});
/// The whole object, or a range of it, through the row's origin, attempt by attempt.
Result<std::string> read(const std::string& key, ByteRange range = {});
/// All names under a prefix, page by page.
Result<std::vector<std::string>> names(const std::string& prefix, std::uint32_t limit = 0);

}  // namespace weir::behaviour
