#!/usr/bin/env python3
"""Holds the binary interface of libweir.so to what is written down.

    golden.py [--write] HEADER LIBRARY

symbols.txt is what the library exports, and what the header declares. layout.txt is each struct of the header with the offsets and
sizes of its fields, as a C compiler lays them out on a 64-bit machine, and the value of each enumerator. A line that is only new is an
addition: --write, and say so in CHANGELOG.md. A line that changed or went breaks every program that was built before.
"""

import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def declared(header):
    return sorted(set(re.findall(r"\bWEIR_API\b[^;(]*?\b(weir_\w+)\(", header)))


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")
    words = [line.split() for line in lines if line.strip()]
    return sorted(word[2] for word in words if word[1] != "A")


def fields_of(body):
    for declaration in body.split(";"):
        function = re.search(r"\(\*(\w+)\)", declaration)
        plain = re.search(r"(\w+)(\[\d+\])?\s*$", declaration.strip())
        if function or plain:
            yield (function or plain).group(1)


def layout(path, header):
    lines = []
    for name, body in re.findall(r"typedef struct (weir_\w+) \{(.*?)\n\} \1;", header, re.DOTALL):
        lines.append(f'printf("%s %zu\\n", "{name}", sizeof({name}));')
        for field in fields_of(body):
            lines.append(f'printf("  %s %zu %zu\\n", "{field}", offsetof({name}, {field}), sizeof((({name}*)0)->{field}));')
    for body in re.findall(r"^enum \{(.*?)\};", header, re.DOTALL | re.MULTILINE):
        for name in re.findall(r"\b(WEIR_\w+)", body):
            lines.append(f'printf("%s %d\\n", "{name}", (int){name});')
    program = f'#include "{path}"\n#include <stdio.h>\nint main(void) {{\n' + "\n".join(lines) + "\nreturn 0;\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder) / "layout.c", Path(folder) / "layout"
        source.write_text(program)
        subprocess.run(["cc", "-std=c99", "-Werror", str(source), "-o", str(binary)], check=True)
        return subprocess.run([str(binary)], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def main():
    words = [word for word in sys.argv[1:] if word != "--write"]
    if len(words) != 2:
        print(__doc__)
        return 2
    path, library = Path(words[0]).resolve(), words[1]
    header = COMMENT.sub("", path.read_text())
    symbols = exported(library)
    names = {symbol.split("@")[0] for symbol in symbols}  # without their versions
    wrong = [f"{name} is declared and not exported" for name in declared(header) if name not in names]
    wrong += [f"{name} is exported and not declared" for name in sorted(names) if name not in declared(header)]
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
