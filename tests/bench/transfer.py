#!/usr/bin/env python3
"""Compares weir with other S3 clients at the same work; called by run.sh.

One large file up, one large object down into a file, and many small files up, all against the project's own discarding
endpoint, freshly started for every run. The contenders run in turn, once forwards and once backwards; a round to warm up
is not counted. Which integrity work a client does on the way up is read off its requests, with a tap on the wire, before
anything is measured; on the way down it is what its driver asks for. CPU and memory are the client's alone. Where a
client is a library, time and CPU are those of the transfer without the start of its program; weir's are of all of it.
"""

import argparse
import json
import os
import re
import shlex
import sys
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from bench_common import UNCHECKED, Figures, machine, make_file, measure, roomy_directory
from measured import MIB, DiscardingEndpoint, Failed, environment, read_size, run, say
from peers import Peer, all_peers, servers, split
from wire_tap import WireTap

OBJECT_BYTES = 64 * 1024
TAPPED_BYTES, TAPPED_OBJECTS = 256 * MIB, 50  # most that goes through the tap: enough for every client's multipart
MOST_RSS = 1 / 5  # goal: of awscrt's
GENERATED = "bench/gen-{}"  # the endpoint's objects of that many made-up bytes


@dataclass
class Contender(Figures):
    peer: Peer = None
    proofs: set = field(default_factory=set)
    integrity: str = ""  # those in words

    def is_weir(self):
        return self.name.startswith("weir")


@dataclass
class Work:
    """One kind of work: what is asked of a contender, and how it is checked that it was done."""
    title: str
    action: str  # up, down or tree
    name: str  # BUCKET/KEY
    path: Path  # file or directory
    amount: float  # GB or objects
    unit: str  # of the speed
    cpu_unit: str
    cpu_factor: float  # of CPU-s per amount
    digits: tuple  # of speed and CPU
    objects: int
    size: int  # of all of them together
    endpoint: Path  # weir_discard_s3

    def once(self, contender):
        with DiscardingEndpoint(self.endpoint) as s3:
            return self.run_at(contender, s3, s3.url)

    def run_at(self, contender, s3, url):
        command = getattr(contender.peer, self.action)(f"{url}/{self.name}", self.path)
        done = run(command, env=environment(**contender.peer.extra))
        if done.stdout.startswith("{"):  # a driver: the transfer alone
            own = json.loads(done.stdout)
            done.wall_s, done.cpu_s = own["wall_s"], own["cpu_s"]
        self.prove(contender, s3)
        return done

    def prove(self, contender, s3):
        if self.action == "down":
            size = self.path.stat().st_size
            self.path.unlink()
            right = size == self.size
            seen = f"a file of {size} bytes"
        else:
            state = s3.state()
            right = state["objects"] == self.objects and state["bytes"] >= self.size and state["open_uploads"] == 0
            seen = f"the endpoint in the state {state}"
        if not right:
            raise Failed(f"{contender.name} succeeded, but left {seen} where {self.objects} objects of {self.size} bytes in "
                         f"all were to move")


def weir_peer(program, extra, *options):
    def cp(url, make, *more):
        endpoint, name = split(url)
        return [program, "cp", "--quiet", "--progress", "none", "--endpoint-url", endpoint, *options, *more, *make(f"s3://{name}")]

    return Peer("weir", lambda url, path: cp(url, lambda there: [path, there]),
                lambda url, path: cp(url, lambda there: [there, path]),
                lambda url, path: cp(url, lambda there: [path, there], "-r"),
                checks_down="none" if extra else "the store's checksum", extra=extra)


