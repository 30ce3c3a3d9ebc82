#!/usr/bin/env python3
"""Holds the documents to what is there: links, paths and the names of tests.

    docs_links.py [ROOT]

In README.md, CHANGELOG.md and docs/, prints each as file:line and exits 1:
  - a relative Markdown link that leads nowhere;
  - a repository path in code (`src/net/`, `tests/<room>/*_test.cpp`) or a source file's name (`core/job.hpp`) that fits no file;
  - what a merge has left undecided;
  - in docs/guarantees.md and docs/faults.md, a "test name" or `test_function` that the file named before it in its row does not have.
"""

import re
import sys
from pathlib import Path

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")
WORD = re.compile(r"[\w./<>*-]+")
SOURCE_NAME = re.compile(r"[\w./-]+\.(?:hpp|cpp|py|sh|cmake|md|json)")
QUOTED_OR_CODE = re.compile(r'"([^"]+)"|`([^`]+)`')


def paths_in(code, folders):
    """The words of a piece of code that are meant as files of this repository."""
    for word in WORD.findall(code):
        word = word.removeprefix("./").rstrip(".")
        if word.split("/")[0] in folders and "/" in word or SOURCE_NAME.fullmatch(word):
            yield re.sub(r"<\w+>", "*", word)


def is_there(root, path, files):
    if any(root.glob(path.rstrip("/"))):
        return True
    return any(file == path or file.endswith("/" + path) for file in files)


def text_of(path):
    """A test program's text, with string literals that were broken over lines put together."""
    return re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))


def wrong_tests(root, row):
    """Tests named in a row of the table of guarantees that are not in the file named before them."""
    here = None
    for name, code in QUOTED_OR_CODE.findall(row):
        if code.startswith("tests/"):
            here = root / code
        elif name or re.fullmatch(r"test_\w+", code):
            wanted = f'"{name}"' if name else f"def {code}("
            if here is None or not here.is_file() or wanted not in text_of(here):
                yield f"{name or code} is no test of {here.relative_to(root) if here else 'any file named before it'}"


def check(root):
    files = [str(path.relative_to(root)) for folder in root.iterdir() if folder.is_dir() and folder.name not in (".git", "build")
             for path in folder.rglob("*") if path.is_file()]
    folders = {file.split("/")[0] for file in files}
    documents = [path for path in (root / "README.md", root / "CHANGELOG.md") if path.exists()] + sorted((root / "docs").rglob("*.md"))
    wrong = []
    for document in documents:
        fenced = False
        for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
            found = ["two versions stand side by side"] if line.startswith(("<<<<<<< ", ">>>>>>> ")) else []
            if line.lstrip().startswith("```"):
                fenced = not fenced
            elif not fenced:
                targets = [target.split("#")[0] for target in LINK.findall(line) if not re.match(r"[a-z]+:", target)]
                found += [f"the link {target} leads nowhere" for target in targets if target and not (document.parent / target).exists()]
                if document.name in ("guarantees.md", "faults.md") and line.startswith("|"):
                    found += wrong_tests(root, line.rsplit("|", 2)[1])
            for code in [line] if fenced else CODE.findall(line):
                # Code of users has names of its own: in it only paths from the root count.
                found += [f"there is no {path}" for path in paths_in(code, folders)
                          if not is_there(root, path, files) and (not fenced or path.split("/")[0] in folders)]
            wrong += [f"{document.relative_to(root)}:{number}: {what}" for what in found]
    return wrong, len(documents)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    wrong, count = check(root)
    print("\n".join(wrong) or f"{count} documents name what is there")
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
