#!/bin/bash
# Installs, builds, starts the real S3 servers, runs everything.
#
#   tests/run.sh                  all: GCC and Clang, sanitizers, every server, lint. Under an hour on 2 cores, cold.
#   tests/run.sh --quick          one build without optimisation, no servers of others, no sanitizers. Under 5 minutes.
#   tests/run.sh --preset NAME    only that preset's build and tests (release, asan, tsan, dev, clang, ubsan)
#
# Exits 0 only if every test of every build passed. Binaries of the servers are kept in ${XDG_CACHE_HOME:-~/.cache}/weir.
set -euo pipefail
cd "$(dirname "$0")/.."

# Objects are shared between build folders: the consumer tests compile the library again.
export CCACHE_NOHASHDIR=1

quick=no only=""
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --preset) only=${2-}; shift ;;
    *) sed -n '2,8s/^# *//p' "$0" >&2; exit 2 ;;
  esac
  shift
done

./tests/install-deps.sh
scratch=$(mktemp -d)
trap 'kill ${installing-} 2>/dev/null || true; rm -rf "$scratch"' EXIT
summary=() failed=0

# The servers are built while the library is: each is a test's dependency, none is the compiler's.
servers=(moto)
[ "$quick" = yes ] || servers+=(versitygw minio)
{ python3 tests/bindings/python_env.py && python3 tests/servers/servers.py install "${servers[@]}"; } >"$scratch/servers.log" 2>&1 &
installing=$!

build() { # PRESET
  echo "== build $1"
  # Said each time: the quick start configures the same folder without tests.
  local options=(-DWEIR_BUILD_TESTS=ON -DWEIR_BUILD_EXAMPLES=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16)
  [ "$1" = tsan ] || options+=(-DWEIR_BUILD_PYTHON=ON)
  case $1 in dev | release) options+=(-DWEIR_BUILD_NODE=ON) ;; esac
  # Many files compiled as one are fastest from scratch: the consumers' builds do it file by file. Who works on weir has a dev folder.
  if [ "$1" != dev ]; then
    options+=(-DWEIR_UNITY_TESTS=ON -DCMAKE_UNITY_BUILD=ON)
  elif [ ! -e build/dev/CMakeCache.txt ]; then
    options+=(-DWEIR_UNITY_TESTS=ON -DCMAKE_UNITY_BUILD=ON -DCMAKE_CXX_FLAGS=-O0 -DCMAKE_CXX_FLAGS_DEBUG=-g1)
  fi
  cmake --preset "$1" "${options[@]}" >"$scratch/configure.log" 2>&1 || { cat "$scratch/configure.log"; return 1; }
  cmake --build --preset "$1" -j "$(nproc)" >"$scratch/build.log" 2>&1 || { tail -n 80 "$scratch/build.log"; return 1; }
}

run() { # PRESET CTEST-ARGUMENTS...
  local preset=$1 started=$SECONDS; shift
  if ! build "$preset"; then
    summary+=("$preset: does not build"); failed=1
    return 0
  fi
  if [ -n "$installing" ]; then
    wait "$installing" || { cat "$scratch/servers.log"; echo "run.sh: the S3 servers, or what the Python package needs, could not be installed"; exit 1; }
    cat "$scratch/servers.log"; installing=""
  fi
  echo "== test $preset"
  local with=()
  if [ "$quick" = yes ]; then with=(env WEIR_SEEDS=2000); fi
  case $preset in
    asan) with=(env WEIR_SEEDS=2000) ;;  # the simulators' 20,000 worlds are for the fast builds
    tsan)
      # Each command would wait a second at its end for what other threads still do.
      with=(env WEIR_SEEDS=2000 "TSAN_OPTIONS=${TSAN_OPTIONS-} atexit_sleep_ms=50")
      # GCC 12's shadow memory does not fit every random layout that new kernels choose.
      if setarch -R true 2>/dev/null; then with+=(setarch -R); fi ;;
  esac
  # More than there are cores: most tests wait for a server, or for time to pass.
  "${with[@]}" ctest --preset "$preset" -j "$(($(nproc) + 1))" "$@" 2>&1 | tee "$scratch/ctest.log" || failed=1
  summary+=("$preset: $(grep 'tests passed' "$scratch/ctest.log" || echo 'no test ran') in $((SECONDS - started)) s, build included")
}

if [ -n "$only" ]; then
  run "$only"
elif [ "$quick" = yes ]; then
  run dev -LE 'slow|memory|foreign|long'
else
  # A build takes longer than most of its tests, so there are three: what users get by GCC, with every suite; Clang's with
  # assertions and sanitizers; and one that watches threads.
  run release
  run asan -L 'unit|fault|live' -LE slow
  run tsan -L 'unit|fault' -LE slow
fi

echo "== summary"
printf '%s\n' "${summary[@]}"
exit "$failed"
