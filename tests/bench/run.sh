#!/bin/bash
# Measures weir and prints Markdown tables.
#
#   tests/bench/run.sh upload [--size 4GiB] [--runs 5] [--only REGEX] [--dir DIRECTORY]
#     beside the least that the same work can cost; needs zstd
#   tests/bench/run.sh transfer [--size 4GiB] [--objects 10000] [--runs 5] [--only REGEX] [--work REGEX] [--dir DIRECTORY]
#     beside other S3 clients, which the first run installs below ~/.cache/weir; needs curl, python3-venv and network for that
#   tests/bench/run.sh resume [--size 4GiB] [--objects 10000] [--runs 5] [--dir DIRECTORY]
#     with the ledger and without it, and how soon a killed upload of 50 GiB goes on
#   tests/bench/run.sh pipeline [--size 4GiB] [--runs 5] [--work REGEX] [--dir DIRECTORY]
#     beside grep, zstd, pzstd, oneTBB and Node streams, as far as they are installed
#   tests/bench/run.sh bindings [--size 4GiB] [--objects 10000] [--runs 5] [--only REGEX] [--work REGEX]
#     C, Python and Node beside each other, boto3, obstore, smart_open, s3fs and the AWS SDK for JavaScript
#
# Builds the release preset first. Needs what building needs, and python3. BENCH_BIN names binaries that are built already.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
case ${1:-} in
  upload) script=bench.py targets="weir bare_put weir_discard_s3" ;;
  transfer) script=transfer.py targets="weir weir_discard_s3" ;;
  resume) script=resume.py targets="weir weir_discard_s3" ;;
  pipeline) script=pipeline.py targets="weir pipeline_probe" ;;
  bindings) script=bindings.py targets="weir_c weir_discard_s3 bench_bindings_c" ;;
  *) sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
shift
cd "$root"
bin=${BENCH_BIN:-build/release/bin}
if [ -z "${BENCH_BIN:-}" ]; then
  cmake --preset release >/dev/null
  cmake --build --preset release --target $targets >&2
fi
exec python3 "tests/bench/$script" --bin "$bin" "$@"
