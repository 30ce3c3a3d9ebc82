#!/bin/bash
# Measures weir against the least that the same work can cost, and prints a Markdown table.
#
#   tests/bench/run.sh upload [--size 4GiB] [--runs 5] [--only REGEX] [--dir DIRECTORY]
#
# Builds the release preset first. Needs what building needs, and python3 and zstd.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
if [ "${1:-}" != upload ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
shift
cd "$root"
cmake --preset release >/dev/null
cmake --build --preset release --target weir bare_put weir_discard_s3 >&2
exec python3 tests/bench/bench.py --bin build/release/bin "$@"
