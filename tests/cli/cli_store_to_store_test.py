#!/usr/bin/env python3
"""From store to store with the weir command: S3 and Vercel Blob, both ways, one object and many.

    servers.py run vercel -- cli_store_to_store_test.py

Starts the S3 server beside it by itself.
"""

import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

if "WEIR_TEST_BLOB_TOKEN" not in os.environ:
    # Each server's environment has nothing of another store's; what is needed of this one goes by other names.
    os.environ["WEIR_TEST_BLOB_TOKEN"] = os.environ["BLOB_READ_WRITE_TOKEN"]
    os.environ["WEIR_TEST_BLOB_API"] = os.environ["VERCEL_BLOB_API_URL"]
    servers = str(Path(__file__).resolve().parents[1] / "servers" / "servers.py")
    os.execv(sys.executable, [sys.executable, servers, "run", "versitygw", "--", sys.executable, *sys.argv])

from cli_s3_test import ScriptedStoreTest, StoreTest  # noqa: E402
from harness import events, spawn  # noqa: E402

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
        told = events(self.ok("cp", "--memory", "16MiB", "--json", f"vercel://{STORE}/big.bin", self.url("back.bin")).stdout)
        totals = [event["total_bytes"] for event in told if event["event"] == "progress"]
        self.assertEqual(set(totals[1:]) or {len(data)}, {len(data)})
        self.assertTrue(self.ok("cat", self.url("back.bin")).stdout == data)

    def test_one_object_keeps_what_it_is_stored_with_as_many_do(self):
        options = ["--content-type", "text/weir", "--cache-control", "max-age=60", "--metadata=color=blue"]
        self.ok("cp", "-", self.url("one.txt"), *options, stdin=b"one")
        said = self.ok("cp", self.url("one.txt"), f"vercel://{STORE}/one/").stderr.decode()
        self.assertEqual(said.count(f"vercel://{STORE}/ cannot keep metadata of the source's objects"), 1, said)
        blob = self.head(f"vercel://{STORE}/one/one.txt")
        self.assertEqual(blob["content_type"], "text/weir")
        self.assertIn("max-age=60", blob["cache_control"])
        self.ok("cp", f"vercel://{STORE}/one/one.txt", self.url("one/back"))
        self.assertEqual(self.head(self.url("one/back"))["content_type"], "text/weir")
        told = events(self.ok("cp", "--json", "--content-type", "text/other", f"vercel://{STORE}/one/one.txt",
                              self.url("one/other")).stdout)
        self.assertEqual([event["inside_store"] for event in told if event["event"] == "file"], [False])
        self.assertEqual(self.head(self.url("one/other"))["content_type"], "text/other")
        self.ok("cp", self.url("one.txt"), self.url("one/same"))
        same = self.head(self.url("one/same"))
        self.assertEqual((same["content_type"], same["metadata"]), ("text/weir", {"color": "blue"}))

    def test_one_object_that_is_not_there_is_one_error(self):
        done = self.store("cp", self.url("never was"), f"vercel://{STORE}/x",
                          env={"BLOB_READ_WRITE_TOKEN": TOKEN, "VERCEL_BLOB_API_URL": API})
        self.assertEqual(done.returncode, 3, done.stderr.decode())
        self.assertIn(b"never was", done.stderr)
        self.assertNotIn(b"The rest", done.stderr)
        self.assertNotIn(b"1 file", done.stderr)

    def test_what_is_there_stays_and_nothing_is_sent(self):
        self.ok("cp", "-", self.url("kept"), stdin=b"kept")
        self.ok("cp", self.url("kept"), f"vercel://{STORE}/kept")
        done = self.store("cp", "--no-clobber", self.url("kept"), f"vercel://{STORE}/kept",
                          env={"BLOB_READ_WRITE_TOKEN": TOKEN, "VERCEL_BLOB_API_URL": API})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b"there is an object already", done.stderr)
        self.assertIn(b"Nothing was sent.", done.stderr)

    def test_what_the_service_makes_of_a_name_goes_where_headers_are_ascii(self):
        self.ok("cp", "-", f"vercel://{STORE}/namen/größe.txt", stdin=b"x")
        self.ok("cp", f"vercel://{STORE}/namen/größe.txt", self.url("namen/eins"))
        self.assertEqual(self.head(self.url("namen/eins"))["content_disposition"], "inline; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt")
        self.ok("cp", "-r", f"vercel://{STORE}/namen/", self.url("namen/alle/"))
        self.assertEqual(self.ok("cat", self.url("namen/alle/größe.txt")).stdout, b"x")

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


class CopyInsideAStore(ScriptedStoreTest):
    def test_ctrl_c_stops_a_copy_that_the_store_makes(self):
        self.assertEqual(self.store("cp", "-", self.url("from"), stdin=b"bytes").returncode, 0)
        self.control("faults", [{"op": "CopyObject", "action": "stall", "seconds": 25, "times": 2}])
        for number, destination in enumerate((self.url("to"), self.url("folder/")), 1):
            running = spawn("cp", self.url("from"), destination, env=self.environment(), stderr=subprocess.PIPE)
            while self.control("state")["faults"][0]["fired"] < number:
                self.assertIsNone(running.poll())
                time.sleep(0.02)
            begun = time.monotonic()
            running.send_signal(signal.SIGINT)
            self.assertEqual(running.wait(10), 130)
            self.assertLess(time.monotonic() - begun, 4)  # what does not end is given up after five seconds
            running.stderr.close()


if __name__ == "__main__":
    unittest.main()
