#!/usr/bin/env python3
"""Compares weir with the least that the same work can cost; called by run.sh.

The contenders run in turn, once forwards and once backwards, so that a machine that gets slower is unfair to all alike;
one round to warm up is not counted. A figure is the median of its runs, a ratio that of two medians. CPU is that of the
contender alone (user and system), not the endpoint's, which is always the project's own discarding one.
"""

import argparse
import os
import re
import shlex
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench_common import UNCHECKED, Figures, curl_version, end_with, machine, make_file, measure, output_of, roomy_directory
from measured import MIB, DiscardingEndpoint, Failed, environment, read_size, run


@dataclass
class Contender(Figures):
    command: list = field(default_factory=list)
    extra: dict = field(default_factory=dict)  # environment
    against: str = ""  # the contender it is compared with
    most_cpu: float = 0  # goals, as ratios
    least_speed: float = 0


def contenders(binaries, s3, file, size):
    cores = len(os.sched_getaffinity(0))
    weir, bare = binaries / "weir", binaries / "bare_put"

    def cp(source, target, *options):
        if target.startswith("s3:"):
            options = (*options, "--endpoint-url", s3.url)
        return [weir, "cp", "--quiet", "--progress", "none", *options, source, target]

    one = ("--concurrency", "1", "--part-size", size)
    four = ("--concurrency", "4")
    level = ("--through", "zstd level=3")
    gigabytes = size / 1e9

    def contender(name, command, *more):
        return Contender(name, gigabytes, [], command, *more)

    put, zstd_program = "bare libcurl, one PUT", f"zstd -3 -T{cores} -o /dev/null"
    return [
        contender(put, [bare, f"{s3.url}/bench/bare", file]),
        contender("bare libcurl, one PUT, 2 MiB buffer", [bare, f"{s3.url}/bench/bare", file, "--buffer", 2 * MIB]),
        contender("bare libcurl, four PUTs at once", [bare, f"{s3.url}/bench/bare", file, "--streams", "4"]),
        contender("weir, one PUT, no checksum", cp(file, "s3://bench/one", *one), UNCHECKED, put, 1.15, 0.95),
        contender("weir, one PUT, CRC64NVME", cp(file, "s3://bench/one", *one), {}, put, 1.35, 0.95),
        contender("weir, multipart × 4, no checksum", cp(file, "s3://bench/four", *four), UNCHECKED, put, 1.15, 0.95),
        contender("weir, multipart × 4, CRC64NVME", cp(file, "s3://bench/four", *four), {}, put, 1.35, 0.95),
        contender(zstd_program, ["zstd", "-3", f"-T{cores}", "-q", "-f", file, "-o", "/dev/null"]),
        contender("weir, file → zstd → null:", cp(file, "null:", *level), {}, zstd_program, 0, 0.97),
        contender("weir, gen: → zstd → null:", cp(f"gen:{size}?ratio=3", "null:", *level), {}, zstd_program, 0, 0.97),
        contender("weir, file → zstd → S3", cp(file, "s3://bench/zst", *level), {}, zstd_program, 0, 0.90),
    ]


def once(contender):
    return run(contender.command, env=environment(**contender.extra))


def versions():
    zstd = output_of("zstd", "--version").partition("v")[2].split(",")[0]
    return f"curl {curl_version()}, zstd {zstd or 'unknown'}"


def goals_of(contender, cpu_ratio, speed_ratio):
    words = []
    if contender.most_cpu:
        words.append(f"CPU ≤ {contender.most_cpu:.2f}: {'yes' if cpu_ratio <= contender.most_cpu else '**no**'}")
    if contender.least_speed:
        words.append(f"speed ≥ {contender.least_speed:.2f}: {'yes' if speed_ratio >= contender.least_speed else '**no**'}")
    return ", ".join(words)


def print_table(all_of_them, size, options):
    print(f"`tests/bench/run.sh upload {shlex.join(sys.argv[3:])}`".replace(" `", "`"))
    print(f"\n{machine()}, {versions()}; load before the start {options.load:.1f}; file of {size / (1 << 30):g} GiB that zstd makes "
          f"about three times smaller, on {options.dir}; median of {options.runs} runs.\n")
    print("| | GB/s | from–to | CPU-s/GB | peak RSS | speed × | CPU × | goal |")
    print("|---|---|---|---|---|---|---|---|")
    by_name = {contender.name: contender for contender in all_of_them}
    for each in all_of_them:
        base = by_name.get(each.against)
        ratios = " | | "
        if base:
            speed, cpu = each.speed() / base.speed(), each.cpu() / base.cpu()
            ratios = f"{speed:.2f} | {cpu:.2f} | {goals_of(each, cpu, speed)} "
        print(f"| {each.name} | {each.speed():.2f} | {each.spread()} | {each.cpu():.3f} | "
              f"{each.peak() / MIB:.0f} MiB | {ratios}|")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="where weir, bare_put and weir_discard_s3 are")
    parser.add_argument("--size", default="4GiB")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", metavar="REGEX",
                        help="contenders whose name matches this regular expression, and what they are compared with")
    parser.add_argument("--dir", type=Path, help="where the file is made; default /dev/shm if it fits")
    options = parser.parse_args()
    if shutil.which("zstd") is None:
        raise Failed("the program zstd is not there; on Debian: apt-get install zstd")

    size = read_size(options.size)
    options.load = os.getloadavg()[0]
    options.dir = options.dir or roomy_directory(size)
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="weir-bench-") as folder, \
            DiscardingEndpoint(options.bin / "weir_discard_s3") as s3:
        file = Path(folder) / "file"
        make_file(options.bin, file, size)
        chosen = contenders(options.bin, s3, str(file), size)
        names = {name for each in chosen if re.search(options.only, each.name) for name in (each.name, each.against)}
        chosen = [each for each in chosen if each.name in names]
        if not chosen:
            raise Failed(f"no contender is named like {options.only!r}")
        measure(chosen, options.runs, once)
        print_table(chosen, size, options)
    return 0


if __name__ == "__main__":
    end_with(main)
