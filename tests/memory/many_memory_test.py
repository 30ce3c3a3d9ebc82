#!/usr/bin/env python3
"""Checks that `weir cp -r` of many small files stays within its memory budget, up and down.

    many_memory_test.py [--weir PROGRAM] [--discard-s3 PROGRAM] [--files 10000] [--only TEXT]

Up: a tree of 4 KiB files into the discarding endpoint. Down: by a listing, out of the store of WEIR_TEST_S3_* where that is
set; otherwise the tree, as a store, into another directory. Peak RSS <= budget + 24 MiB at budgets of 64 and 16 MiB.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from memory_test import ABOVE_BUDGET, BUDGETS_MIB  # which makes tests/support known

from measured import MIB, DiscardingEndpoint, Failed, environment, run, say

FILE_BYTES = 4096


def make_tree(root, files):
    content = os.urandom(FILE_BYTES)
    for i in range(files):
        folder = root / f"{i % 20:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file-{i:06}").write_bytes(content)


def copy(options, budget_mib, source, destination, env=None):
    command = [options.weir, "cp", "-r", "--quiet", "--memory", f"{budget_mib}MiB", source, destination]
    return run(command, env=env)


def check_up(options, budget_mib, tree, folder):
    with DiscardingEndpoint(options.discard_s3) as s3:
        result = copy(options, budget_mib, f"{tree}/", "s3://bucket/tree/", environment(AWS_ENDPOINT_URL=s3.url))
        stored = s3.state()
    return result, stored.get("objects", options.files)


def check_down(options, budget_mib, tree, folder):
    """The listing is of a directory, or of a real store that was filled from it."""
    source, env = f"{tree}/", environment()
    if os.environ.get("WEIR_TEST_S3_ENDPOINT"):
        env = {**os.environ, "AWS_ENDPOINT_URL": os.environ["WEIR_TEST_S3_ENDPOINT"]}
        source = f"s3://{os.environ['WEIR_TEST_S3_BUCKET']}/many-memory/"
        run([options.weir, "cp", "-r", "--quiet", "--update", f"{tree}/", source], env=env)
    result = copy(options, budget_mib, source, f"{folder}/{budget_mib}", env)
    return result, sum(1 for path in Path(folder, str(budget_mib)).rglob("*") if path.is_file())


CASES = {"up": check_up, "down": check_down}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", default=os.environ.get("WEIR_TEST_CLI"))
    parser.add_argument("--discard-s3", default=os.environ.get("WEIR_TEST_DISCARD_S3"))
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    if not options.weir or not options.discard_s3:
        parser.error("say --weir and --discard-s3, or set WEIR_TEST_CLI and WEIR_TEST_DISCARD_S3")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        make_tree(tree, options.files)
        for name, check in CASES.items():
            if options.only not in name:
                continue
            for budget_mib in BUDGETS_MIB:
                limit = budget_mib * MIB + ABOVE_BUDGET
                problems = []
                try:
                    result, arrived = check(options, budget_mib, tree, folder)
                    cost = (f"{result.wall_s:5.1f} s, {result.cpu_s:5.1f} CPU-s, peak RSS {result.peak_rss / MIB:5.1f} MiB, "
                            f"{options.files / result.wall_s:.0f} files/s")
                    if result.peak_rss > limit:
                        problems.append(f"peak RSS is above {limit / MIB:.0f} MiB")
                    if arrived != options.files:
                        problems.append(f"{arrived} files arrived, not {options.files}")
                except Failed as failure:
                    problems, cost = [str(failure)], "failed"
                failed += bool(problems)
                say(f"{'FAILED' if problems else 'ok    '} {options.files} files {name}, budget {budget_mib} MiB: {cost}")
                for problem in problems:
                    say(f"       {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
