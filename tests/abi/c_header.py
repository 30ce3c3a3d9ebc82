"""Reads weir.h as far as its rules of style allow: functions, structs, enumerators. And makes other headers of it.

    c_header.py grown HEADER SIZES FOLDER

A version to come, in FOLDER: each struct of HEADER that says its size has grown by two fields (weir/weir.h), and the library knows both sizes
of it (abi/struct_sizes.hpp, made of SIZES).
"""

import re
import sys
from pathlib import Path

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
STRUCT = re.compile(r"typedef struct (weir_\w+) \{(.*?)\n\} \1;", re.DOTALL)
DECLARATION = re.compile(r"\bWEIR_API\s+([^;{}]*?\b(weir_\w+)\([^;]*\));")


def read(path):
    """The header's text without its comments."""
    return COMMENT.sub("", Path(path).read_text(encoding="utf-8"))


def functions(header):
    """Each function's declaration by its name."""
    return {name: " ".join(text.split()) for text, name in DECLARATION.findall(header)}


def structs(header):
    """Each struct's body by its name."""
    return dict(STRUCT.findall(header))


def sized(header):
    """The structs that begin with their size: those that may grow."""
    return [name for name, body in structs(header).items() if body.split(";")[0].split() == ["uint32_t", "struct_size"]]


def handles(header):
    return sorted(set(re.findall(r"typedef struct (weir_\w+) \1;", header)))


def fields(body):
    for declaration in body.split(";"):
        function = re.search(r"\(\*(\w+)\)", declaration)
        plain = re.search(r"(\w+)(\[\d+\])?\s*$", declaration.strip())
        if function or plain:
            yield (function or plain).group(1)


def enumerators(header):
    for body in re.findall(r"^enum \{(.*?)\};", header, re.DOTALL | re.MULTILINE):
        yield from re.findall(r"\b(WEIR_\w+)", body)


def version(header):
    number = int(re.search(r"#define WEIR_VERSION_NUMBER 0x([0-9a-fA-F]{6})", header).group(1), 16)
    return f"{number >> 16}.{number >> 8 & 255}.{number & 255}"


def grown(header):
    for name in sized(header):
        header = header.replace(f"\n}} {name};", f"\n  uint64_t grown[2];\n}} {name};")
        # Initialisers are of one line, and end in " }".
        header = re.sub(rf"(\{{ sizeof\({name}\).*?) \}}", r"\1, {0, 0} }", header)
    return header


def with_grown_sizes(sizes):
    return re.sub(r"^(WEIR_ABI_SIZES\(weir_\w+.*?)(\d+)\);", lambda found: f"{found[1]}{found[2]}, {int(found[2]) + 16});", sizes, flags=re.MULTILINE)


def main():
    if len(sys.argv) != 5 or sys.argv[1] != "grown":
        print(__doc__)
        return 2
    folder = Path(sys.argv[4])
    for name, text in (("weir/weir.h", grown(read(sys.argv[2]))),
                       ("abi/struct_sizes.hpp", with_grown_sizes(Path(sys.argv[3]).read_text(encoding="utf-8")))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
