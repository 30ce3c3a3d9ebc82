#!/usr/bin/env python3
"""Checks that `weir cp -r` of many small files stays within its memory budget: up, down, and where there is little to do.

    many_memory_test.py [--weir PROGRAM] [--discard-s3 PROGRAM] [--fault-s3 SCRIPT] [--files 10000] [--names 1000000] [--only TEXT]

Up: a tree of 4 KiB files into the discarding endpoint. Down: by a listing, out of the store of WEIR_TEST_S3_* where that is
set; otherwise the tree, as a store, into another directory. Update: of a million names that are the same at both
ends of the scripted store. Peak RSS <= budget + 24 MiB at budgets of 64 and 16 MiB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from functools import partial
from pathlib import Path

from memory_test import ABOVE_BUDGET, BUDGETS_MIB  # which makes tests/support known

from measured import MIB, DiscardingEndpoint, Failed, environment, run, run_cases

FILE_BYTES = 4096


def make_tree(root, files):
    content = os.urandom(FILE_BYTES)
    for i in range(files):
        folder = root / f"{i % 20:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file-{i:06}").write_bytes(content)


def copy(options, budget_mib, source, destination, env=None, *more):
    command = [options.weir, "cp", "-r", "--quiet", "--memory", f"{budget_mib}MiB", *more, source, destination]
    return run(command, env=env)


def check_up(options, budget_mib, tree, folder):
    with DiscardingEndpoint(options.discard_s3) as s3:
        result = copy(options, budget_mib, f"{tree}/", "s3://bucket/tree/", environment(AWS_ENDPOINT_URL=s3.url))
        stored = s3.state()
    return result, stored.get("objects", options.files), options.files


def check_down(options, budget_mib, tree, folder):
    """The listing is of a directory, or of a real store that was filled from it."""
    source, env = f"{tree}/", environment()
    if os.environ.get("WEIR_TEST_S3_ENDPOINT"):
        env = {**os.environ, "AWS_ENDPOINT_URL": os.environ["WEIR_TEST_S3_ENDPOINT"]}
        source = f"s3://{os.environ['WEIR_TEST_S3_BUCKET']}/many-memory/"
        run([options.weir, "cp", "-r", "--quiet", "--update", f"{tree}/", source], env=env)
    result = copy(options, budget_mib, source, f"{folder}/{budget_mib}", env)
    return result, sum(1 for path in Path(folder, str(budget_mib)).rglob("*") if path.is_file()), options.files


def check_update(options, budget_mib, tree, folder):
    """A million made-up names at both ends, all the same: both listings are read, and nothing else is asked."""
    with subprocess.Popen([sys.executable, options.fault_s3], stdout=subprocess.PIPE, text=True) as server:
        try:
            endpoint = f"http://127.0.0.1:{server.stdout.readline().split()[-1]}"
            for prefix in ("from/", "to/"):
                body = json.dumps({"prefix": prefix, "count": options.names}).encode()
                urllib.request.urlopen(f"{endpoint}/_weir/names", data=body, timeout=30).close()
            keys = {"AWS_ACCESS_KEY_ID": "weirtest", "AWS_SECRET_ACCESS_KEY": "weirtestsecret", "AWS_REGION": "us-east-1"}
            result = copy(options, budget_mib, "s3://weir-test/from/", "s3://weir-test/to/",
                          environment(AWS_ENDPOINT_URL=endpoint, **keys), "--update")
            with urllib.request.urlopen(f"{endpoint}/_weir/state", timeout=30) as reply:
                requests = json.load(reply)["requests"]
        finally:
            server.kill()
    pages = 2 * -(-options.names // 1000)
    if requests != {"ListObjectsV2": pages}:
        raise Failed(f"the store was asked {requests}, and not for {pages} pages alone")
    return result, options.names, options.names


CASES = {"up": check_up, "down": check_down, "update of a million names": check_update}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", default=os.environ.get("WEIR_TEST_CLI"))
    parser.add_argument("--discard-s3", default=os.environ.get("WEIR_TEST_DISCARD_S3"))
    parser.add_argument("--fault-s3", default=os.environ.get("WEIR_TEST_FAULT_S3"))
    parser.add_argument("--files", type=int, default=10000)
    parser.add_argument("--names", type=int, default=1000000)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    if not options.weir or not options.discard_s3 or not options.fault_s3:
        parser.error("say --weir, --discard-s3 and --fault-s3, or set WEIR_TEST_CLI, WEIR_TEST_DISCARD_S3 and WEIR_TEST_FAULT_S3")

    def check(name, budget_mib):
        result, arrived, expected = CASES[name](options, budget_mib, tree, folder)
        problems, limit = [], budget_mib * MIB + ABOVE_BUDGET
        if result.peak_rss > limit:
            problems.append(f"peak RSS is above {limit / MIB:.0f} MiB")
        if arrived != expected:
            problems.append(f"{arrived} files arrived, not {expected}")
        return result, problems, f", {expected / result.wall_s:.0f} files/s"

    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        make_tree(tree, options.files)
        return 1 if run_cases((f"{options.files} files, {name}, budget {budget} MiB", partial(check, name, budget))
                              for name in CASES if options.only in name for budget in BUDGETS_MIB) else 0


if __name__ == "__main__":
    sys.exit(main())
