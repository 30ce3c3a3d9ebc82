#!/usr/bin/env python3
"""Makes the reference of each language out of the sources: weir.h by Doxygen, the Python package by pdoc, the types of the Node package by
typedoc. A warning of any of them is an error.

    docs/reference/build.py [BUILD_FOLDER [LANGUAGE...]]     pages in BUILD_FOLDER/reference (build/release); c, python, node, or all three

Needs Debian's doxygen for c, and npm for node. pdoc and typedoc are put into ${XDG_CACHE_HOME:-~/.cache}/weir once. The library that the
Python package loads is built in BUILD_FOLDER if it is not there.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))
from once import Failed, install_once, make_venv  # noqa: E402

PYTHON_PACKAGES = ["pdoc==16.0.0", "cffi==2.1.1", "fsspec==2026.9.0", "typing_extensions==4.16.0"]
PYTHON_MODULES = ["weir", "weir.fs"]  # weir.aio comes with weir
NODE = ROOT / "bindings/node"
TYPEDOC = ["typedoc@0.28", "typescript@5.9", "@types/node@22"]


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))} failed with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout


def place(name, packages):
    return f"reference-{name}-{hashlib.sha256(repr([packages, sys.version_info[:2]]).encode()).hexdigest()[:8]}"


def build_python(folder):
    if not (folder / "CMakeCache.txt").exists():
        run("cmake", "--preset", "release", "-B", folder, "-DWEIR_BUILD_PYTHON=ON", cwd=ROOT)
    if not (folder / "python/weir/__init__.py").exists():
        run("cmake", folder, "-DWEIR_BUILD_PYTHON=ON")
        run("cmake", "--build", folder, "--target", "weir_python")


def c_pages(_, out):
    run("doxygen", "docs/reference/Doxyfile", cwd=ROOT, env={**os.environ, "WEIR_REFERENCE": str(out)})


def python_pages(folder, out):
    build_python(folder)
    python = install_once(place("pdoc", PYTHON_PACKAGES), lambda final: make_venv(final, PYTHON_PACKAGES)) / "bin" / "python"
    run(python, "-W", "error", "-m", "pdoc", "--no-search", "-o", out / "python", *PYTHON_MODULES,
        env={**os.environ, "PYTHONPATH": str(folder / "python"), "PYTHONDONTWRITEBYTECODE": "1"})


def node_pages(_, out):
    tools = install_once(place("typedoc", TYPEDOC), lambda final: run("npm", "install", "--silent", "--prefix", final, *TYPEDOC))
    run(tools / "node_modules/.bin/typedoc", "--treatWarningsAsErrors", "--excludeExternals", "--name", "weir", "--readme", "none",
        "--disableSources",  # links to a remote that a clone may not have
        "--out", out / "node", NODE / "lib/index.d.ts", cwd=tools)


PAGES = {"c": c_pages, "python": python_pages, "node": node_pages}


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release").resolve()
    languages = sys.argv[2:] or list(PAGES)
    out = folder / "reference"
    shutil.rmtree(out, ignore_errors=True)
    try:
        out.mkdir(parents=True)
        for language in languages:
            PAGES[language](folder, out)
    except KeyError as unknown:
        print(f"there are no pages of {unknown}", file=sys.stderr)
        return 2
    except (Failed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(str(page) for page in sorted(out.glob("*/index.html"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
