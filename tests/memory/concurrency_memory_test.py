#!/usr/bin/env python3
"""Checks that many parts in flight stay within the memory budget too: each has buffers of libcurl's and of ours.

    concurrency_memory_test.py [--weir PROGRAM] [--endpoint weir_discard_s3]

The programs are those that WEIR_TEST_CLI and WEIR_TEST_DISCARD_S3 name, if not said.
Uploads with --concurrency 64 into a discarding endpoint; peak RSS <= budget + 24 MiB.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from measured import MIB, DiscardingEndpoint, environment, read_size, run, say  # noqa: E402

ABOVE_BUDGET = 24 * MIB
SLOW = ("--rate", 200_000_000)  # so that many parts are under way at once
# What is uploaded, whether through a pipe, budget in MiB.
CASES = (("2GiB", False, 16), ("2GiB", False, 8), ("2GiB", True, 16), ("2GiB", True, 512))


def upload(weir, size, piped, budget_mib, url):
    options = ["--concurrency", "64", "--memory", f"{budget_mib}MiB", "--progress", "none", "--json", "--endpoint-url", url]
    if not piped:
        return run([weir, "cp", *options, f"gen:{size}", "s3://memory/object"])
    with subprocess.Popen([weir, "cp", "--quiet", "--progress", "none", f"gen:{size}", "-"], stdout=subprocess.PIPE,
                          env=environment()) as feeder:
        try:
            return run([weir, "cp", *options, "-", "s3://memory/object"], stdin=feeder.stdout)
        finally:
            feeder.stdout.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", default=os.environ.get("WEIR_TEST_CLI"))
    parser.add_argument("--endpoint", default=os.environ.get("WEIR_TEST_DISCARD_S3"))
    options = parser.parse_args()
    if not options.weir or not options.endpoint:
        parser.error("say --weir and --endpoint, or set WEIR_TEST_CLI and WEIR_TEST_DISCARD_S3")
    failed = 0
    for size, piped, budget_mib in CASES:
        with DiscardingEndpoint(options.endpoint, *SLOW) as endpoint:
            result = upload(options.weir, size, piped, budget_mib, endpoint.url)
        limit = budget_mib * MIB + ABOVE_BUDGET
        stored = result.events()["done"]["bytes_stored"]
        good = result.peak_rss <= limit and stored == read_size(size)
        failed += not good
        say(f"{'ok    ' if good else 'FAILED'} {size}{' piped' if piped else ''}, 64 parts at once, budget {budget_mib} MiB: "
            f"{result.wall_s:.1f} s, {stored} bytes stored, peak RSS {result.peak_rss / MIB:.1f} of {limit / MIB:.0f} MiB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
