#!/usr/bin/env python3
"""What going on costs; called by run.sh.

With the ledger and without it (--no-resume): a large file, one through zstd, and many small ones. Then a sparse file of 50 GiB whose
upload is killed: how long until the same command sends again, and how large the ledger is. The endpoint discards the bytes.
"""

import argparse
import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench_common import Figures, end_with, machine, make_file, measure, roomy_directory
from measured import MIB, DiscardingEndpoint, Failed, environment, read_size, run

GIB = 1 << 30


@dataclass
class Contender(Figures):
    command: list = field(default_factory=list)
    unit: str = "GB"
    goal: float = 0  # most CPU beside the same without a ledger


def contenders(weir, s3, file, tree, size, objects, state):
    def cp(*words):
        return [weir, "cp", "--quiet", "--progress", "none", "--endpoint-url", s3.url, *words]

    found = []
    for name, words, amount, unit, goal in (
            ("file", (file, "s3://bench/file"), size / 1e9, "GB", 1.03),
            ("file → zstd level=1", (file, "s3://bench/zst", "--through", "zstd level=1"), size / 1e9, "GB", 1.03),
            (f"{objects} × 64 KiB", ("-r", tree, "s3://bench/tree/"), objects / 1000, "1,000", 1.10)):
        found.append(Contender(f"{name}, without", amount, [], cp(*words, "--no-resume"), unit))
        found.append(Contender(f"{name}, with the ledger", amount, [], cp(*words, "--state-dir", state), unit, goal))
    return found


def print_costs(all_of_them, options):
    print(f"`tests/bench/run.sh resume {shlex.join(sys.argv[3:])}`".replace(" `", "`"))
    print(f"\n{machine()}; load before the start {options.load:.1f}; median of {options.runs} runs.\n")
    print("| | per s | from–to | CPU-s | peak RSS | speed × | CPU × | goal |")
    print("|---|---|---|---|---|---|---|---|")
    for base, each in zip(all_of_them[::2], all_of_them[1::2]):
        for one in (base, each):
            ratios = " | | "
            if one is each:
                cpu = each.cpu() / base.cpu()
                ratios = f"{each.speed() / base.speed():.2f} | {cpu:.3f} | CPU ≤ {each.goal:.2f}: {'yes' if cpu <= each.goal else '**no**'} "
            print(f"| {one.name} | {one.speed():.2f} {one.unit} | {one.spread()} | {one.cpu():.3f} a {one.unit} | "
                  f"{one.peak() / MIB:.0f} MiB | {ratios}|")


def ledger_bytes(state):
    """Of its file, once what waits in the log is in it."""
    with sqlite3.connect(state / "ledger.sqlite") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (state / "ledger.sqlite").stat().st_size


def killed_and_resumed(weir, s3, folder, source, words, seconds):
    """Kills an upload after some seconds. What was stored, the ledger's size, and the seconds until the same command sends."""
    state = Path(tempfile.mkdtemp(dir=folder))
    command = [weir, "cp", "--json", "--endpoint-url", s3.url, "--state-dir", state, source, "s3://bench/sparse", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()) as running:
        time.sleep(seconds)
        running.send_signal(signal.SIGKILL)
    before = ledger_bytes(state)
    job = json.loads(subprocess.run([weir, "jobs", "--json", "--state-dir", state], capture_output=True, check=True).stdout)
    started = time.monotonic()
    first = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment()) as running:
        for line in running.stdout:
            event = json.loads(line)
            if event["event"] == "progress" and event["bytes_sent"] > 0:
                first = time.monotonic() - started
                break
        running.kill()
    if first is None:
        raise Failed("it ended before it sent anything")
    return job["bytes_stored"], job["parts_stored"], before, first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="where weir and weir_discard_s3 are")
    parser.add_argument("--size", default="4GiB")
    parser.add_argument("--objects", type=int, default=10000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dir", type=Path, help="where the files are made; default /dev/shm if they fit")
    options = parser.parse_args()
    size = read_size(options.size)
    weir = options.bin / "weir"
    options.load = os.getloadavg()[0]
    options.dir = options.dir or roomy_directory(size + options.objects * 65536)
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="weir-bench-") as name, \
            DiscardingEndpoint(options.bin / "weir_discard_s3") as s3:
        folder = Path(name)
        make_file(options.bin, folder / "file", size)
        tree = folder / "tree"
        tree.mkdir()
        with open(folder / "file", "rb") as file:
            for number in range(options.objects):
                (tree / f"{number:05}").write_bytes(file.read(65536))
        chosen = contenders(weir, s3, folder / "file", tree, size, options.objects, folder / "state")
        measure(chosen, options.runs, lambda contender: run(contender.command, env=environment()))
        print_costs(chosen, options)
        sparse = folder / "sparse"
        with open(sparse, "wb") as file:
            file.truncate(50 * GIB)
        print("\n| killed upload | stored then | sends again after | ledger | a TB |")
        print("|---|---|---|---|---|")
        for title, source, words, seconds in (
                ("a sparse file of 50 GiB", sparse, [], 5),
                (f"{options.size} through zstd level=1", folder / "file", ["--through", "zstd level=1", "--part-size", "5MiB"], size / 2.5e9)):
            stored, parts, ledger, first = killed_and_resumed(weir, s3, folder, source, words, seconds)
            print(f"| {title} | {stored / GIB:.2f} GiB in {parts} parts | {first:.1f} s | {ledger / 1024:.0f} KiB | "
                  f"{ledger / max(stored, 1) * 1e12 / MIB:.1f} MiB |")
    return 0


if __name__ == "__main__":
    end_with(main)
