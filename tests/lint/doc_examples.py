#!/usr/bin/env python3
"""Compiles and runs the examples in the documents: README.md, docs/, the README.md of each binding, the comments of weir.h.

    doc_examples.py --lib FOLDER [--python PACKAGES] [--node PACKAGE] [--cxx COMPILER]

  c        as C99 against libweir.so of FOLDER, each warning an error; then run: nothing may come to standard error
  cpp      as C++20, all in one
  python   run with the package of PACKAGES, by this Python; without --python compiled
  js       run with PACKAGE; without --node checked for its form
  sh       bash -n
  html, cmake, json and blocks without a language are not looked at.

An example runs in a folder of its own that has big.csv and log.txt; `s3://bucket/` is the folder bucket/ in it. A name that examples use and
do not define is in the preambles below. Prints what is wrong by file and line, and exits 1.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "include/weir/weir.h"
PLACES = re.compile(r"s3://(bucket/)")
Example = namedtuple("Example", "language place text")

C_PREAMBLE = """#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <weir/weir.h>
weir_error error = WEIR_ERROR_INIT;
weir_receipt receipt = WEIR_RECEIPT_INIT;
weir_job_options options;
weir_push *push;
weir_pull *pull;
weir_job *job;
"""
CPP_PREAMBLE = """#include <weir/weir.hpp>
#include <weir/transfer/endpoint.hpp>
struct Record {
  explicit Record(weir::Slice);
  int status;
  std::string as_csv() const;
};
"""
PYTHON_PREAMBLE = """import asyncio, csv, weir
loop = asyncio.new_event_loop()
def ready(): pass
def rows():
    yield b'a,b\\n'
    yield b'1,2\\n'
