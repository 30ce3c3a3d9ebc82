#!/usr/bin/env python3
"""Compiles each public header by itself, with each compiler: none leans on what another happened to include.

    headers_alone.py [--core] COMPILER...

With --core, only include/weir/core, copied to a place where nothing else of weir can be seen: what needs it fails.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-x", "c++", "-"]


def compile_one(job):
    compiler, include, header = job
    done = subprocess.run([compiler, f"-I{include}", *FLAGS], input=f'#include "{header}"\n#include "{header}"\n', text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return "" if done.returncode == 0 else f"{header} does not compile alone with {compiler}:\n{done.stdout}"


def main():
    words = sys.argv[1:]
    core_only = "--core" in words
    compilers = [word for word in words if word != "--core"]
    missing = [compiler for compiler in compilers if not shutil.which(compiler)]
    if missing or not compilers:
        print(f"no such compiler: {missing}" if missing else __doc__)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        include = ROOT / "include"
        if core_only:
            include = Path(folder)
            shutil.copytree(ROOT / "include" / "weir" / "core", include / "weir" / "core")
        headers = sorted(str(path.relative_to(include)) for path in (include / "weir").rglob("*.hpp"))
        jobs = [(compiler, include, header) for compiler in compilers for header in headers]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            failures = [failure for failure in pool.map(compile_one, jobs) if failure]
    print("\n".join(failures) or f"{len(headers)} headers compile alone with {' and '.join(compilers)}")
    return 1 if failures or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
