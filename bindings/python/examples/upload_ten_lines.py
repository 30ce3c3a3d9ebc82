#!/usr/bin/env python3
"""Ten lines: upload_ten_lines.py big.csv s3://bucket/big.csv.zst"""

import sys

import weir

try:
    receipt = weir.copy(sys.argv[1], sys.argv[2], through="sha256 | zstd level=3", progress=True)
    print(f"{receipt.bytes_stored} bytes stored in {receipt.parts} parts, {receipt.checksum} verified: {receipt.checksum_verified}")
except weir.Error as error:
    sys.exit(str(error))
