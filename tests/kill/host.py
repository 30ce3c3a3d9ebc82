#!/usr/bin/env python3
"""A program of a user's on the Python package, which can be killed: takes what the rounds give to `weir cp --json`, and tells what
they look at. --own-stage: a function of its own is the first stage."""

import argparse
import json
import sys

import weir

MIB = 1 << 20


def mib(text):
    return int(text.removesuffix("MiB")) * MIB


def options_of(words):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["cp"])
    for name in ("source", "destination"):
        parser.add_argument(name)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--own-stage", action="store_true")
    for name in ("--state-dir", "--endpoint-url", "--through"):
        parser.add_argument(name)
    for name in ("--part-size", "--concurrency"):
        parser.add_argument(name, type=int, default=0)
    for name in ("--limit-rate", "--memory"):
        parser.add_argument(name, type=mib, default=0)
    return parser.parse_args(words)


def stages(options):
    through = options.through
    if options.own_stage:
        own = weir.pieces(lambda piece: piece.swapcase().swapcase())
        return own | through if through else own
    return through


def main():
    options = options_of(sys.argv[1:])
    context = weir.Context(ledger=True, state_dir=options.state_dir, s3_endpoint_url=options.endpoint_url,
                           bytes_per_second=options.limit_rate, budget_bytes=options.memory)
    seen = []
    how = {"context": context, "through": stages(options), "part_bytes": options.part_size, "concurrency": options.concurrency,
           "progress": seen.append}
    try:
        if options.source == "-":
            receipt = weir.upload(sys.stdin.buffer, options.destination, **how)
        else:
            receipt = weir.copy(options.source, options.destination, **how)
    except weir.Error as error:
        sys.exit(str(error))
    last = seen[-1]
    print(json.dumps({"event": "done", "bytes_resumed": receipt.bytes_resumed, "facts": receipt.facts}))
    print(json.dumps({"event": "summary", "bytes_sent": last.bytes_sent, "bytes_received": last.bytes_received}))


if __name__ == "__main__":
    main()
