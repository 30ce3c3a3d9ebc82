#!/usr/bin/env python3
"""Doxygen's filter: weir.h, whose comments are plain, with the marks that Doxygen wants.

    for_doxygen.py HEADER

A comment belongs to what follows it at once; one behind code belongs to that line; one with a blank line after it is about the chapter. The
first comment is the front page, and rulers begin chapters.
"""

import re
import sys
from pathlib import Path

RULER = re.compile(r"/\* -{4} (.*?) -+ \*/")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def escaped(text):
    """Doxygen's commands begin with these; here they are what they are."""
    return re.sub(r"([\\@#<>&%$])", r"\\\1", text)


def front_page(comment):
    lines = [re.sub(r"^ \* ?", "", line) for line in comment[2:-2].splitlines()]
    return "/** @file */\n/** @mainpage weir.h\n@verbatim\n" + "\n".join(lines) + "\n@endverbatim */\n"


def with_examples(body):
    """Lines that are set in are code."""
    lines, code = [], False
    for line in body.splitlines():
        bare = re.sub(r"^\s*\* ?", "", line)
        if (bare.startswith("  ") and bool(bare.strip())) != code:
            code = not code
            lines.append("@code{.c}" if code else "@endcode")
        lines.append(bare if code else escaped(bare))
    return "\n".join([*lines, *(["@endcode"] if code else [])])


def convert(text):
    """The comments with their marks, the code as it is."""
    out, at, chapters = [], 0, []  # where they begin in `out`
    for comment in COMMENT.finditer(text):
        out.append(text[at:comment.start()])
        at = comment.end()
        ruler = RULER.fullmatch(comment.group())
        line_start = text.rfind("\n", 0, comment.start()) + 1
        body = with_examples(comment.group()[2:-2]).strip()
        if ruler:
            out.append(("/** @} */\n" if chapters else "") + f"/** @defgroup chapter{len(chapters)} {escaped(ruler.group(1))}\n@{{ */")
            chapters.append(len(out) - 1)
        elif text[line_start:comment.start()].strip():
            out.append(f"/**< {body} */")
        elif chapters and re.match(r"\n\s*\n", text[at:]):
            out[chapters[-1]] = out[chapters[-1]].replace("@{ */", f"{body}\n@{{ */")
        else:
            out.append(f"/** {body} */")
    tail = text[at:]
    end = tail.find("#ifdef __cplusplus")
    return "".join(out) + tail[:end] + "/** @} */\n" + tail[end:]


def main():
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    first = COMMENT.match(text)
    print(front_page(first.group()) + convert(text[first.end():]))


if __name__ == "__main__":
    main()
