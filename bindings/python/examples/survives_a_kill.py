#!/usr/bin/env python3
"""Hashes, compresses and uploads, and goes on where it was when it was killed: survives_a_kill.py big.csv s3://bucket/big.csv.zst

Kill it at any moment, by kill -9 or by the plug, and run it again: what the store has is not sent again, and the object is
the one that a run in one go makes."""

import sys

import weir


def main() -> None:
    context = weir.Context(ledger=True)  # in ~/.local/state/weir, unless state_dir says where
    try:
        receipt = weir.copy(sys.argv[1], sys.argv[2], context=context, through="sha256 | zstd level=3", progress=True)
    except weir.Error as error:
        sys.exit(f"{error}\n{error.kept_bytes} bytes are safe; run it again to go on")
    print(f"{receipt.bytes_stored} bytes stored, {receipt.bytes_resumed} of them by runs before, sha256 {receipt.facts['sha256']}")


if __name__ == "__main__":
    main()
