#!/bin/sh
# The behaviour suite on a directory: behaviour_local.sh PROGRAM
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
WEIR_TEST_LOCAL_ROOT="$folder/store" "$1"
test -z "$(find "$folder" -name '*.weir-part')"
