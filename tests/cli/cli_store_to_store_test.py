#!/usr/bin/env python3
"""From store to store with the weir command: S3 and Vercel Blob, both ways, one object and many.

    servers.py run vercel -- cli_store_to_store_test.py

Starts the S3 server beside it by itself.
"""

import os
import sys
import unittest
from pathlib import Path

if "WEIR_TEST_BLOB_TOKEN" not in os.environ:
    # Each server's environment has nothing of another store's; what is needed of this one goes by other names.
    os.environ["WEIR_TEST_BLOB_TOKEN"] = os.environ["BLOB_READ_WRITE_TOKEN"]
    os.environ["WEIR_TEST_BLOB_API"] = os.environ["VERCEL_BLOB_API_URL"]
    servers = str(Path(__file__).resolve().parents[1] / "servers" / "servers.py")
    os.execv(sys.executable, [sys.executable, servers, "run", "versitygw", "--", sys.executable, *sys.argv])

from cli_s3_test import StoreTest  # noqa: E402
from harness import events  # noqa: E402

MIB = 1 << 20
TOKEN, API = os.environ["WEIR_TEST_BLOB_TOKEN"], os.environ["WEIR_TEST_BLOB_API"]
STORE = TOKEN.split("_")[3]


class StoreToStore(StoreTest):
    def ok(self, *arguments, **options):
        done = self.store(*arguments, env={"BLOB_READ_WRITE_TOKEN": TOKEN, "VERCEL_BLOB_API_URL": API}, **options)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done

    def head(self, url):
        return events(self.ok("head", "--json", url).stdout)[0]

    def test_one_large_object_streams_there_and_back_in_little_memory(self):
        data = os.urandom(21 * MIB + 7)
        self.ok("cp", "--content-type", "text/weir", "-", self.url("big.bin"), stdin=data)
        self.ok("cp", "--memory", "16MiB", self.url("big.bin"), f"vercel://{STORE}/big.bin")
        self.ok("cp", "--memory", "16MiB", f"vercel://{STORE}/big.bin", self.url("back.bin"))
        self.assertTrue(self.ok("cat", self.url("back.bin")).stdout == data)

    def test_many_go_from_s3_to_vercel_and_back_with_their_types(self):
        names = {"a b.txt": b"a", "ü/c": b"c" * 100_000, "x/empty": b"", "x/d.bin": os.urandom(9 * MIB)}
        for name, data in names.items():
            self.ok("cp", "--content-type", "text/weir", "-", self.url(f"many/{name}"), stdin=data)
        self.ok("cp", "-r", self.url("many/"), f"vercel://{STORE}/many/")
        self.assertEqual(self.head(f"vercel://{STORE}/many/ü/c")["content_type"], "text/weir")
        told = events(self.ok("cp", "-r", "--json", f"vercel://{STORE}/many", self.url("back/")).stdout)
        outcomes = [(event["outcome"], event["inside_store"]) for event in told if event["event"] == "file"]
        self.assertEqual(outcomes, [("copied", False)] * len(names))
        for name, data in names.items():
            self.assertEqual(self.head(self.url(f"back/many/{name}"))["content_type"], "text/weir")
            self.assertTrue(self.ok("cat", self.url(f"back/many/{name}")).stdout == data, name)
        self.assertIn(b"4 kept", self.ok("cp", "-r", "--update", self.url("many/"), f"vercel://{STORE}/many/").stderr)


if __name__ == "__main__":
    unittest.main()
