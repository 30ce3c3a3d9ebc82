#!/usr/bin/env python3
"""Stores what a generator makes, compressed, and goes on where it was if it is killed: lines_into_a_bucket.py DESTINATION"""

import sys
from collections.abc import Iterable, Iterator

import weir


def rows() -> Iterator[bytes]:
    yield b"number,square\n"
    for number in range(1_000_000):
        yield b"%d,%d\n" % (number, number * number)


def in_pieces(lines: Iterable[bytes], size: int = 64 << 10) -> Iterator[bytes]:
    """Many small pieces are slower than a few large ones."""
    piece = bytearray()
    for line in lines:
        piece += line
        if len(piece) >= size:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def main() -> None:
    context = weir.Context(ledger=True)
    try:
        receipt = weir.upload(in_pieces(rows()), sys.argv[1], context=context, through="sha256 | zstd")
    except weir.Error as error:
        sys.exit(f"{error}")
    print(f"{receipt.bytes_read} bytes made, {receipt.bytes_stored} stored, sha256 {receipt.facts['sha256']}")


if __name__ == "__main__":
    main()
