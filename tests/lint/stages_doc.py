#!/usr/bin/env python3
"""Holds docs/stages.md to the stages that there are: its list is what `weir stages` tells. WEIR_BIN names the command.

And each of them has its example in examples/stages.cpp.

    stages_doc.py [--write]

Prints the first line that differs and exits 1; with --write it writes the list anew.
"""

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "stages.md"
EXAMPLES = PAGE.parents[1] / "examples"
BEGIN, END = "<!-- what follows is written by tests/lint/stages_doc.py -->\n", "<!-- to here -->\n"


def told(*arguments):
    return subprocess.run([os.environ["WEIR_BIN"], "stages", *arguments], check=True, capture_output=True, text=True).stdout


def names_of_all():
    return [line.split()[0] for line in told().splitlines()]


def without_example():
    """A stage's example stands behind "// --- NAME, NAME" in stages.cpp; a C++ function has "_" for "-"."""
    lines = (EXAMPLES / "stages.cpp").read_text(encoding="utf-8").splitlines()
    shown = {name.strip() for line in lines if line.startswith("  // --- ") for name in line[9:].split(":")[0].split(",")}
    return [name for name in names_of_all() if name not in shown]


def listing():
    names = names_of_all()
    return "\n```\n" + "\n".join(told(name).rstrip() + "\n" for name in names) + "```\n"


def main():
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    now, tail = rest.split(END)
    there = listing()
    if "--write" in sys.argv:
        PAGE.write_text(head + BEGIN + there + END + tail, encoding="utf-8")
        return 0
    if missing := without_example():
        print(f"examples/stages.cpp shows no {', '.join(missing)}")
        return 1
    if now == there:
        return 0
    for old, new in zip(now.splitlines() + [""], there.splitlines() + [""]):
        if old != new:
            print(f"docs/stages.md says\n  {old}\nand the command\n  {new}\nRun: WEIR_BIN=… tests/lint/stages_doc.py --write")
            break
    return 1


if __name__ == "__main__":
    sys.exit(main())
