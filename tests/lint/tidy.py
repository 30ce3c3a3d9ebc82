#!/usr/bin/env python3
"""Runs clang-tidy over the library and the command, as many files at once as there are cores.

    tidy.py [--deep] BUILD_FOLDER [FILE...]

The analyzer follows each function for a little while; with --deep as far as it goes, which takes four times as long.
A file that passed is not looked at again until it, any header, the checks or the compiler's flags change.
"""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIDY = "clang-tidy-14"


def digest_of(paths):
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def check(build, entry, common, depth):
    source = Path(entry["file"])
    key = hashlib.sha256((common + depth + entry.get("command", "") + digest_of([source])).encode()).hexdigest()
    passed = build / "tidy" / key
    if passed.exists():
        return True, ""
    # The sources carry GCC's flags; clang must not stumble over those that it does not know.
    arguments = ["-Wno-unknown-warning-option", "-Xclang", "-analyzer-config", "-Xclang", f"mode={depth}"]
    done = subprocess.run([TIDY, "--quiet", "-p", build, *(f"--extra-arg={each}" for each in arguments), source],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        passed.touch()
        return True, ""
    return False, done.stdout or done.stderr


def main():
    depth = "deep" if "--deep" in sys.argv else "shallow"
    words = [word for word in sys.argv[1:] if word != "--deep"]
    build, wanted = Path(words[0]).resolve(), {str(Path(name).resolve()) for name in words[1:]}
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        if entry["file"].startswith(f"{ROOT}/src/") and (not wanted or entry["file"] in wanted):
            entries[entry["file"]] = entry
    headers = sorted(path for base in ("include", "src") for path in (ROOT / base).rglob("*.h*"))
    common = digest_of([ROOT / ".clang-tidy", *headers])
    (build / "tidy").mkdir(exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda entry: check(build, entry, common, depth), entries.values()))
    for passed, text in results:
        if not passed:
            print(text)
    failed = sum(not passed for passed, _ in results)
    print(f"{len(results) - failed} of {len(results)} files are clean")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
