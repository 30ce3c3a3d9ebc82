#!/bin/sh
# Runs parts of the case list in a folder of its own: run_cases.sh PROGRAM PART...
set -eu
program=$1
shift
WEIR_TEST_FOLDER=$(mktemp -d)
export WEIR_TEST_FOLDER
trap 'rm -rf "$WEIR_TEST_FOLDER"' EXIT
for part in "$@"; do
  # The child of a fork has not the stacks of other threads, by which LeakSanitizer would find what they work on.
  leaks=1
  if [ "$part" = fork ]; then leaks=0; fi
  ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=$leaks" "$program" "$part"
done
