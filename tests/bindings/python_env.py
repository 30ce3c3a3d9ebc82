#!/usr/bin/env python3
"""The Python that the Python package is built, checked and tested with: that of this script, with what is below.

    python_env.py                              prints its path
    python_env.py [NAME=VALUE]... WORDS...     runs it with them, and with more in its environment than this script has

Installed from PyPI once, into ${XDG_CACHE_HOME:-~/.cache}/weir: versions that Debian has not, and the same everywhere.
"""

import hashlib
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "servers"))
from once import Failed, install_once, make_venv, say  # noqa: E402

PACKAGES = ["cffi==2.1.1", "pytest==9.2.0", "mypy==2.4.1", "types-cffi==2.1.0.20260827", "fsspec==2026.9.0", "pyarrow==26.0.1",
            "awscrt==0.38.1"]
PLACE = f"python-tests-{hashlib.sha256(repr(PACKAGES).encode()).hexdigest()[:8]}-{sys.version_info.major}.{sys.version_info.minor}"


def main(words):
    try:
        python = install_once(PLACE, lambda final: make_venv(final, PACKAGES)) / "bin" / "python"
    except (Failed, OSError) as error:
        say(f"the Python package cannot be tested without {', '.join(PACKAGES)}: {error}")
        return 125
    while words and re.match(r"[A-Z0-9_]+=", words[0]):
        name, _, value = words.pop(0).partition("=")
        os.environ[name] = value
    if words:
        os.execv(python, [python, *words])
    print(python)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
