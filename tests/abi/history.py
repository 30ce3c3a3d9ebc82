#!/usr/bin/env python3
"""Holds the binary interface of today to that of each release: tests/abi/VERSION/ has its header, what abidw says of it, and client.c, a
program that calls each function of it.

    history.py HEADER MAP [LIBRARY]     compares; LIBRARY, with debug information, or else one made of the header alone
    history.py --write HEADER MAP       writes the folder of the header's version, which a release then freezes

abidiff (Debian: abigail-tools) tells what changed. New functions, and fields at the end of structs that say their size, break nothing and
are allowed: `golden.py --write` puts them on record. All else fails, because programs that were built with that release break. Until a
version is released its folder is written anew with each change; after that nothing of it is ever touched.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import c_header

HERE = Path(__file__).resolve().parent
CHANGELOG = HERE.parents[1] / "CHANGELOG.md"
QUIETLY = ["--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", "--no-elf-needed", "--no-parameter-names", "--exported-interfaces-only", "--type-id-style", "hash"]
ERROR, USAGE, CHANGED, INCOMPATIBLE = 1, 2, 4, 8  # abidiff's exit code


def library_of(header, script, folder):
    """A library of the header's functions that do nothing: its debug information is the interface."""
    (folder / "weir.h").write_text(header)
    bodies = [f"{declaration} {{ __builtin_trap(); }}\n" for declaration in c_header.functions(header).values()]
    (folder / "stub.c").write_text('#include "weir.h"\n' + "".join(bodies))
    library = folder / "libweir.so"
    subprocess.run(["cc", "-std=c99", "-g", "-O0", "-fPIC", "-shared", "-Wl,-soname,libweir.so.1", f"-Wl,--version-script={script}",
                    "stub.c", "-o", library.name], check=True, cwd=folder)
    return library


def is_growth(paragraph, sized):
    """Whether a paragraph of abidiff tells of new fields behind all others, of a struct that says its size."""
    lines = [line.strip() for line in paragraph.splitlines()]
    struct = re.fullmatch(r"'struct (\w+)' changed:", lines[0])
    size = len(lines) > 1 and re.match(r"type size changed from (\d+) to \d+ \(in bits\)$", lines[1])
    if not struct or not size or struct.group(1) not in sized or not re.fullmatch(r"\d+ data member insertions?:", lines[2]):
        return False
    offsets = [re.match(r"'.*', at offset (\d+) \(in bits\)", line) for line in lines[3:]]
    return all(offset and int(offset.group(1)) >= int(size.group(1)) for offset in offsets)


def compare(stored, now, sized):
    """What breaks programs of that release, and how many structs have grown since."""
    done = subprocess.run(["abidiff", "--leaf-changes-only", "--no-added-syms", str(stored), str(now)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode & (ERROR | USAGE):
        return [f"abidiff cannot tell: {done.stdout}"], 0
    paragraphs = [part for part in done.stdout.strip().split("\n\n") if part and " summary: " not in part.splitlines()[0]]
    broken = [part for part in paragraphs if not is_growth(part, sized)]
    if done.returncode & (CHANGED | INCOMPATIBLE) and not paragraphs:
        broken = [done.stdout]
    return broken, len(paragraphs) - len(broken)


def describe(library, headers, out):
    """What abidw tells of the types of the headers; those of the library's own are nobody's business."""
    subprocess.run(["abidw", *QUIETLY, "--headers-dir", str(headers), "--out-file", str(out), str(library)], check=True)
    return out


def not_called(release):
    """What the program of a release does not try: the functions of its header that client.c has not."""
    client = (release / "client.c").read_text(encoding="utf-8")
    return [name for name in c_header.functions(c_header.read(release / "weir.h")) if not re.search(rf"\b{name}\(", client)]


def not_refused(header):
    """Options and tables of callbacks whose unknown fields newer/client.c does not try."""
    client = (HERE / "newer/client.c").read_text(encoding="utf-8")
    given = [name for name in c_header.sized(header) if re.search(rf"\bconst {name}\*", " ".join(c_header.functions(header).values()))]
    return [name for name in given if not re.search(rf"\b{name}\b", client)]


def stored(header):
    """A header as it is kept: without comments and empty lines."""
    text = re.sub(r"[ \t]+$", "", header, flags=re.MULTILINE)
    return re.sub(r"\n{2,}", "\n", text).strip() + "\n"


def out_of_date(header):
    """Whether the version that is not released yet is written down as it was, and no longer is."""
    version = c_header.version(header)
    kept = HERE / version / "weir.h"
    unreleased = f"## [{version}] - Unreleased" in CHANGELOG.read_text(encoding="utf-8")
    return unreleased and (not kept.exists() or kept.read_text(encoding="utf-8") != stored(header))


def write(header, script):
    folder = HERE / c_header.version(header)
    folder.mkdir(exist_ok=True)
    (folder / "weir.h").write_text(stored(header))
    with tempfile.TemporaryDirectory() as scratch:
        describe(library_of(header, script, Path(scratch)), scratch, folder / "weir.abi")


def main():
    words = [word for word in sys.argv[1:] if word != "--write"]
    if len(words) not in (2, 3):
        print(__doc__)
        return 2
    path, script = Path(words[0]).resolve(), Path(words[1]).resolve()
    header = c_header.read(path)
    if "--write" in sys.argv:
        write(header, script)
        return 0
    releases = sorted(HERE.glob("*.*.*/weir.abi"))
    wrong = [] if releases else ["no release is written down"]
    wrong += [f"newer/client.c does not try {name}" for name in not_refused(header)]
    if len(words) == 2 and out_of_date(header):
        wrong.append("what will be released is not written down as it is now")
    with tempfile.TemporaryDirectory() as scratch:
        library, headers = (words[2], path.parent) if len(words) == 3 else (library_of(header, script, Path(scratch)), scratch)
        now = describe(library, headers, Path(scratch) / "now.abi")
        for release in releases:
            broken, grown = compare(release, now, c_header.sized(header))
            wrong += [f"since {release.parent.name}: {part}" for part in broken]
            wrong += [f"{release.parent.name}/client.c does not call {name}" for name in not_called(release.parent)]
            print(f"since {release.parent.name}: {len(broken)} breaks, {grown} structs grown")
    if wrong:
        print(*wrong, "Programs of that release break. If it is not released yet: history.py --write HEADER MAP.", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
