// frame_compress(): cuts a stream into frames of 4 MiB, compresses them in parallel, and writes them in order.
#pragma once

#include <cstddef>
#include <memory>

#include "codec/frame_format.hpp"
#include "weir/core/stage.hpp"

namespace weir::codec {

/// Its output depends on the input and the format alone. An empty stream becomes one empty frame. Each frame is a Mark.
/// `max_workers`: frames under way at most; 0: as the executor and the memory allow.
std::unique_ptr<Transform> frame_compress(std::unique_ptr<const FrameFormat> format, std::size_t max_workers);

}  // namespace weir::codec
