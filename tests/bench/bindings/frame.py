"""The frame of every driver here: DRIVER ACTION NAME AMOUNT; NAME is s3://BUCKET/KEY, the endpoint is in the environment.

    up     AMOUNT bytes of memory, in pieces of 1 MiB, into one object
    down   an object of AMOUNT bytes, piece by piece as the client gives them
    read   the same through a file object, 64 KiB at a time
    many   AMOUNT objects of 64 KiB of memory, 16 at once; NAME is what their keys begin with

Prints one JSON object: wall and CPU seconds of the work alone, without the start of its program.
"""

import json
import os
import resource
import sys
import time

PIECE = b"w" * (1 << 20)
OBJECT = bytes(64 << 10)
READ = 64 << 10
AT_ONCE = 16


def pieces(size):
    for _ in range(size // len(PIECE)):
        yield PIECE
    if size % len(PIECE):
        yield PIECE[: size % len(PIECE)]


class PiecesFile:
    """The same as a file object."""

    def __init__(self, size):
        self._left = size

    def read(self, most=-1):
        size = self._left if most is None or most < 0 else min(most, self._left)
        self._left -= size
        return PIECE[:size] if size <= len(PIECE) else (PIECE * (size // len(PIECE) + 1))[:size]


def read_all(file):
    """How much came, and of buffers what a program would do: it fills one and looks at it."""
    got, buffer = 0, memoryview(bytearray(READ))
    if hasattr(file, "readinto"):
        while size := file.readinto(buffer):
            got += size
    else:
        while data := file.read(READ):
            got += len(data)
    return got


def cpu_s():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def drive(**actions):
    action, name, amount = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if action not in actions:
        sys.exit(f"it has no {action}")
    cpu, wall = cpu_s(), time.monotonic()
    got = actions[action](name, amount)
    if action in ("down", "read") and got != amount:
        sys.exit(f"{got} bytes came, and not {amount}")
    print(json.dumps({"wall_s": time.monotonic() - wall, "cpu_s": cpu_s() - cpu}), flush=True)
    os._exit(0)


def bucket_and_key(name):
    bucket, _, key = name.removeprefix("s3://").partition("/")
    return bucket, key
