#!/usr/bin/env python3
"""Holds docs/c-api.md to weir.h: its index has each function, type and value of the header, by the header's own chapters, and no page
speaks of a function or type that is not there.

    c_api_doc.py [--write]

Prints what differs and exits 1; with --write it writes the index anew.
"""

import difflib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/abi"))
import c_header  # noqa: E402

HEADER, PAGE = ROOT / "include/weir/weir.h", ROOT / "docs/c-api.md"
BEGIN, END = "<!-- what follows is written by tests/lint/c_api_doc.py -->\n", "<!-- to here -->\n"
CHAPTER = re.compile(r"^/\* -{4} (.*?) -+ \*/$", re.MULTILINE)
NAME = re.compile(r"(?<![\w:/-])weir_\w+")  # not weir::weir_static, which is CMake's


def chapters():
    """Title and text of each."""
    parts = CHAPTER.split(HEADER.read_text(encoding="utf-8"))
    return [(title, c_header.COMMENT.sub("", text)) for title, text in zip(parts[1::2], parts[2::2])]


def types(text):
    return [*c_header.structs(text), *c_header.handles(text), *re.findall(r"^typedef \w+ (weir_\w+);", text, re.MULTILINE)]


def index():
    """A line for each chapter. Values that have a prefix in common are told by it."""
    lines = ["", "| chapter of weir.h | functions | types | values |", "|---|---|---|---|"]
    for title, text in chapters():
        values = list(c_header.enumerators(text)) + re.findall(r"^#define (WEIR_\w+)", text, re.MULTILINE)
        cells = [", ".join(f"`{name}`" for name in names) for names in (c_header.functions(text), sorted(types(text)), values)]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\n"


def unknown(known):
    """Names of functions and types in documents that the header does not have."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "bindings").glob("*/README.md")]
    for page in pages:
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            names = NAME.findall(line) if page == PAGE else re.findall(r"\b(weir_\w+)\(", line)
            yield from (f"{page.relative_to(ROOT)}:{number}: weir.h has no {name}" for name in names if name not in known)


def main():
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    now, tail = rest.split(END)
    there = index()
    if "--write" in sys.argv:
        PAGE.write_text(head + BEGIN + there + END + tail, encoding="utf-8")
        return 0
    header = c_header.read(HEADER)
    known = {*c_header.functions(header), *types(header)}
    told = [name for _, part in chapters() for name in c_header.functions(part)]
    wrong = [f"{name} stands in no chapter of weir.h" for name in sorted(set(c_header.functions(header)) - set(told))]
    wrong += list(unknown(known))
    if now != there:
        wrong += [*difflib.unified_diff(now.splitlines(), there.splitlines(), str(PAGE.relative_to(ROOT)), "weir.h", lineterm="", n=0),
                  "Run: tests/lint/c_api_doc.py --write"]
    print("\n".join(wrong) or f"{len(known)} functions and types of weir.h are in docs/c-api.md")
    return 1 if wrong or not known else 0


if __name__ == "__main__":
    sys.exit(main())
