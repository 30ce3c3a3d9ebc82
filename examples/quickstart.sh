#!/bin/bash
# Streams a large file through hash and compression into S3, reads it back, and compares.
#
#   examples/quickstart.sh                                          into a real S3 server that it starts for the occasion
#   examples/quickstart.sh --to s3://bucket/key [--endpoint-url URL]  into your own bucket, with your own AWS keys
#
# Installs what is missing (Debian packages; a Go toolchain and the S3 server versitygw below ~/.cache/weir), builds the command,
# and removes what it wrote: the data and the object. WEIR_QUICKSTART_SIZE=1GiB is how much it generates.
set -euo pipefail
cd "$(dirname "$0")/.."

to="" endpoint=() size=${WEIR_QUICKSTART_SIZE:-1GiB} arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
    --to) to=${2-}; shift ;;
    --endpoint-url) endpoint=(--endpoint-url "${2-}"); shift ;;
    *) sed -n '2,8s/^# *//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
case $to in "" | s3://?*/?*) ;; *) echo "quickstart: --to wants s3://bucket/key, not '$to'" >&2; exit 2 ;; esac

# shellcheck source=examples/build.sh
source examples/build.sh
if [ -z "${WEIR_EXAMPLE_READY-}" ]; then
  say "1. Install what is missing, and build the weir command"
  build_weir "$([ -n "$to" ] && echo no || echo yes)"
  if [ -z "$to" ]; then
    say "2. Start a real S3 server (versitygw) on a free port"
    on_a_server "$0" "${arguments[@]}"
  fi
fi
if [ -z "$to" ]; then
  to="s3://$WEIR_TEST_S3_BUCKET/big.bin.zst" endpoint=(--endpoint-url "$WEIR_TEST_S3_ENDPOINT")
  echo "listening at $WEIR_TEST_S3_ENDPOINT, bucket $WEIR_TEST_S3_BUCKET"
fi

work=$(mktemp -d) stored=no
cleanup() {
  [ "$stored" = no ] || "$weir" rm "$to" "${endpoint[@]}" >/dev/null || echo "quickstart: could not remove $to" >&2
  rm -rf "$work"
}
trap cleanup EXIT

# Runs a command and says how long it took and the most memory it held.
measured() {
  python3 -c '
import resource, subprocess, sys, time
started = time.monotonic()
status = subprocess.call(sys.argv[2:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{sys.argv[1]}: {time.monotonic() - started:.1f} s, peak memory {peak:.0f} MiB", file=sys.stderr)
sys.exit(status)' "$@"
}

say "3. Generate $size of data"
measured "generated" "$weir" cp "gen:$size?ratio=3" "$work/big.bin"

say "4. Stream it: file -> sha256 -> zstd -> S3"
echo "\$ weir cp big.bin $to --through 'sha256 | zstd level=3'"
stored=yes
measured "uploaded" "$weir" cp "$work/big.bin" "$to" --through 'sha256 | zstd level=3' "${endpoint[@]}"

say "5. Read it back, decompress, compare"
echo "\$ weir cat $to --through unzstd | cmp - big.bin"
measured "read back" "$weir" cat "$to" --through unzstd "${endpoint[@]}" | cmp - "$work/big.bin"
echo "equal: what came back is byte for byte what was sent"

say "6. Clean up"
"$weir" rm "$to" "${endpoint[@]}" >/dev/null
stored=no
echo "removed $to and the generated file"
