#!/usr/bin/env python3
"""What pipelines cost, beside programs that do the same; called by run.sh.

(a) Handing a chunk on, beside oneTBB and Node streams. (b) lines | grep | count beside grep -c. (c) file → zstd → file beside
zstd -T and pzstd. (d) Three digests in one pass beside the slowest of them alone. (e) Pipelines that wait. All contenders of one
work run in turn, forwards and backwards. A peer that is not installed is named and left out.
"""

import argparse
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench_common import HERE, Figures, end_with, machine, make_file, measure, output_of, roomy_directory
from measured import MIB, environment, read_size, run, say

CORES = len(os.sched_getaffinity(0))


@dataclass
class Contender(Figures):
    command: list = field(default_factory=list)
    against: str = ""  # the contender it is compared with; "best": the fastest of the others
    least_speed: float = 0  # goal, as a ratio


@dataclass
class Hops:
    name: str
    command: list
    goal_ns: float = 0
    wall: list = field(default_factory=list)
    cpu: list = field(default_factory=list)


def there(program):
    if shutil.which(program):
        return True
    say(f"bench: {program} is not installed and is left out")
    return False


def tbb_program(folder):
    """Built here, where the compiler finds oneTBB."""
    program = folder / "tbb_hops"
    built = subprocess.run(["c++", "-std=c++20", "-O3", "-DNDEBUG", HERE / "peers/tbb_hops.cpp", "-ltbb", "-o", program],
                           capture_output=True, text=True, check=False)
    if built.returncode == 0:
        return [program]
    say("bench: oneTBB (libtbb-dev) is not installed and is left out")
    return None


