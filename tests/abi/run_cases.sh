#!/bin/sh
# Runs parts of the case list in a folder of its own: run_cases.sh PROGRAM PART...
set -eu
program=$1
shift
WEIR_TEST_FOLDER=$(mktemp -d)
export WEIR_TEST_FOLDER
trap 'rm -rf "$WEIR_TEST_FOLDER"' EXIT
for part in "$@"; do
  "$program" "$part"
done
