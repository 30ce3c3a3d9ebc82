#!/bin/sh
# Installs the Debian packages that weir needs, and nothing where all are there.
#
#   tests/install-deps.sh          all: build, tests, lint
#   tests/install-deps.sh build    only what building and the quick start need
#
# Debian 12 names. Runs apt-get through sudo where it is not root.
set -eu

build="g++ cmake ninja-build pkg-config libfmt-dev libcurl4-openssl-dev libssl-dev libpugixml-dev zlib1g-dev libzstd-dev
  libxxhash-dev libsqlite3-dev libre2-dev libcli11-dev nlohmann-json3-dev libasio-dev python3 python3-venv ca-certificates"
test="catch2 ccache clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 zstd gzip pigz xxhash openssl curl time git abigail-tools doxygen"

# Node of another origin stays: what there is of it is not asked of Debian. Any version's headers do, as the addon uses Node-API alone.
command -v node >/dev/null || test="$test nodejs"
command -v npm >/dev/null || test="$test npm"
[ -e /usr/include/node/node_api.h ] || [ -e /usr/local/include/node/node_api.h ] || test="$test libnode-dev"

case ${1-all} in
  build) wanted=$build ;;
  all) wanted="$build $test" ;;
  *) sed -n '2,7s/^# *//p' "$0" >&2; exit 2 ;;
esac

missing=""
for package in $wanted; do
  state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "install-deps: no apt-get here; install by hand what corresponds to:$missing" >&2
  exit 1
fi
as_root=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "install-deps: needs root or sudo to install:$missing" >&2; exit 1; }
  as_root="sudo"
fi
echo "install-deps: installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Package lists may be absent or stale: one refresh, then one install.
if ! { $as_root apt-get update &&
       $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "install-deps: apt-get failed (above)" >&2
  exit 1
fi
