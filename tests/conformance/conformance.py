#!/usr/bin/env python3
"""Holds any server to a specification: one line for each case, and what failed.

    conformance.py [--only TEXT] SUITE URL      SUITE: tus or resumable_http. URL: where uploads are made, http://127.0.0.1:8080/files

Cases of extensions that the server does not tell of are left out, and said to be. Exits 1 where something that MUST be is
not; --strict: or SHOULD be.
"""

import argparse
import importlib
import sys
from collections import Counter


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=["tus", "resumable_http"])
    parser.add_argument("url")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    suite = importlib.import_module(options.suite + "_suite")
    client = suite.Client(options.url)
    extensions = (client.ask("OPTIONS", version=None)["tus-extension"] or "").split(",")
    counts = Counter()
    for name, level, extension, check in suite.CASES:
        if options.only not in name:
            continue
        what = f"{name.replace('_', ' ')}{f' ({extension})' if extension else ''}"
        if extension and extension not in extensions:
            counts["left out"] += 1
            print(f"no     {what}: the server has no {extension}")
            continue
        try:
            check(client)
        except (AssertionError, OSError, TypeError, ValueError, AttributeError) as problem:
            counts[level] += 1
            print(f"FAILED {what} [{level}]: {type(problem).__name__ if not isinstance(problem, AssertionError) else ''} {problem}")
        else:
            counts["ok"] += 1
            print(f"ok     {what}")
    print(f"{counts['ok']} passed, {counts['MUST'] + counts['SHOULD']} failed ({counts['MUST']} of what MUST be), "
          f"{counts['left out']} left out")
    return 1 if counts["MUST"] or (options.strict and counts["SHOULD"]) or not counts["ok"] else 0


if __name__ == "__main__":
    sys.exit(main())
