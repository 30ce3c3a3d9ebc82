#!/bin/sh
# Uses weir as a project of a user's would: builds a small program and runs it.
#
#   check.sh find_package|core_only|c_only|c_static|pkg_config|add_subdirectory|fetch_content BUILD_FOLDER
#
# BUILD_FOLDER is a finished build of weir, installed from where a way needs it. All else happens in a temporary folder.
set -eu
way=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

case $way in
  find_package | core_only | c_only | c_static | pkg_config) cmake --install "$build" --prefix "$scratch/installed" >/dev/null ;;
esac

# links PROGRAM LIBRARY: whether it needs the shared library at run time.
links() { readelf -d "$1" | grep -q "NEEDED.*\[$2\.so"; }

if [ "$way" = pkg_config ]; then
  packages=$(dirname "$(find "$scratch/installed" -name weir.pc)")
  LD_LIBRARY_PATH=$(dirname "$packages")
  export LD_LIBRARY_PATH
  # In C where the development files of what weir was built with are not there: pkg-config finds no other packages.
  if PKG_CONFIG_LIBDIR="$packages" pkg-config --exists libcurl; then echo "libcurl is not hidden: nothing would be proven"; exit 1; fi
  # shellcheck disable=SC2046
  gcc -std=c99 "$here/app.c" -o "$scratch/app_c" $(PKG_CONFIG_LIBDIR="$packages" pkg-config --cflags --libs weir)
  "$scratch/app_c"
  links "$scratch/app_c" libweir

  export PKG_CONFIG_PATH="$packages"
  # shellcheck disable=SC2046
  g++ "$here/app.cpp" -o "$scratch/app" $(pkg-config --cflags --libs weir++)
  "$scratch/app"
  # shellcheck disable=SC2046
  gcc -std=c99 "$here/app.c" -o "$scratch/app_static" $(pkg-config --cflags --libs weir-static)
  "$scratch/app_static"
  if links "$scratch/app_static" libweir; then echo "weir was not linked in"; exit 1; fi
  exit 0
fi

# Each file of the library by itself, which no other build of the tests does; not optimized, and in one cache, so once for both ways.
export CCACHE_NOHASHDIR=1
launcher=""
! command -v ccache >/dev/null || launcher="-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"
cmake -S "$here" -B "$scratch/build" -G Ninja -DWAY="$way" -DWEIR_SOURCE="$source" -DCMAKE_PREFIX_PATH="$scratch/installed" \
  -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 -DWEIR_WERROR=ON $launcher >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
cmake --build "$scratch/build" >"$scratch/log" 2>&1 || { tail -n 60 "$scratch/log"; exit 1; }
ctest --test-dir "$scratch/build" --output-on-failure
