#!/usr/bin/env python3
"""What each binding costs beside C, and beside other clients of its language; called by run.sh.

Bytes of memory up into one object, one object down into memory, the same through a file object, and many small objects, all
against the project's own discarding endpoint, freshly started for every run. The contenders run in turn; a round to warm up is
not counted. Time and CPU are those of the work, without the start of its program; see tests/bench/bindings/frame.py.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench_common import HERE, Figures, machine, measure
from measured import MIB, DiscardingEndpoint, Failed, environment, read_size, run, say

sys.path.insert(0, str(HERE.parent / "servers"))
import servers  # noqa: E402

DRIVERS = HERE / "bindings"
PACKAGES = {"bench-bindings-2": ["cffi==2.1.1", "boto3==1.44.8", "obstore==0.12.1", "smart_open==9.0.2"],  # a new number for other versions
            "bench-s3fs-1": ["s3fs==2026.9.0"]}  # it wants a boto of its own
VERSIONS = dict(package.split("==") for packages in PACKAGES.values() for package in packages)
NODE_PEERS = "bench-node-1"
NODE_PACKAGES = ["@aws-sdk/client-s3@3.1175.0", "@aws-sdk/lib-storage@3.1175.0"]
OBJECT_BYTES = 64 * 1024
GOALS = {"weir, Python": 0.90, "weir, Node": 0.85}  # of the speed of C, up and down
WITH_GOALS = ("up", "down")
COPIED = {"BENCH_COPIED": "yes"}  # not lent: by a write that takes a copy, out of a stream whose buffers stay the program's


@dataclass
class Contender(Figures):
    command: list = field(default_factory=list)
    actions: tuple = ()
    extra: dict = field(default_factory=dict)  # environment


@dataclass
class Work:
    title: str
    action: str
    name: str  # BUCKET/KEY
    amount: int  # bytes or objects
    per: float  # GB or thousands of objects
    unit: str


def python_package(build, folder):
    """The package as its build lays it out."""
    subprocess.run([sys.executable, HERE.parents[1] / "bindings/python/lay_out.py", HERE.parents[1] / "include/weir/weir.h",
                    build / "lib/libweir.so", folder], check=True, stdout=subprocess.DEVNULL)
    return folder


def node_peers():
    def make(final):
        final.mkdir()
        servers.quietly(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", final, *NODE_PACKAGES])

    return servers.install_once(NODE_PEERS, make)


def contenders(options, folder):
    """All that can be measured here, and why not the others."""
    build = options.bin.resolve().parent
    found = [Contender("weir, C", command=[options.bin / "bench_bindings_c"], actions=("up", "down", "read", "many"))]
    found.append(Contender("weir, C, copied", command=found[0].command, actions=("up",), extra=COPIED))
    missing = []
    python, python_s3fs = (servers.install_once(place, lambda final, wanted=packages: servers.make_venv(final, wanted)) / "bin/python"
                           for place, packages in PACKAGES.items())
    package = python_package(build, folder / "python")
    found.append(Contender("weir, Python", command=[python, DRIVERS / "drive_weir.py"], actions=("up", "down", "read", "many"),
                           extra={"PYTHONPATH": str(package)}))
    for name, actions in (("boto3", ("up", "down", "many")), ("obstore", ("up", "down", "read", "many")),
                          ("smart_open", ("up", "down", "read")), ("s3fs", ("up", "read"))):
        found.append(Contender(f"{name} {VERSIONS[name]}", command=[python_s3fs if name == "s3fs" else python, DRIVERS / f"drive_{name}.py"],
                               actions=actions))
    node, addon = shutil.which("node"), build / "node"
    if node is None or not addon.is_dir():
        missing.append("Node: " + ("there is no node" if node is None else f"{addon} was not built (WEIR_BUILD_NODE)"))
        return found, missing
    ours = {"command": [node, DRIVERS / "drive_weir.mjs"], "extra": {"BENCH_WEIR_NODE": str(addon)}}
    found.append(Contender("weir, Node", actions=("up", "down", "many"), **ours))
    ours = ours | {"extra": ours["extra"] | COPIED}
    found.append(Contender("weir, Node, copied", actions=("up", "down"), **ours))
    if shutil.which("npm") is None:
        missing.append("@aws-sdk/lib-storage: there is no npm")
    else:
        found.append(Contender("@aws-sdk/lib-storage 3.1175.0", command=[node, DRIVERS / "drive_lib_storage.mjs"],
                               actions=("up", "down", "many"), extra={"BENCH_NODE_PEERS": str(node_peers())}))
    return found, missing


def once(work, contender, endpoint):
    with DiscardingEndpoint(endpoint) as s3:
        command = [*contender.command, work.action, f"s3://{work.name}", work.amount]
        done = run(command, env=environment(AWS_ENDPOINT_URL=s3.url, **contender.extra))
        own = json.loads(done.stdout)
        done.wall_s, done.cpu_s = own["wall_s"], own["cpu_s"]
        state = s3.state()
        if work.action == "up" and (state["objects"] != 1 or state["bytes"] < work.amount or state["open_uploads"] != 0):
            raise Failed(f"{contender.name} left the endpoint in the state {state}")
        if work.action == "many" and state["objects"] != work.amount:
            raise Failed(f"{contender.name} left {state['objects']} objects of {work.amount}")
        return done


def print_table(work, done):
    print(f"\n### {work.title}\n\n| | {work.unit}/s | from–to | CPU-s a {work.unit} | peak RSS | speed × C | CPU × C | goal |\n"
          "|---|---|---|---|---|---|---|---|")
    base = done[0]
    for each in done:
        speed, goal = each.speed() / base.speed(), ""
        if each.name in GOALS and work.action in WITH_GOALS:
            goal = f"speed ≥ {GOALS[each.name]:.2f}: {'yes' if speed >= GOALS[each.name] else '**no**'}"
        print(f"| {each.name} | {each.speed():.2f} | {each.spread()} | {each.cpu():.3f} | {each.peak() / MIB:.0f} MiB | {speed:.2f} | "
              f"{each.cpu() / base.cpu():.2f} | {goal} |")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="where weir_discard_s3 and bench_bindings_c are")
    parser.add_argument("--size", default="4GiB", help="of the large object")
    parser.add_argument("--objects", type=int, default=10000, help="small ones")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", metavar="REGEX", help="contenders beside C whose name matches")
    parser.add_argument("--work", default="", metavar="REGEX", help="of up, down, read and many, what matches")
    options = parser.parse_args()
    size, load = read_size(options.size), os.getloadavg()[0]
    gigabytes, shown = size / 1e9, options.size
    works = [Work(f"{shown} of memory into one object", "up", "bench/one", size, gigabytes, "GB"),
             Work(f"an object of {shown} into memory", "down", f"bench/gen-{size}", size, gigabytes, "GB"),
             Work(f"an object of {shown} through a file object, 64 KiB at a time", "read", f"bench/gen-{size}", size, gigabytes, "GB"),
             Work(f"{options.objects:,} × 64 KiB of memory", "many", "bench/many/", options.objects, options.objects / 1000, "1,000")]
    print(f"`tests/bench/run.sh bindings {shlex.join(sys.argv[3:])}`".replace(" `", "`"))
    print(f"\n{machine()}; load before the start {load:.1f}; medians of {options.runs} runs.")
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        every, missing = contenders(options, Path(folder))
        for work in works:
            if not re.search(options.work, work.action):
                continue
            say(work.title)
            able = [Contender(each.name, work.per, [], each.command, each.actions, each.extra) for each in every
                    if work.action in each.actions and (each is every[0] or re.search(options.only, each.name))]
            measure(able, options.runs, lambda each, now=work: once(now, each, options.bin / "weir_discard_s3"))
            print_table(work, able)
    for reason in missing:
        print(f"\nNot measured: {reason}.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failed, servers.Failed) as failure:
        say(f"bench: {failure}")
        sys.exit(1)
