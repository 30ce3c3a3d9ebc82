#!/usr/bin/env python3
"""Runs clang-tidy over the library and the command, on as many cores as there are.

    tidy.py [--deep] BUILD_FOLDER [FILE...]

Most of the time goes into the headers, so several files are looked at as one; where something is found in them, or they
do not go together, each by itself. The analyzer follows each function for a little while; with --deep as far as it goes,
which takes four times as long. Files that passed are not looked at again until they, any header, the checks or the
compiler's flags change.
"""

import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIDY = "clang-tidy-14"
AT_ONCE = 12


def digest_of(paths):
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes())
    return total.hexdigest()


def flags_of(entry):
    """What the file is compiled with, without its own name and output."""
    words = shlex.split(entry["command"])[1:]
    kept = [word for at, word in enumerate(words) if word not in ("-c", "-o", entry["file"]) and words[at - 1] != "-o"]
    # They are GCC's: clang must not stumble over those that it does not know. Assertions tell the analyzer something.
    return [*kept, "-UNDEBUG", "-Wno-unknown-warning-option"]


def clean(source, flags, depth):
    """Nothing, or what was found."""
    # The checks are named: a file that is made up lies where no .clang-tidy need be.
    done = subprocess.run([TIDY, "--quiet", f"--config-file={ROOT}/.clang-tidy", "--checks=-bugprone-suspicious-include",
                           source, "--", *flags, "-Xclang", "-analyzer-config", "-Xclang", f"mode={depth}"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout or done.stderr


def check(build, sources, flags, common, depth):
    """How many of the files are clean, and what is wrong with the others."""
    key = hashlib.sha256((common + depth + " ".join(flags) + digest_of(sources)).encode()).hexdigest()
    passed = build / "tidy" / key
    if passed.exists():
        return len(sources), ""
    found = []
    if len(sources) > 1:
        together = build / "tidy" / f"{key}.cpp"
        together.write_text("".join(f'#include "{source}"\n' for source in sources), encoding="utf-8")
        alone = sources if clean(together, flags, depth) else []
        together.unlink()
    else:
        alone = sources
    found = [text for text in (clean(source, flags, depth) for source in alone) if text]
    if not found:
        passed.touch()
    return len(sources) - len(found), "\n".join(found)


def commands_of(build):
    """How each file of the library and the command is compiled."""
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    if any("/Unity/" in entry["file"] for entry in commands):
        commands = json.loads((one_by_one(build) / "compile_commands.json").read_text(encoding="utf-8"))
    return {entry["file"]: entry for entry in commands if entry["file"].startswith(f"{ROOT}/src/")}


def one_by_one(build):
    """A folder of a build that compiles each file by itself, as that of `build` does not."""
    folder = build / "tidy" / "one_by_one"
    subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_UNITY_BUILD=OFF",
                    "-DWEIR_BUILD_TESTS=OFF", "-DWEIR_BUILD_EXAMPLES=OFF"], stdout=subprocess.DEVNULL, check=True)
    return folder


def main():
    depth = "deep" if "--deep" in sys.argv else "shallow"
    words = [word for word in sys.argv[1:] if word != "--deep"]
    build, wanted = Path(words[0]).resolve(), {str(Path(name).resolve()) for name in words[1:]}
    entries = {file: entry for file, entry in commands_of(build).items() if not wanted or file in wanted}
    headers = sorted(path for base in ("include", "src") for path in (ROOT / base).rglob("*.h*"))
    common = digest_of([ROOT / ".clang-tidy", *headers])
    (build / "tidy").mkdir(exist_ok=True)
    tasks = []
    for flags, group in groupby(sorted(entries.values(), key=lambda entry: (flags_of(entry), entry["file"])), flags_of):
        sources = [Path(entry["file"]) for entry in group]
        tasks += [(sources[at:at + AT_ONCE], flags) for at in range(0, len(sources), AT_ONCE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda task: check(build, *task, common, depth), tasks))
    for _, text in results:
        if text:
            print(text)
    passed = sum(count for count, _ in results)
    print(f"{passed} of {len(entries)} files are clean")
    return 0 if entries and passed == len(entries) else 1


if __name__ == "__main__":
    sys.exit(main())
