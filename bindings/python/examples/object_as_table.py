#!/usr/bin/env python3
"""Reads an object of csv as Arrow tables, batch by batch, and stores them as Parquet: object_as_table.py SOURCE.csv.zst DESTINATION.parquet"""

import sys

import pyarrow.csv
import pyarrow.parquet

import weir


def main() -> None:
    rows = 0
    with weir.open(sys.argv[1], through="unzstd") as source, pyarrow.csv.open_csv(source) as batches:
        with weir.open(sys.argv[2], "wb") as out, pyarrow.parquet.ParquetWriter(out, batches.schema) as table:
            for batch in batches:
                rows += batch.num_rows
                table.write_batch(batch)
    print(rows, "rows,", out.receipt.bytes_stored if out.receipt else 0, "bytes stored")


if __name__ == "__main__":
    main()
