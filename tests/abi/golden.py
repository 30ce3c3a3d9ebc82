#!/usr/bin/env python3
"""Holds the binary interface of libweir.so to what is written down.

    golden.py [--write] HEADER MAP LIBRARY

symbols.txt is what the library exports, what the header declares, and what the version script lets out. layout.txt is each struct of the
header with the offsets and sizes of its fields, as a C compiler lays them out on a 64-bit machine, and the value of each enumerator; the
bindings' tests read it too. A line that is only new is an addition: --write, and say so in CHANGELOG.md. A line that changed or went breaks
every program that was built before.
"""

import difflib
import fnmatch
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import c_header

HERE = Path(__file__).resolve().parent


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")
    words = [line.split() for line in lines if line.strip()]
    return sorted(word[2] for word in words if word[1] != "A")


def scripted(script, names):
    """The functions with their versions, as the version script lets them out."""
    found = []
    for version, body in re.findall(r"(\w+) \{(.*?)\}", c_header.read(script), re.DOTALL):
        patterns = re.search(r"global:(.*?)(local:|$)", body, re.DOTALL).group(1).replace(";", " ").split()
        found += [f"{name}@@{version}" for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]
    return sorted(found)


def layout(path, header):
    lines = []
    for name, body in c_header.structs(header).items():
        lines.append(f'printf("%s %zu\\n", "{name}", sizeof({name}));')
        for field in c_header.fields(body):
            lines.append(f'printf("  %s %zu %zu\\n", "{field}", offsetof({name}, {field}), sizeof((({name}*)0)->{field}));')
    for name in c_header.enumerators(header):
        lines.append(f'printf("%s %d\\n", "{name}", (int){name});')
    program = f'#include "{path}"\n#include <stdio.h>\nint main(void) {{\n' + "\n".join(lines) + "\nreturn 0;\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder) / "layout.c", Path(folder) / "layout"
        source.write_text(program)
        subprocess.run(["cc", "-std=c99", "-Werror", str(source), "-o", str(binary)], check=True)
        return subprocess.run([str(binary)], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def main():
    words = [word for word in sys.argv[1:] if word != "--write"]
    if len(words) != 3:
        print(__doc__)
        return 2
    path, script, library = Path(words[0]).resolve(), words[1], words[2]
    header = c_header.read(path)
    declared = c_header.functions(header)
    symbols = exported(library)
    names = {symbol.split("@")[0] for symbol in symbols}  # without their versions
    wrong = [f"{name} is declared and not exported" for name in sorted(declared) if name not in names]
    wrong += [f"{name} is exported and not declared" for name in sorted(names) if name not in declared]
    wrong += [f"{script}: {line}" for line in difflib.unified_diff(scripted(script, declared), symbols, "lets out", "exported", lineterm="", n=0)]
    for name, lines in (("symbols.txt", symbols), ("layout.txt", layout(path, header))):
        if not lines:
            wrong.append(f"nothing was found for {name}")
        elif "--write" in sys.argv:
            (HERE / name).write_text("\n".join(lines) + "\n")
        else:
            known = (HERE / name).read_text().splitlines()
            wrong += [f"{name}: {line}" for line in difflib.unified_diff(known, lines, "written down", "is", lineterm="", n=1)]
    print("\n".join(wrong) or f"{len(symbols)} functions are as they are written down")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
