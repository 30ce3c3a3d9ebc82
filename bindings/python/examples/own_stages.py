#!/usr/bin/env python3
"""Stages written in Python between those of the library: own_stages.py SOURCE DESTINATION"""

import sys
from collections.abc import Iterator

import weir


def number(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A generator: it sees the stream as it comes, here in whole lines."""
    count = 0
    for piece in pieces:
        out = []
        for line in piece.splitlines(keepends=True):
            count += 1
            out.append(b"%6d  %s" % (count, line))
        yield b"".join(out)


errors = weir.lines() | weir.filter(lambda line: b"ERROR" in line)  # a piece of pipeline, used as often as one likes


def main() -> None:
    pipe = weir.source(sys.argv[1]) | errors | number | weir.zstd() | weir.to(sys.argv[2])
    with pipe.start() as job:
        for progress in job.watch():
            print(f"{progress.bytes_read} bytes read", file=sys.stderr)
    print(job.result().bytes_stored, "bytes stored")


if __name__ == "__main__":
    main()
