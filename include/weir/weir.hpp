// weir: stream any amount of data from any source, through any transforms, into any store.
//
//   auto job = weir::start(weir::file("big.csv") | weir::sha256() | weir::zstd() | weir::to("s3://bucket/key"));
//   auto receipt = job.wait();  // Result<Receipt>: proof, or what failed, where, and what to do
//
// This header is all that a user includes. Start reading at weir/core/stage.hpp (what a stage is) and weir/core/job.hpp
// (what a running pipeline can do).
#pragma once

#include "weir/codec/digest.hpp"
#include "weir/codec/gzip.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/core/explain.hpp"
#include "weir/core/job.hpp"
#include "weir/core/units.hpp"
#include "weir/ledger/ledger.hpp"
#include "weir/stages/batch.hpp"
#include "weir/stages/buffered.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/concat.hpp"
#include "weir/stages/fd.hpp"
#include "weir/stages/file.hpp"
#include "weir/stages/generator.hpp"
#include "weir/stages/grep.hpp"
#include "weir/stages/handles.hpp"
#include "weir/stages/iostream.hpp"
#include "weir/stages/line_functions.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/map.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"
#include "weir/stages/parallel.hpp"
#include "weir/stages/progress_tap.hpp"
#include "weir/stages/ranges.hpp"
#include "weir/stages/rate_limit.hpp"
#include "weir/stages/split.hpp"
#include "weir/stages/tee.hpp"
#include "weir/stages/timeout.hpp"
#include "weir/store/http.hpp"
#include "weir/store/local.hpp"
#include "weir/store/s3.hpp"
#include "weir/text/parse.hpp"
#include "weir/transfer/copy_many.hpp"
#include "weir/transfer/download.hpp"
#include "weir/transfer/endpoint.hpp"
#include "weir/transfer/limit_rate.hpp"
#include "weir/transfer/open_store.hpp"
#include "weir/transfer/put.hpp"
#include "weir/transfer/upload.hpp"
