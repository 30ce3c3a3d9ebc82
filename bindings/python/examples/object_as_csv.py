#!/usr/bin/env python3
"""Reads an object as csv, line by line, however large it is: object_as_csv.py SOURCE [STAGES]"""

import csv
import sys

import weir


def main() -> None:
    with weir.open(sys.argv[1], "r", newline="", through=sys.argv[2] if len(sys.argv) > 2 else None) as file:
        print(sum(1 for _ in csv.reader(file)), "rows")


if __name__ == "__main__":
    main()
