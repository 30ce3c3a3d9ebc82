"""The declarations are those of the library that runs: each field of each struct lies where a C compiler puts it."""

import re

from conftest import ROOT

from weir._native import ffi, lib, version
from weir.errors import BY_STATUS

LAYOUT = (ROOT / "tests/abi/layout.txt").read_text().splitlines()
SYMBOLS = [line.split("@")[0] for line in (ROOT / "tests/abi/symbols.txt").read_text().splitlines()]


def test_structs_are_laid_out_as_in_c():
    structs = 0
    for line in LAYOUT:
        words = line.split()
        if line.startswith("  "):
            field = dict(ffi.typeof(struct).fields)[words[0]]
            assert [words[0], field.offset, ffi.sizeof(field.type)] == [words[0], int(words[1]), int(words[2])], struct
        elif words[0].startswith("weir_"):
            struct, size = words[0], int(words[1])
            assert ffi.sizeof(struct) == size, struct
            structs += 1
    assert structs > 10


def test_values_are_those_of_c():
    values = [line.split() for line in LAYOUT if line.startswith("WEIR_")]
    assert len(values) > 30
    for name, value in values:
        assert getattr(lib, name) == int(value), name


def test_each_function_is_declared():
    for name in SYMBOLS:
        assert name.startswith("weir_") and getattr(lib, name) is not None


def test_each_error_has_a_class():
    for line in LAYOUT:
        if re.match(r"WEIR_E_", line):
            name = ffi.string(lib.weir_status_name(int(line.split()[1]))).decode()
            assert name in BY_STATUS, line
    assert ffi.string(lib.weir_status_name(12345)) == b"unknown"


def test_the_version_is_that_of_the_library():
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
