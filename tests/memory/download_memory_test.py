#!/usr/bin/env python3
"""Checks that `weir cat` of an object stays within its memory budget, however slow its reader.

    servers.py run versitygw -- download_memory_test.py [--weir PROGRAM] [--size 2GiB] [--only TEXT]

The program is the one that WEIR_TEST_CLI names, if not said; the store is the one of WEIR_TEST_S3_*.

An object is made once and read at budgets of 64 and 16 MiB, into /dev/null and into a pipe whose reader stands still for a
while. Peak RSS <= budget + 24 MiB, no growth all through that time, and as many bytes as the object has.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from memory_test import ABOVE_BUDGET, BUDGETS_MIB

from measured import MIB, Failed, grows, read_size, run, run_cases

# Takes a little, stands still, takes the rest and counts it.
SLEEPY_READER = 'exec < "$0"; head -c 1000000 | wc -c; sleep 4; exec wc -c'
STANDS_STILL_S = 4


def download(command, folder):
    """Reads the object into /dev/null."""
    return run(["sh", "-c", 'exec "$@" > /dev/null', "sh", *command], env=dict(os.environ)), None


def download_slowly(command, folder):
    """Reads the object into a pipe; the bytes that came out of it, too."""
    pipe = str(Path(folder) / "pipe")
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", SLEEPY_READER, pipe], stdout=subprocess.PIPE, text=True) as reader:
        try:
            result = run(["sh", "-c", 'exec "$@" > "$0"', pipe, *command], env=dict(os.environ))
        except Failed:
            reader.kill()
            raise
        counted = sum(map(int, reader.stdout.read().split()))
    if result.wall_s < STANDS_STILL_S:
        raise Failed(f"the reader was to stand still for {STANDS_STILL_S} s, and all took {result.wall_s:.1f} s")
    return result, counted


CASES = {"into /dev/null": download, "into a pipe that stands still for a while": download_slowly}


def problems(budget_mib, size, result, counted):
    """What is not as promised. Growth is looked for once bytes flow."""
    found = []
    limit = budget_mib * MIB + ABOVE_BUDGET
    if result.peak_rss > limit:
        found.append(f"peak RSS {result.peak_rss / MIB:.1f} MiB is above {limit / MIB:.0f} MiB")
    if result.peak_rss < 2 * MIB:
        found.append(f"a peak RSS of {result.peak_rss / MIB:.1f} MiB is not that of weir")
    flowing = [s for s in result.samples if s.at_s >= (STANDS_STILL_S if counted is not None else 0)]
    if grown := grows(flowing):
        found.append(grown)
    if counted is not None and counted != size:
        found.append(f"{counted} bytes arrived, not {size}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", default=os.environ.get("WEIR_TEST_CLI"))
    parser.add_argument("--size", default="2GiB")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    endpoint, bucket = os.environ.get("WEIR_TEST_S3_ENDPOINT"), os.environ.get("WEIR_TEST_S3_BUCKET")
    if not options.weir or not endpoint:
        parser.error("say --weir or set WEIR_TEST_CLI, and run it under servers.py")
    names = [name for name in CASES if options.only in name]
    if not names:
        parser.error(f"no case is named like {options.only!r}")

    url = f"s3://{bucket}/download-memory"
    run([options.weir, "cp", "--quiet", "--endpoint-url", endpoint, f"gen:{options.size}", url], env=dict(os.environ))

    def check(name, budget_mib):
        command = [options.weir, "cat", "--quiet", "--memory", f"{budget_mib}MiB", "--endpoint-url", endpoint, url]
        with tempfile.TemporaryDirectory() as folder:
            result, counted = CASES[name](command, folder)
        return result, problems(budget_mib, read_size(options.size), result, counted), ""

    return 1 if run_cases((f"{options.size} {name}, budget {budget} MiB", partial(check, name, budget))
                          for name in names for budget in BUDGETS_MIB) else 0


if __name__ == "__main__":
    sys.exit(main())
