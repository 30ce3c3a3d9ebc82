#!/bin/sh
# Fails where clang-format would change a file of the project, and says which. With --fix it changes them.
set -eu
cd "$(dirname "$0")/../.."
mode="--dry-run --Werror"
[ "${1-}" != --fix ] || mode="-i"
# shellcheck disable=SC2086
# Headers of releases are stored as they were.
find include src tests examples bindings \( -name '*.hpp' -o -name '*.cpp' -o -name '*.h' -o -name '*.c' \) -not -path 'tests/abi/[0-9]*/weir.h' -print0 2>/dev/null |
  xargs -0 clang-format-14 $mode
