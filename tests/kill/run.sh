#!/bin/sh
# Kills uploads and downloads at random moments and lets them go on, against a real S3 server, which is killed too and comes back, and
# the double of Vercel Blob, which holds its data in memory and is not.
#
#   tests/kill/run.sh [N]     N rounds at each (default 20), with about 1.6 kills each; WEIR_SEED=… repeats a run; WEIR_BIN names the command
#                             and WEIR_KILL_PRODUCER the test program kill_producer, if it is not beside it
#   tests/kill/run.sh --host python [N]     the same with a program on the Python package as the victim; PYTHONPATH names the package
#                             if it is not in build/release. --host node: on the Node package, which WEIR_NODE_PACKAGE names
#
# Prints a table by what is copied, through what, and where: rounds, kills, bytes gone on with and sent twice, what was left behind. Exits 1 where
# an object is wrong, an upload is left at the store or was begun anew that could have gone on, or too much was sent again.
set -eu
cd "$(dirname "$0")/../.."
if [ "${1-}" = --host ]; then
  case $2 in
    python)
      PYTHONPATH=${PYTHONPATH:-$PWD/build/release/python}
      WEIR_KILL_HOST="python3 tests/bindings/python_env.py tests/kill/host.py"
      export PYTHONPATH WEIR_KILL_HOST ;;
    node)
      WEIR_NODE_PACKAGE=${WEIR_NODE_PACKAGE:-$PWD/build/release/node}
      WEIR_KILL_HOST="node tests/kill/host.mjs"
      export WEIR_NODE_PACKAGE WEIR_KILL_HOST ;;
    *) echo "run.sh: there is no host $2: python or node" >&2; exit 2 ;;
  esac
  shift 2
fi
WEIR_BIN=${WEIR_BIN:-${WEIR_TEST_CLI:-$PWD/build/release/bin/weir}}
WEIR_KILL_PRODUCER=${WEIR_KILL_PRODUCER:-${WEIR_BIN%/*}/kill_producer}
test -x "$WEIR_KILL_PRODUCER" || WEIR_KILL_PRODUCER=
WEIR_KILL_TABLE=$(mktemp)
export WEIR_BIN WEIR_KILL_PRODUCER WEIR_KILL_TABLE
trap 'rm -f "$WEIR_KILL_TABLE"' EXIT
rounds=${1:-20}
for server in ${WEIR_KILL_SERVERS:-versitygw vercel}; do
  revive=--revive
  [ "$server" = vercel ] && revive=
  python3 tests/servers/servers.py run "$server" $revive -- python3 tests/kill/kill_and_resume.py "$rounds"
done
echo
echo "| of | stages | store | rounds | kills | of the server | MiB | gone on with | sent twice | wrong | left behind |"
echo "|---|---|---|---|---|---|---|---|---|---|---|"
cat "$WEIR_KILL_TABLE"
