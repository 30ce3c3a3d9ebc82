#!/usr/bin/env python3
"""The example programs do what they say, into a real store.

    servers.py run versitygw -- examples_test.py

They lie beside the command that WEIR_BIN names.
"""

import hashlib
import subprocess
import unittest
from pathlib import Path

from cli_s3_test import ENDPOINT, KEYS, StoreTest
from harness import TIMEOUT_S, WEIR, environment


class Examples(StoreTest):
    def example(self, name, *arguments, returncode=0):
        env = environment(AWS_ENDPOINT_URL=ENDPOINT, AWS_REGION="us-east-1", **KEYS)
        done = subprocess.run([Path(WEIR).parent / f"example_{name}", *map(str, arguments)], env=env, capture_output=True, text=True,
                              timeout=TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, returncode, done.stderr)
        return done.stdout

    def test_each_stage_does_what_its_example_says(self):
        self.example("stages")

    def test_a_file_goes_through_a_digest_and_zstd(self):
        source = self.file("big.csv", b"a,b\n" * 1_000_000)
        told = self.example("upload", source, self.url("example/big.csv.zst"))
        self.assertIn(hashlib.sha256(source.read_bytes()).hexdigest(), told)
        back = self.store("cat", self.url("example/big.csv.zst"), "--through", "unzstd")
        self.assertEqual(back.stdout, source.read_bytes())

    def test_a_log_is_filtered_into_a_bucket(self):
        lines = [f"GET /{number} {200 if number % 10 else 503} ok\n".encode() for number in range(50_000)]
        log = self.file("access.log", b"".join(lines))
        self.example("log_filter", log, self.url("example/errors.zst"), " 5[0-9][0-9] ")
        back = self.store("cat", self.url("example/errors.zst"), "--through", "unzstd")
        self.assertEqual(back.stdout, b"".join(lines[::10]))

    def test_one_read_feeds_two_stores_and_a_digest(self):
        source = self.file("big.csv", b"a,b\n" * 1_000_000)
        told = self.example("one_read_two_stores", source, self.url("example/two.zst"), self.folder / "plain")
        self.assertIn(hashlib.sha256(source.read_bytes()).hexdigest(), told)
        self.assertEqual((self.folder / "plain").read_bytes(), source.read_bytes())
        back = self.store("cat", self.url("example/two.zst"), "--through", "unzstd")
        self.assertEqual(back.stdout, source.read_bytes())

    def test_a_table_is_split_into_a_shard_for_each_day(self):
        days = [f"2026-01-{day:02}" for day in range(1, 11)]
        rows = [f"{number},{days[number * 7 % 10]}T10:00:00Z\n" for number in range(100_000)]
        table = self.file("table.csv", ("number,time\n" + "".join(rows)).encode())
        self.example("split_by_date", table, self.url("example/days"))
        for day in (days[0], days[9]):
            back = self.store("cat", self.url(f"example/days/{day}.csv.zst"), "--through", "unzstd")
            self.assertEqual(back.stdout.decode(), "number,time\n" + "".join(row for row in rows if f",{day}T" in row), back.stderr)


if __name__ == "__main__":
    unittest.main()
