# shellcheck shell=bash
# For the examples: installs what is missing, builds the weir command, and has them run beside a real S3 server.
#
#   source examples/build.sh; build_weir yes|no     yes: installs the server versitygw too
#   on_a_server SCRIPT ARGUMENTS...                 SCRIPT again, with WEIR_EXAMPLE_READY=1 and the server's address

weir=$PWD/build/release/bin/weir

say() {
  if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

build_weir() {
  ./tests/install-deps.sh build
  # The server is built (once) while the command is.
  local installing="" log
  if [ "$1" = yes ]; then
    python3 tests/servers/servers.py install versitygw &
    installing=$!
  fi
  log=$(mktemp)
  if ! { cmake --preset release -DWEIR_BUILD_TESTS=OFF -DWEIR_BUILD_EXAMPLES=OFF \
         -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 && cmake --build --preset release --target weir; } >"$log" 2>&1
  then
    tail -n 60 "$log" >&2
    rm -f "$log"
    echo "${0##*/}: the build failed (above)" >&2
    exit 1
  fi
  rm -f "$log"
  [ -z "$installing" ] || wait "$installing"
  echo "built $weir in $SECONDS s"
}

on_a_server() {
  exec env WEIR_EXAMPLE_READY=1 python3 tests/servers/servers.py run versitygw -- "$@"
}
