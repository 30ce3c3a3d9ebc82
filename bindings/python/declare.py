#!/usr/bin/env python3
"""Writes the declarations of libweir.so for Python, out of the header that C programs include.

    declare.py HEADER FOLDER      writes FOLDER/_declarations.py

Nothing is written by hand twice: what the header says is what Python calls. Needs cffi.
"""

import re
import sys
from pathlib import Path

from cffi import FFI


def declarations(header: str) -> str:
    """The header without what cffi does not read: comments, visibility, macros that are not numbers."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    text = text.replace("\\\n", " ")
    numbers = re.findall(r"^#define (WEIR_\w+) (0x[0-9a-fA-F]+|\d+)\s*$", text, flags=re.MULTILINE)
    text = re.sub(r'#ifdef __cplusplus\n(?:extern "C" \{|\})\n#endif', "", text)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\bWEIR_API\b", "", text)
    defines = "".join(f"#define {name} {value}\n" for name, value in numbers)
    return defines + re.sub(r"\n{2,}", "\n", text)


def main(words: "list[str]") -> int:
    if len(words) != 2:
        print(__doc__)
        return 2
    ffi = FFI()
    ffi.cdef(declarations(Path(words[0]).read_text()))
    ffi.set_source("_declarations", None)
    ffi.compile(tmpdir=words[1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