def hops(options, folder):
    count = 3_000_000
    all_of_them = [Hops("weir, fused", [options.bin / "pipeline_probe", "hops", "fused", count], 30),
                   Hops("weir, across threads", [options.bin / "pipeline_probe", "hops", "threads", count], 100)]
    if tbb := tbb_program(folder):
        all_of_them.append(Hops("oneTBB parallel_pipeline", [*tbb, count]))
    if there("node"):
        all_of_them.append(Hops("Node streams", ["node", HERE / "peers/node_hops.mjs", count // 10]))
    for number in range(options.runs):
        for each in all_of_them if number % 2 == 0 else reversed(all_of_them):
            wall, cpu = map(float, run(each.command).stdout.split())
            each.wall.append(wall)
            each.cpu.append(cpu)
    print("\n| (a) a chunk of 64 KiB through 3 hops | ns | from–to | ns of CPU | goal |\n|---|---|---|---|---|")
    for each in all_of_them:
        wall = statistics.median(each.wall)
        goal = f"≤ {each.goal_ns:.0f} ns: {'yes' if wall <= each.goal_ns else '**no**'}" if each.goal_ns else ""
        print(f"| {each.name} | {wall:.0f} | {min(each.wall):.0f}–{max(each.wall):.0f} | {statistics.median(each.cpu):.0f} | {goal} |")


def make_log(path, size):
    """Lines as servers write them; every 50th holds ERROR."""
    lines = []
    for number in range(20_000):
        level = "ERROR" if number % 50 == 0 else ("WARN" if number % 7 == 0 else "INFO")
        lines.append(f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z {level} service-{number % 13} "
                     f"request={number * 2654435761 % (1 << 32):08x} took {number % 977} ms for /objects/{number % 4099}\n")
    block = "".join(lines).encode()
    with open(path, "wb") as file:
        while file.tell() < size:
            file.write(block[:size - file.tell()])


def grep_work(options, folder, size):
    log = folder / "log"
    make_log(log, size)
    gigabytes = size / 1e9
    return [Contender("grep -c ERROR", gigabytes, [], ["grep", "-c", "ERROR", log]),
            Contender("weir, lines \\| grep ERROR \\| count", gigabytes, [],
                      [options.bin / "weir", "run", "--quiet", f"'{log}' | lines | grep ERROR | count | null:"],
                      "grep -c ERROR", 1 / 1.2)]


def zstd_work(options, folder, size):
    file, out = folder / "file", folder / "file.zst"
    make_file(options.bin, file, size)
    gigabytes = size / 1e9
    work = []
    if there("zstd"):
        work.append(Contender(f"zstd -3 -T{CORES}", gigabytes, [], ["zstd", "-3", f"-T{CORES}", "-q", "-f", file, "-o", out]))
    if there("pzstd"):
        work.append(Contender(f"pzstd -3 -p {CORES}", gigabytes, [], ["pzstd", "-3", "-p", CORES, "-q", "-f", file, "-o", out]))
    work.append(Contender("weir, file \\| zstd level=3 \\| file", gigabytes, [],
                          [options.bin / "weir", "run", "--quiet", "--no-resume", f"'{file}' | zstd level=3 | '{out}'"], "best", 0.97))
    return work


def digest_work(options, folder, size):
    file = folder / "file"
    make_file(options.bin, file, size)
    gigabytes = size / 1e9
    names = ("sha256", "xxh3_64", "crc64nvme")

    def digests(*chosen):
        return [options.bin / "weir", "run", "--quiet", f"'{file}' | {' | '.join(chosen)} | null:"]
    work = [Contender(f"weir, {name}", gigabytes, [], digests(name)) for name in names]
    return [*work, Contender("weir, all three in one pass", gigabytes, [], digests(*names), "slowest", 1 / 1.1)]


def print_work(title, work):
    print(f"\n| {title} | GB/s | from–to | CPU-s/GB | peak RSS | speed × | goal |\n|---|---|---|---|---|---|---|")
    others = [each for each in work if not each.against]
    for each in work:
        ratio = " | "
        if each.against and others:
            pick = {"best": max, "slowest": min}.get(each.against, max)
            base = pick(others, key=Figures.speed)
            speed = each.speed() / base.speed()
            ratio = f"{speed:.2f} of {base.name} | ≥ {each.least_speed:.2f}: {'yes' if speed >= each.least_speed else '**no**'}"
        print(f"| {each.name} | {each.speed():.2f} | {each.spread()} | {each.cpu():.3f} | {each.peak() / MIB:.0f} MiB | {ratio} |")


def idle(options):
    count = 10_000
    threads, rss, cpu = map(float, run([options.bin / "pipeline_probe", "idle", count, 10]).stdout.split())
    print("\n| (e) pipelines that wait | threads | RSS each | CPU in 10 s | goal |\n|---|---|---|---|---|")
    good = threads <= CORES + 2 and rss <= 100_000 and cpu < 0.01
    print(f"| {count} | {threads:.0f} | {rss / 1000:.1f} kB | {cpu:.3f} s | ≤ {CORES} + 2 threads, ≤ 100 kB, none: "
          f"{'yes' if good else '**no**'} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="where weir and pipeline_probe are")
    parser.add_argument("--size", default="4GiB")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--work", default="", metavar="REGEX", help="of a, b, c, d and e, those that match")
    parser.add_argument("--dir", type=Path, help="where the files are made; default /dev/shm if they fit")
    options = parser.parse_args()
    size = read_size(options.size)
    load = os.getloadavg()[0]
    options.dir = options.dir or roomy_directory(2 * size)
    versions = [f"{name} {word}" for name, word in (
        ("grep", (output_of("grep", "--version").split() or ["", "", "", "?"])[3]),
        ("zstd", output_of("zstd", "--version").partition("v")[2].split(",")[0] or "none"),
        ("node", output_of("node", "--version").strip() or "none"))]
    print(f"`tests/bench/run.sh pipeline {shlex.join(sys.argv[3:])}`".replace(" `", "`"))
    print(f"\n{machine()}, {', '.join(versions)}; load before the start {load:.1f}; files of {size / (1 << 30):g} GiB on {options.dir}; "
          f"median of {options.runs} runs.")
    works = {"b": ("(b) lines with a text", grep_work), "c": ("(c) compress a file", zstd_work), "d": ("(d) digests of a file", digest_work)}
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="weir-bench-") as name:
        if re.search(options.work, "a"):
            hops(options, Path(name))
        for letter, (title, make) in works.items():
            if not re.search(options.work, letter):
                continue
            with tempfile.TemporaryDirectory(dir=name) as folder:
                work = make(options, Path(folder), size)
                measure(work, options.runs, lambda each: run(each.command, env=environment(LC_ALL="C")))
                print_work(title, work)
        if re.search(options.work, "e"):
            idle(options)
    return 0


if __name__ == "__main__":
    end_with(main)
