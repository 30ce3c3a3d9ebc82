#!/usr/bin/env python3
"""Runs a program that was not built with AddressSanitizer, as Python and Node are, with a library that was.

    under_asan.py RUNTIME COMMAND...       RUNTIME: libclang_rt.asan-x86_64.so of the compiler (-print-file-name)

What the sanitizers find ends the program where it happens, and is told at the end. Leaks are looked for where a program calls
__lsan_do_recoverable_leak_check(): an interpreter leaves much behind of its own, so those count that were allocated below libweir.so. Exits with COMMAND's status, or 1 for a report.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^(?:Direct|Indirect) leak of .*?(?=^\s*$)", re.MULTILINE | re.DOTALL)
FRAME = re.compile(r"#\d+ 0x[0-9a-f]+ .*?\((/\S*/libweir\.so[^+\s]*)\+(0x[0-9a-f]+)\)")


def with_names(block):
    """The stack with functions and lines where it passes through libweir.so; addresses alone where there is no symbolizer."""
    symbolizer = shutil.which("llvm-symbolizer-14") or shutil.which("llvm-symbolizer")
    if symbolizer is None:
        return block

    def named(match):
        told = subprocess.run([symbolizer, "-p", "-s", "--no-inlines", "-e", match[1], match[2]], stdout=subprocess.PIPE, text=True, check=False)
        return f"{match[0]} {told.stdout.strip()}"

    return FRAME.sub(named, block)


def reports(folder):
    """What was found that is not the interpreter's own."""
    for path in sorted(Path(folder).iterdir()):
        text = path.read_text(errors="replace") + "\n\n"
        if "LeakSanitizer" not in text:
            yield text
            continue
        yield from (block for block in BLOCK.findall(text) if FRAME.search(block))


def main(words):
    if len(words) < 2 or not Path(words[0]).is_file():
        print(__doc__, file=sys.stderr)
        return 2
    runtime, command = words[0], words[1:]
    with tempfile.TemporaryDirectory(prefix="weir-asan-") as folder:
        environment = {
            **os.environ, "LD_PRELOAD": runtime, "PYTHONMALLOC": "malloc",  # else the interpreter's pools hide what they hold
            "ASAN_OPTIONS": f"detect_leaks=1:leak_check_at_exit=0:symbolize=0:log_path={folder}/asan:" + os.environ.get("ASAN_OPTIONS", ""),
            "LSAN_OPTIONS": "use_tls=0",  # Clang 14's reads past what glibc's threads have
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        status = subprocess.run(command, env=environment, check=False).returncode
        found = list(reports(folder))
    for report in found[:5]:
        print(with_names(report))
    if found:
        print(f"the sanitizers reported {len(found)} times")
    return 1 if found and status == 0 else status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
