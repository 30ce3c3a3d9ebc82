#!/usr/bin/env python3
"""Has a compiler say whether layout.txt is true: for what is built against weir.h with flags of its own, as the addon of Node is.

    layout_asserts.py COMPILER FLAGS...
"""

import subprocess
import sys
from pathlib import Path

LAYOUT = Path(__file__).resolve().with_name("layout.txt")


def asserts():
    struct = ""
    for line in LAYOUT.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if line.startswith("  "):
            yield f"offsetof({struct}, {words[0]}) == {words[1]}"
            yield f"sizeof((({struct}*)0)->{words[0]}) == {words[2]}"
        elif words[0].startswith("weir_"):
            struct = words[0]
            yield f"sizeof({struct}) == {words[1]}"
        else:
            yield f"{words[0]} == {words[1]}"


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    lines = [f'_Static_assert({claim}, "{claim}");' for claim in asserts()]
    text = "\n".join(["#include <stddef.h>", "#include <weir/weir.h>", *lines, ""])
    done = subprocess.run([*sys.argv[1:], "-x", "c", "-fsyntax-only", "-"], input=text, text=True, check=False)
    print(f"{len(lines)} claims of layout.txt")
    return done.returncode if len(lines) > 100 else 1


if __name__ == "__main__":
    sys.exit(main())
