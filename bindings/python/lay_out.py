#!/usr/bin/env python3
"""Lays out the package as it is imported, for tests and for who does not install a wheel.

    lay_out.py HEADER LIBRARY FOLDER      then PYTHONPATH=FOLDER
"""

import shutil
import sys
from pathlib import Path

import declare

HERE = Path(__file__).resolve().parent


def main(words: "list[str]") -> int:
    if len(words) != 3:
        print(__doc__)
        return 2
    header, library, folder = words
    package = Path(folder) / "weir"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(HERE / "src/weir", package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(library).resolve(), package / "libweir.so")
    return declare.main([header, str(package)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