def contenders(weir, peers, only):
    every = [("weir, CRC64NVME", weir_peer(weir, {})),
             # Nor is anything recorded to go on with after a kill, for which parts would be hashed; no other client can.
             ("weir, no checksum", weir_peer(weir, {**UNCHECKED, "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}, "--no-resume")),
             *((peer.name, peer) for peer in peers)]
    chosen = [Contender(name, peer=peer) for name, peer in every if re.search(only, name)]
    if not chosen:
        raise Failed(f"no contender is named like {only!r}: there are {', '.join(name for name, _ in every)}")
    return chosen


# --- what each can do -----------------------------------------------------------------------------------------------------


def what_is_missing(work, contender, weir):
    """Why the contender cannot do the work yet, or an empty string."""
    if work.action == "tree" and contender.is_weir() and "--recursive" not in run([weir, "cp", "--help"]).stdout:
        return f"{contender.name}: this build's `weir cp` has no --recursive"
    return ""


def generates(endpoint):
    """Whether the endpoint has objects to download; else why not."""
    with DiscardingEndpoint(endpoint) as s3:
        url = f"{s3.url}/{GENERATED.format(OBJECT_BYTES)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                length = len(answer.read())
        except urllib.error.HTTPError as answer:
            return f"the endpoint answers {answer.code} to GET /{GENERATED.format(OBJECT_BYTES)}: it makes no objects up"
    return "" if length == OBJECT_BYTES else f"the endpoint sent {length} bytes as GET /{GENERATED.format(OBJECT_BYTES)}"


def observe(work, tapped, contender):
    """Fills in the integrity work: read off the wire on the way up, declared on the way down."""
    if work.action == "down":
        contender.integrity = contender.peer.checks_down
        contender.proofs = set() if contender.integrity.startswith("none") else {contender.integrity}
        return
    say(f"looking at what {contender.name} sends")
    with DiscardingEndpoint(work.endpoint) as s3, WireTap(s3.url) as tap:
        tapped.run_at(contender, s3, tap.url)
        contender.proofs = set(tap.proofs)
    contender.integrity = " + ".join(sorted(contender.proofs)) or "none"


# --- the table ------------------------------------------------------------------------------------------------------------


def goals_of(work, weir, others):
    """weir's goals against the peers that do at least as much: a checksum where weir has one, all where it has none."""
    speed_digits, cpu_digits = work.digits
    words = []

    def goal(text, reached):
        words.append(f"{text}: {'yes' if reached else '**no**'}")

    peers = [each for each in others if not each.peer.floor and (each.proofs or not weir.proofs)]
    if peers:
        cheapest, quickest = min(peers, key=Figures.cpu), max(peers, key=Figures.speed)
        goal(f"CPU < {cheapest.cpu() * work.cpu_factor:.{cpu_digits}f} ({cheapest.name})", weir.cpu() < cheapest.cpu())
        goal(f"{work.unit} ≥ {quickest.speed():.{speed_digits}f} ({quickest.name})", weir.speed() >= quickest.speed())
    awscrt = [each for each in others if each.name.startswith("awscrt") and not each.peer.extra]
    if awscrt:
        most = awscrt[0].peak() * MOST_RSS
        goal(f"RSS ≤ {most / MIB:.0f} MiB (awscrt ÷ 5)", weir.peak() <= most)
    return ", ".join(words)


def print_table(work, done, missing):
    print(f"\n### {work.title}")
    if done:
        print(f"\n| | integrity | {work.unit} | from–to | {work.cpu_unit} | peak RSS | goal |\n|---|---|---|---|---|---|---|")
    others = [each for each in done if not each.is_weir()]
    speed_digits, cpu_digits = work.digits
    for each in done:
        print(f"| {each.name} | {each.integrity} | {each.speed():.{speed_digits}f} | {each.spread(speed_digits)} | "
              f"{each.cpu() * work.cpu_factor:.{cpu_digits}f} | {each.peak() / MIB:.0f} MiB | "
              f"{goals_of(work, each, others) if each.is_weir() else ''} |")
    for reason in missing:
        print(f"\nNot measured: {reason}.")
    sys.stdout.flush()


def compare(work, tapped, options, peers):
    """Measures one kind of work and prints its table. True where nothing was missing."""
    say(f"{work.title}")
    missing = [reason] if work.action == "down" and (reason := generates(work.endpoint)) else []
    weir = options.bin / "weir"
    able = []
    for contender in [] if missing else contenders(weir, peers, options.only):
        reason = what_is_missing(work, contender, weir)
        if reason:
            missing.append(reason)
            continue
        contender.amount = work.amount
        observe(work, tapped, contender)
        able.append(contender)
    measure(able, options.runs if able else 0, work.once)
    print_table(work, able, missing)
    return not missing


def shown(size):
    return f"{size / (1 << 30):g} GiB" if size >= 1 << 30 else f"{size / MIB:g} MiB"


def make_objects(directory, count):
    directory.mkdir()
    block = os.urandom(OBJECT_BYTES)
    for number in range(count):
        (directory / f"{number:05}").write_bytes(block)


def works(folder, size, objects, endpoint):
    """Three kinds of work, each with a smaller one of its kind for the tap."""
    def one(action, name, path, of_size):
        there = "up from a file" if action == "up" else "down into a file"
        return Work(f"1 × {shown(of_size)} {there}", action, name, path, of_size / 1e9, "GB/s", "CPU-s/GB", 1, (2, 3),
                    1, of_size, endpoint)

    def many(path, count):
        return Work(f"{count:,} × 64 KiB up from a directory", "tree", "bench/tree/", path, count, "objects/s",
                    "CPU ms/object", 1000, (0, 3), count, count * OBJECT_BYTES, endpoint)

    return [(one("up", "bench/one", folder / "file", size),
             one("up", "bench/one", folder / "tapped", min(size, TAPPED_BYTES))),
            (one("down", GENERATED.format(size), folder / "down", size), None),
            (many(folder / "objects", objects), many(folder / "few", min(objects, TAPPED_OBJECTS)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="where weir and weir_discard_s3 are")
    parser.add_argument("--size", default="4GiB", help="of the large file")
    parser.add_argument("--objects", type=int, default=10000, help="small ones")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", metavar="REGEX", help="contenders whose name matches this regular expression")
    parser.add_argument("--work", default="", metavar="REGEX", help="of up, down and tree, what matches")
    parser.add_argument("--dir", type=Path, help="where the files are made; default /dev/shm if they fit")
    options = parser.parse_args()
    if options.runs < 1 or not 1 <= options.objects <= 99999:
        parser.error("--runs from 1, --objects from 1 to 99999")

    size, load = read_size(options.size), os.getloadavg()[0]
    peers = all_peers()
    options.dir = options.dir or roomy_directory(size + options.objects * OBJECT_BYTES)
    print(f"`tests/bench/run.sh transfer {shlex.join(sys.argv[3:])}`".replace(" `", "`"))
    print(f"\n{machine()}; load before the start {load:.1f}; files on {options.dir}; medians of {options.runs} runs.")
    with tempfile.TemporaryDirectory(dir=options.dir, prefix="weir-bench-") as name:
        folder = Path(name)
        chosen = [pair for pair in works(folder, size, options.objects, options.bin / "weir_discard_s3")
                  if re.search(options.work, pair[0].action)]
        if not chosen:
            raise Failed(f"no work is named like {options.work!r}: there are up, down and tree")
        make_file(options.bin, folder / "file", size)
        make_file(options.bin, folder / "tapped", min(size, TAPPED_BYTES))
        make_objects(folder / "objects", options.objects)
        make_objects(folder / "few", min(options.objects, TAPPED_OBJECTS))
        whole = [compare(work, tapped, options, peers) for work, tapped in chosen]
    if not all(whole):
        say("bench: something was not measured; the tables say what and why")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, servers.Failed) as failure:
        say(f"bench: {failure}")
        sys.exit(1)
