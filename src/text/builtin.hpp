// The stages of this library by name, a file for each kind; builtin.cpp puts them together.
#pragma once

#include "weir/text/registry.hpp"

namespace weir {

/// What each of those files says of a stage that it makes.
using Made = Result<Through>;

void add_codec_stages(StageRegistry& registry);
void add_flow_stages(StageRegistry& registry);
void add_split_stage(StageRegistry& registry);

}  // namespace weir
