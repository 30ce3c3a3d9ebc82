#!/usr/bin/env python3
"""Checks that `weir cp` stays within its memory budget, whatever the amount and however slow the store.

    memory_test.py [--weir PROGRAM] [--endpoint weir_discard_s3] [--only TEXT]

The programs are those that WEIR_TEST_CLI and WEIR_TEST_DISCARD_S3 name, if not said.

Each case uploads 8 GiB into a discarding endpoint at budgets of 64 and 16 MiB and checks
  - peak RSS <= budget + 24 MiB, and no growth all through the time in which the store behaves evenly;
  - while the store stands still, next to no CPU;
  - the receipt: bytes read and stored, parts, and the same checksum as every other run of the same input.
The two budgets of a case run side by side, since half of the time is waiting. Takes about two minutes.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from measured import MIB, DiscardingEndpoint, Failed, environment, grows, read_size, run, run_cases, say  # noqa: E402

BUDGETS_MIB = (64, 16)
ABOVE_BUDGET = 24 * MIB
SETTLED_S = 0.5  # until then buffers are filled for the first time
LEAST_JUDGED_S = 1.0  # a shorter rest says nothing about growth
SIZE = "8GiB"
STALL_S = 8
SLOW_S = 10
IDLE_WINDOW_S = 5
IDLE_CPU_S = 0.1  # in the window: 2 % of one core
SLOW = ("--rate", 1_000_000, "--slow-for", SLOW_S)
STALL = ("--stall-after", 128 * MIB, "--stall-for", STALL_S)


@dataclass
class Case:
    name: str
    ratio: int = 1
    through: str = ""
    piped: bool = False
    endpoint: tuple = ()

    @property
    def stalls(self):
        return self.endpoint is STALL

    @property
    def even_after_s(self):
        """From when on the store behaves the same until the end: only from there on must RSS stay the same."""
        return SETTLED_S + (SLOW_S if self.endpoint is SLOW else 0)


CASES = (
    Case("fast"),
    Case("slow for a while", endpoint=SLOW),
    Case("standing still for a while", endpoint=STALL),
    Case("zstd, fast", ratio=3, through="zstd level=1"),
    Case("zstd, slow for a while", ratio=3, through="zstd level=1", endpoint=SLOW),
    Case("zstd, standing still for a while", ratio=3, through="zstd level=1", endpoint=STALL),
    Case("pipe, fast", piped=True),
    Case("pipe, standing still for a while", piped=True, endpoint=STALL),
)


def upload(weir, case, budget_mib, endpoint):
    source = f"gen:{SIZE}?ratio={case.ratio}"
    options = ["--memory", f"{budget_mib}MiB", "--progress", "none", "--json", "--endpoint-url", endpoint.url]
    if case.through:
        options += ["--through", case.through]
    if not case.piped:
        return run([weir, "cp", *options, source, "s3://memory/object"])
    with subprocess.Popen([weir, "cp", "--quiet", "--progress", "none", source, "-"], stdout=subprocess.PIPE,
                          env=environment()) as feeder:
        try:
            result = run([weir, "cp", *options, "-", "s3://memory/object"], stdin=feeder.stdout)
        finally:
            feeder.stdout.close()
    return result


def least_cpu(samples):
    """CPU seconds of the idlest window."""
    least = float("inf")
    end = 0
    for start, first in enumerate(samples):
        while end < len(samples) and samples[end].at_s - first.at_s < IDLE_WINDOW_S:
            end += 1
        if end == len(samples):
            break
        least = min(least, samples[end].cpu_s - samples[start].cpu_s)
    return least


def growth(case, result):
    """How RSS grew while the store was even, as text; none if it did not."""
    even = [s for s in result.samples if s.at_s >= case.even_after_s]
    if not even or even[-1].at_s - even[0].at_s < LEAST_JUDGED_S:
        return "too short a run to see whether RSS grows"
    return grows(even)


def problems(case, budget_mib, result, endpoint):
    """What is not as promised."""
    found = []
    size = read_size(SIZE)
    limit = budget_mib * MIB + ABOVE_BUDGET
    if result.peak_rss > limit:
        found.append(f"peak RSS {result.peak_rss / MIB:.1f} MiB is above {limit / MIB:.0f} MiB")
    if grown := growth(case, result):
        found.append(grown)
    if case.stalls:
        if result.wall_s < STALL_S:
            found.append(f"the store was to stand still for {STALL_S} s, and all took {result.wall_s:.1f} s")
        if least_cpu(result.samples) > IDLE_CPU_S:
            found.append(f"{least_cpu(result.samples):.2f} CPU-s in {IDLE_WINDOW_S} s while the store stood still")
    receipt = result.events()["done"]
    if receipt["bytes_read"] != size:
        found.append(f"{receipt['bytes_read']} bytes read, not {size}")
    stored = endpoint.head("/memory/object")
    if not receipt["bytes_stored"] == receipt["bytes_acked"] == int(stored["Content-Length"]):
        found.append(f"stored {receipt['bytes_stored']}, acknowledged {receipt['bytes_acked']}, "
                     f"there {stored['Content-Length']} bytes")
    if not case.through and receipt["bytes_stored"] != size:
        found.append(f"{receipt['bytes_stored']} bytes stored, not {size}")
    if receipt["checksum"] != "crc64nvme:" + str(stored["x-amz-checksum-crc64nvme"]) or not receipt["checksum_verified"]:
        found.append(f"the receipt's checksum is {receipt['checksum']} (verified: {receipt['checksum_verified']}), "
                     f"the store's {stored['x-amz-checksum-crc64nvme']}")
    if endpoint.state()["open_uploads"] != 0:
        found.append("an upload was left open")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", default=os.environ.get("WEIR_TEST_CLI"))
    parser.add_argument("--endpoint", default=os.environ.get("WEIR_TEST_DISCARD_S3"))
    parser.add_argument("--only", default="", help="cases whose name contains this")
    options = parser.parse_args()
    if not options.weir or not options.endpoint:
        parser.error("say --weir and --endpoint, or set WEIR_TEST_CLI and WEIR_TEST_DISCARD_S3")

    checksums = {}  # by what was uploaded

    def check(case, budget_mib):
        with DiscardingEndpoint(options.endpoint, *case.endpoint) as endpoint:
            result = upload(options.weir, case, budget_mib, endpoint)
            found = problems(case, budget_mib, result, endpoint)
        checksum = result.events()["done"]["checksum"]
        if checksums.setdefault((case.ratio, case.through), checksum) != checksum:
            found.append("the checksum differs from that of an earlier run of the same input")
        return result, found, ""

    failed = run_cases(((f"{case.name}, budget {budget} MiB", partial(check, case, budget))
                       for case in CASES if options.only in case.name for budget in BUDGETS_MIB), at_once=2)
    if not checksums and not failed:
        say(f"no case is named like {options.only!r}")
        return 2
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
