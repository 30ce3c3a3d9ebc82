"""What is measured, while nothing else runs on the machine: memory while nobody takes anything, and how soon things answer."""

import asyncio
import json
import os
import subprocess
import time

import pytest
from conftest import python

import weir
from weir import aio

pytestmark = pytest.mark.measured
MIB = 1 << 20
BUDGET = 16 * MIB
OVER = 24 * MIB  # of the process, beside the budget and the interpreter
TICKS = 100
FLAT = 2 * MIB  # of growth in the last three seconds, at most

# Each runs for as long as it is let; `moved` counts what went through Python.
STALLED = {
    "1 byte a second, of an iterable": """
def pieces():
    while True:
        moved(MIB)
        yield bytes(MIB)
weir.upload(pieces(), "null:", through="rate_limit 1", **budget)
""",
    "1 byte a second, of a file object": """
with weir.open("null:", "wb", through="rate_limit 1", **budget) as file:
    while True:
        moved(file.write(bytearray(300_000)))
""",
    "1 byte a second, of a server": """
context = weir.Context(s3_endpoint_url=sys.argv[1], credentials=lambda refused: ("key", "secret", None), budget_bytes=budget["budget_bytes"])
weir.upload(iter(lambda: moved(MIB) or bytes(MIB), None), "s3://bucket/key", context=context)
""",
    "1 byte a second, through a function": """
weir.copy("gen:100GiB", "null:", through=weir.pieces(lambda piece: moved(len(piece)) or bytes(piece)) | "rate_limit 1", **budget)
""",
    "1 byte a second, through a generator": """
weir.copy("gen:100GiB", "null:", through=weir.generate(lambda pieces: (moved(len(piece)) or piece for piece in pieces)) | "rate_limit 1", **budget)
""",
    "a reader that stands still": """
with weir.open("gen:100GiB", through="sha256", **budget) as file:
    moved(len(file.read(10)))
    time.sleep(60)
""",
    "an iteration that stands still": """
pull = (weir.source("gen:100GiB") | "sha256").pull(**budget)
moved(len(pull.chunk()))
time.sleep(60)
""",
    "a coroutine that stands still": """
async def main():
    async with weir.aio.open("gen:100GiB", through="zstd", **budget) as file:
        moved(len(await file.read(10)))
        await asyncio.sleep(60)
asyncio.run(main())
""",
    "a coroutine, 1 byte a second": """
async def main():
    async def pieces():
        while True:
            moved(MIB)
            yield bytes(MIB)
    await weir.aio.upload(pieces(), "null:", through="rate_limit 1", **budget)
asyncio.run(main())
""",
}

WATCHED = """
import asyncio, json, os, sys, threading, time, weir
MIB, count = 1 << 20, 0
budget = {"budget_bytes": BUDGET}
def moved(size):
    global count
    count += size
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
def watch():
    samples = []
    for _ in range(100):
        time.sleep(0.05)
        samples.append(resident() - before)
    print(json.dumps({"most": max(samples), "early": max(samples[30:50]), "late": max(samples[-50:]), "moved": count}), flush=True)
    os._exit(0)
weir.copy("gen:1KiB", "null:")
before = resident()
threading.Thread(target=watch).start()
"""


@pytest.fixture(scope="module")
def slow_server():
    """Takes 1 byte a second."""
    program = os.environ.get("WEIR_TEST_DISCARD_S3")
    if program is None:
        pytest.skip("WEIR_TEST_DISCARD_S3 names weir_discard_s3 of the build")
    server = subprocess.Popen([program, "--rate", "1"], stdout=subprocess.PIPE, text=True)
    yield f"http://127.0.0.1:{server.stdout.readline().split()[-1]}"
    server.kill()
    server.wait()


@pytest.fixture(scope="module")
def stalled(slow_server):
    """All at once, as none of them does much."""
    program = WATCHED.replace("BUDGET", str(BUDGET))
    children = {what: python(program + work, slow_server, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for what, work in STALLED.items()}
    yield children
    for child in children.values():
        child.kill()
        child.communicate()


@pytest.mark.parametrize("what", STALLED)
def test_memory_stays_flat(what, stalled):
    out, told = stalled[what].communicate(timeout=60)
    assert out and not told, told
    seen = json.loads(out)
    print(f"{what}: {seen['most'] / MIB:.1f} MiB at most, {seen['moved'] / MIB:.1f} MiB moved")
    assert 0 < seen["moved"] <= BUDGET + OVER, f"{seen['moved'] / MIB:.0f} MiB were taken"
    assert seen["most"] < BUDGET + OVER, f"{seen['most'] / MIB:.0f} MiB"
    assert seen["late"] - seen["early"] < FLAT, f"{seen['early'] / MIB:.1f} MiB grew to {seen['late'] / MIB:.1f}"


def others_at_work():
    """How many threads of others want a processor: then its scheduler says when a timer comes, and not this package."""
    seen = []
    for _ in range(50):
        time.sleep(0.01)
        with open("/proc/loadavg") as file:
            seen.append(int(file.read().split()[3].split("/")[0]) - 1)
    return sum(seen) / len(seen)


async def waking(work):
    """How long a timer of 10 ms really took, while `work` was done as often as it takes, in seconds, in order."""
    took = []

    async def ticks():
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            took.append(time.monotonic() - before)

    ticking = asyncio.ensure_future(ticks())
    while len(took) < TICKS:
        await work()
    ticking.cancel()
    return sorted(took)


async def down():
    size = 0
    async with aio.open("gen:2GiB") as file:
        async for chunk in file:
            size += len(chunk)
    assert size == 2 << 30


async def read():
    buffer = bytearray(MIB)
    async with aio.open("gen:2GiB") as file:
        while await file.readinto(buffer):
            pass


async def up():
    piece = b"x" * MIB
    assert (await aio.upload((piece for _ in range(2048)), "null:")).bytes_read == 2 << 30


async def copied():
    assert (await aio.copy("gen:2GiB", "null:", through="xxh3_128")).bytes_read == 2 << 30


@pytest.mark.parametrize("work", [down, read, up, copied], ids=lambda work: work.__name__)
def test_a_timer_of_the_loop_is_on_time_while_2_gib_flow(work):
    others = others_at_work()
    took = asyncio.run(waking(work))
    late = took[len(took) * 99 // 100]
    print(f"{work.__name__}: {len(took)} ticks, half within {took[len(took) // 2] * 1000:.1f} ms, 99 % within {late * 1000:.1f} ms; "
          f"{others:.1f} other programs at work")
    assert late < (0.02 if others < 1 else 0.2)
