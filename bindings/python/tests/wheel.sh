#!/bin/sh
# Builds the wheel and installs it where nothing else is, as `pip install bindings/python` does, and runs ten lines on it.
#
#   servers.py run versitygw -- wheel.sh BUILD_FOLDER PYTHON      BUILD_FOLDER is a finished build of weir, of whose compiler it is built
set -eu
build=$1 python=$2
here=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset PYTHONPATH

# With the compiler of that build, but many files as one, and not optimized: what is in the wheel is looked at here, and not its speed.
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
CC=$(cached CMAKE_C_COMPILER) CXX=$(cached CMAKE_CXX_COMPILER)
export CC CXX CCACHE_NOHASHDIR=1 CMAKE_BUILD_PARALLEL_LEVEL=2
if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
flags() {
  echo "--config-settings=cmake.define.WEIR_WERROR=$(cached WEIR_WERROR)"
  echo "--config-settings=cmake.define.CMAKE_CXX_FLAGS_DEBUG=-O0"
  echo "--config-settings=cmake.define.CMAKE_UNITY_BUILD=ON"
  echo "--config-settings=cmake.define.CMAKE_UNITY_BUILD_BATCH_SIZE=16"
  echo "--config-settings=cmake.build-type=Debug"
}
pip() { # VENV WORDS...
  venv=$1; shift
  "$venv/bin/pip" --disable-pip-version-check "$@" >"$scratch/log" 2>&1 || { tail -n 60 "$scratch/log"; return 1; }
}
clean() { "$python" -m venv "$scratch/$1"; }

clean wheel
IFS="
" # a flag a line
flags >"$scratch/flags"
# shellcheck disable=SC2046
pip "$scratch/wheel" wheel --no-deps -w "$scratch" $(cat "$scratch/flags") "$here"
wheel=$(ls "$scratch"/weir-*.whl)
"$python" - "$wheel" <<'END'
import sys, zipfile
names = zipfile.ZipFile(sys.argv[1]).namelist()
for name in ("__init__.py", "_declarations.py", "libweir.so", "py.typed"):
    assert f"weir/{name}" in names, f"the wheel has no weir/{name}: {names}"
foreign = [name for name in names if not name.startswith("weir")]
assert not foreign, f"the wheel has what is not the package's: {foreign}"
assert "-py3-none-linux_" in sys.argv[1], "it is of one version of Python, or said to be of every machine: " + sys.argv[1]
END
pip "$scratch/wheel" install "$wheel"
head -c 20000000 /dev/urandom >"$scratch/big.csv"
destination="s3://$WEIR_TEST_S3_BUCKET/big.csv.zst"
cd "$scratch" # nothing of the sources is to be found by chance
export AWS_ENDPOINT_URL="$WEIR_TEST_S3_ENDPOINT" XDG_STATE_HOME="$scratch/state"
"$scratch/wheel/bin/python" "$here/examples/upload_ten_lines.py" big.csv "$destination"
"$scratch/wheel/bin/python" -c "import sys, weir; sys.stdout.buffer.write(weir.download('$destination', through='unzstd'))" | cmp - big.csv
