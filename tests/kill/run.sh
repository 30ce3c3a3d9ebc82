#!/bin/sh
# Kills uploads and downloads at random moments and lets them go on, against a real S3 server and the double of Vercel Blob.
#
#   tests/kill/run.sh [N]     N rounds at each (default 20); WEIR_SEED=… repeats a run; WEIR_BIN names the command
#
# Prints a table: rounds, kills, bytes gone on with, uploads and partial files left behind. Exits 1 where an object is wrong, an upload was
# begun anew that could have gone on, or too much was sent again.
set -eu
cd "$(dirname "$0")/../.."
WEIR_BIN=${WEIR_BIN:-${WEIR_TEST_CLI:-$PWD/build/release/bin/weir}}
export WEIR_BIN
rounds=${1:-20}
for server in ${WEIR_KILL_SERVERS:-versitygw vercel}; do
  python3 tests/servers/servers.py run "$server" -- python3 tests/kill/kill_and_resume.py "$rounds"
done