"""


def fenced(path):
    language, start, lines = None, 0, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = re.match(r"\s*```(\w*)", line)
        if fence and language is None:
            language, start, lines = fence.group(1), number + 1, []
        elif fence:
            yield Example(language, f"{path.relative_to(ROOT)}:{start}", "\n".join(lines) + "\n")
            language = None
        else:
            lines.append(line)


def in_header():
    """What is set in by two more spaces in a comment, if it is code and not a list."""
    block, start = [], 0
    for number, line in enumerate([*HEADER.read_text(encoding="utf-8").splitlines(), ""], 1):
        inner = re.match(r" \*   (\S.*|  .*)", line)
        if inner and not block and ";" not in inner.group(1) and "(" not in inner.group(1):
            continue
        if inner:
            start = start or number
            block.append(re.sub(r" ?\*/$", "", inner.group(1)))
        elif block:
            if any(text.rstrip().endswith(";") for text in block):
                yield Example("c", f"{HEADER.relative_to(ROOT)}:{start}", "\n".join(block) + "\n")
            block, start = [], 0


def in_docstrings():
    """Indented code in the docstrings of the Python package, for its names and its form alone."""
    for path in sorted((ROOT / "bindings/python/src/weir").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                for block in re.findall(r"(?:^|\n\n)((?:    .*\n?|\n)+)", ast.get_docstring(node) or ""):
                    yield Example("pyform", f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", re.sub(r"^    ", "", block, flags=re.MULTILINE))


def examples():
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "bindings").glob("*/README.md"))]
    return [example for page in pages for example in fenced(page)] + list(in_header()) + list(in_docstrings())


def call(words, folder, **options):
    return subprocess.run([str(word) for word in words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          timeout=120, **options)


def folder_for_one(scratch):
    folder = Path(tempfile.mkdtemp(dir=scratch))
    (folder / "bucket").mkdir()
    (folder / "big.csv").write_text("a,b\n1,2\n" * 1000)
    (folder / "log.txt").write_text("fine\nERROR one\n")
    return folder


def placed(example):
    return f'#line {example.place.rsplit(":", 1)[1]} "{example.place.rsplit(":", 1)[0]}"\n'


def check_c(found, arguments, scratch):
    """Each is a program by itself: they may define the same names."""
    for example in found:
        folder = folder_for_one(scratch)
        text = PLACES.sub(r"\1", example.text)
        if "int main(" not in text:
            text = f"int main(void) {{\nweir_init(&options, sizeof options);\n{placed(example)}{text}return 0;\n}}\n"
        (folder / "example.c").write_text(C_PREAMBLE + text)
        done = call(["gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", "example.c", "-o", "example",
                     f"-L{arguments.lib}", "-lweir"], folder)
        if done.returncode == 0:
            done = call(["./example"], folder, env={**os.environ, "LD_LIBRARY_PATH": str(arguments.lib), "XDG_STATE_HOME": str(folder)})
        if done.returncode != 0 or done.stderr:
            yield f"{example.place}: {done.stderr or done.returncode}"


def cpp_piece(example, number):
    """In a namespace of its own; statements in a function of it."""
    includes = "".join(re.findall(r"^#include .*\n", example.text, re.MULTILINE))
    text = re.sub(r"^#include .*\n", "\n", example.text, flags=re.MULTILINE)
    at_file_scope = re.match(r"\s*(int|struct|class|auto \w+\(|template)\b", text)
    body = text.replace("int main(", "int run(") if at_file_scope else f"void run() {{\n{placed(example)}{text}}}\n"
    return f"{includes}namespace example_{number} {{\n{placed(example)}{body}}}\n"


def check_cpp(found, arguments, scratch):
    folder = folder_for_one(scratch)
    (folder / "examples.cpp").write_text(CPP_PREAMBLE + "".join(cpp_piece(example, number) for number, example in enumerate(found)))
    done = call([arguments.cxx, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused", f"-I{ROOT}/include",
                 "examples.cpp"], folder)
    if done.returncode != 0:
        yield done.stderr


def check_python(found, arguments, scratch):
    for example in found:
        folder = folder_for_one(scratch)
        text = PLACES.sub(r"\1", example.text)
        try:
            compile(text, example.place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            yield f"{example.place}: {error}"
            continue
        if arguments.python:
            (folder / "example.py").write_text(PYTHON_PREAMBLE + text)
            done = call([sys.executable, "-W", "error", "example.py"], folder,
                        env={**os.environ, "PYTHONPATH": str(arguments.python), "XDG_STATE_HOME": str(folder)})
            if done.returncode != 0:
                yield f"{example.place}: {done.stderr}"


def names_of(module):
    """What a Python file defines and imports."""
    names = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        names |= {getattr(node, "name", None), *(alias.asname or alias.name for alias in getattr(node, "names", []))}
        names |= {target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)}
    return names


def check_pyform(found, _, __):
    for example in found:
        try:
            tree = compile(example.text, example.place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
        except SyntaxError as error:
            yield f"{example.place}: {error}"
            continue
        names = {(node.value.id, node.attr) for node in ast.walk(tree)
                 if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("weir", "aio")}
        for module, name in sorted(names):
            if name not in names_of(ROOT / "bindings/python/src/weir" / ("aio.py" if module == "aio" else "__init__.py")):
                yield f"{example.place}: {module} has no {name}"


def js_preamble(text):
    """What of it the example does not have itself."""
    lines = [("http", "import http from 'node:http'"), ("pipeline", "import { pipeline } from 'node:stream'"),
             ("rows", "function * rows () { yield Buffer.from('a,b\\n'); yield Buffer.from('1,2\\n') }"), ("signal", "const signal = undefined"),
             ("onProgress", "function onProgress () {}")]
    own = " ".join(re.findall(r"import (.*?) from", text) + re.findall(r"(?:const|let|function\W*) (\w+)", text))
    return "; ".join(line for name, line in lines if not re.search(rf"\b{name}\b", own)) + ";"


def check_js(found, arguments, scratch):
    for example in found:
        folder = folder_for_one(scratch)
        text = re.sub(r"\) …$", ") {}", PLACES.sub(r"\1", example.text), flags=re.MULTILINE)  # a body that is left out
        (folder / "example.mjs").write_text(js_preamble(text) + text)
        if arguments.node:
            (folder / "node_modules").mkdir()
            (folder / "node_modules/weir").symlink_to(arguments.node)
        done = call(["node", *([] if arguments.node else ["--check"]), "example.mjs"], folder,
                    env={**os.environ, "XDG_STATE_HOME": str(folder)})
        if done.returncode != 0:
            yield f"{example.place}: {done.stderr}"


def check_sh(found, _, scratch):
    for example in found:
        done = call(["bash", "-n", "-c", example.text], scratch)
        if done.returncode != 0:
            yield f"{example.place}: {done.stderr}"


CHECKS = {"c": check_c, "cpp": check_cpp, "python": check_python, "pyform": check_pyform, "js": check_js, "sh": check_sh}
SAME = {"py": "python", "javascript": "js", "mjs": "js", "bash": "sh", "shell": "sh"}
NOT_LOOKED_AT = {"", "cmake", "json", "html", "text"}


def main():
    reader = argparse.ArgumentParser()
    reader.add_argument("--lib", required=True, type=os.path.abspath)
    reader.add_argument("--python", type=os.path.abspath)
    reader.add_argument("--node", type=os.path.abspath)
    reader.add_argument("--cxx", default="g++")
    arguments = reader.parse_args()
    by_language, wrong = {}, []
    for example in examples():
        language = SAME.get(example.language, example.language)
        if language in CHECKS:
            by_language.setdefault(language, []).append(example)
        elif language not in NOT_LOOKED_AT:
            wrong.append(f"{example.place}: nobody checks examples in {language}")
    scratch = Path(tempfile.mkdtemp())
    try:
        for language, found in by_language.items():
            wrong += CHECKS[language](found, arguments, scratch)
    finally:
        shutil.rmtree(scratch)
    wrong += [f"there is no example in {language}: they were not found" for language in ("c", "cpp", "python", "sh") if language not in by_language]
    print("\n".join(wrong) or ", ".join(f"{len(found)} {language}" for language, found in sorted(by_language.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
