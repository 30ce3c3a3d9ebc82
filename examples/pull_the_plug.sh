#!/bin/bash
# Kills an upload in its middle with kill -9, runs the same line again, and shows that it goes on and the object is whole.
#
#   examples/pull_the_plug.sh     into a real S3 server that it starts for the occasion
#
# Installs and builds as examples/quickstart.sh does; then it takes under a minute. Removes what it wrote.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=examples/build.sh
source examples/build.sh

[ $# -eq 0 ] || { sed -n '2,6s/^# *//p' "$0" >&2; exit 2; }
if [ -z "${WEIR_EXAMPLE_READY-}" ]; then
  say "1. Install what is missing, build the weir command, start a real S3 server"
  build_weir yes
  on_a_server "$0"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WEIR_STATE_DIR=$work/state
url="s3://$WEIR_TEST_S3_BUCKET/big.bin.zst"
line=("$weir" cp "$work/big.bin" "$url" --through 'sha256 | zstd level=3' --limit-rate 25MiB --endpoint-url "$WEIR_TEST_S3_ENDPOINT")
typed="weir cp big.bin $url --through 'sha256 | zstd level=3' --limit-rate 25MiB"

say "2. Generate 1 GiB, and stream it: file -> sha256 -> zstd -> S3, slowed down to be watched"
"$weir" cp -q 'gen:1GiB?ratio=3' "$work/big.bin"

for after in 4 6; do
  echo "\$ $typed"
  "${line[@]}" &
  running=$!
  sleep "$after"
  kill -9 "$running"
  wait "$running" 2>/dev/null || true
  printf '\n*** kill -9 after %s s ***\n\n' "$after"
  echo "\$ weir jobs"
  "$weir" jobs
  echo
done

say "3. The same line again, to the end"
echo "\$ $typed"
"${line[@]}"

say "4. Read it back, decompress, compare with the file; and look what is left to do"
echo "\$ weir cat $url --through unzstd | cmp - big.bin"
"$weir" cat "$url" --through unzstd --endpoint-url "$WEIR_TEST_S3_ENDPOINT" | cmp - "$work/big.bin"
echo "equal"
echo "\$ weir jobs"
"$weir" jobs
echo "(nothing)"
