#!/bin/sh
# Holds any server to tus 1.0 or to resumable uploads for HTTP: one line for each case.
#
#   tests/conformance/run.sh URL [tus|resumable_http]...      URL: where uploads are made, http://127.0.0.1:8080/files
set -u
cd "$(dirname "$0")"
[ $# -gt 0 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
url=$1 failed=0
shift
[ $# -gt 0 ] || set -- tus resumable_http
for suite in "$@"; do
  echo "== $suite"
  python3 conformance.py "$suite" "$url" || failed=1
done
exit $failed
