#!/usr/bin/env python3
"""The weir command and a store: what its commands print, and what each refusal of a store, or of no store, becomes.

    servers.py run versitygw -- cli_s3_test.py

Runs against the server that the environment names, and for what only a scripted one does against fault_s3.py.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from harness import CommandTest, events, spawn, weir

MIB = 1 << 20
ENDPOINT, BUCKET = os.environ["WEIR_TEST_S3_ENDPOINT"], os.environ["WEIR_TEST_S3_BUCKET"]
KEYS = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CA_BUNDLE") if name in os.environ}
FAULT_SERVER = Path(__file__).resolve().parents[1] / "servers" / "fault_s3.py"


class StoreTest(CommandTest):
    """Runs weir with the keys of the store at `endpoint`."""

    endpoint, bucket, keys = ENDPOINT, BUCKET, KEYS

    def environment(self, **changes):
        return {**self.keys, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": self.endpoint, **changes}

    def store(self, *arguments, env=None, **options):
        return weir(*arguments, env=self.environment(**(env or {})), **options)

    def refused(self, code, *arguments, env=None, says=(), **options):
        done = self.refuses(code, *arguments, env=self.environment(**(env or {})), says=says, **options)
        self.assertNotIn(self.keys["AWS_SECRET_ACCESS_KEY"].encode(), done.stderr)
        return done

    def url(self, key):
        return f"s3://{self.bucket}/{key}"


class Objects(StoreTest):
    def test_a_file_goes_through_stages_into_the_store_and_back(self):
        data = os.urandom(MIB) * 12
        source = self.file("in", data)
        put = self.store("cp", source, self.url("dir/in.zst"), "--through", "sha256 | zstd")
        self.assertEqual(put.returncode, 0, put.stderr)
        self.assertIn(hashlib.sha256(data).hexdigest(), put.stderr.decode())
        self.assertIn(b"crc64nvme", put.stderr)
        got = self.store("cat", self.url("dir/in.zst"), "--through", "unzstd")
        self.assertEqual((got.returncode, got.stdout == data, got.stderr), (0, True, b""))
        back = self.store("cp", self.url("dir/in.zst"), self.folder, "--through=unzstd")
        self.assertEqual((back.returncode, (self.folder / "in.zst").read_bytes() == data), (0, True), back.stderr)

    def test_a_pipe_of_unknown_length_becomes_an_object(self):
        for size in (0, 1, 11 * MIB + 3):
            data = os.urandom(size)
            self.assertEqual(self.store("cp", "-", self.url("pipe"), stdin=data).returncode, 0)
            self.assertEqual(self.store("cat", self.url("pipe")).stdout, data)

    def test_a_prefix_gets_the_name_of_the_source(self):
        source = self.file("named", b"x")
        self.assertEqual(self.store("cp", source, self.url("into/")).returncode, 0)
        self.assertEqual(self.store("cat", self.url("into/named")).stdout, b"x")

    def test_listings_fold_at_slashes_and_are_valid_json(self):
        for key in ("list/a", "list/b c", "list/deep/d", "list/ü+%41"):
            self.assertEqual(self.store("cp", "-", self.url(key), stdin=b"12345").returncode, 0)
        lines = self.store("ls", self.url("list/")).stdout.decode().splitlines()
        self.assertEqual([line.split("  ", 2)[-1].strip().split("  ")[-1] for line in lines],
                         ["list/deep/", "list/a", "list/b c", "list/ü+%41"])
        self.assertRegex(lines[1], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +5 B  list/a$")
        found = events(self.store("ls", "-r", self.url("list/"), "--json").stdout)
        self.assertEqual([event["key"] for event in found], ["list/a", "list/b c", "list/deep/d", "list/ü+%41"])
        self.refused(3, "ls", self.url("nothing-here/"), says="no key begins with that")

    def test_head_prints_what_the_store_knows(self):
        put = events(self.store("cp", "-", self.url("head"), "--json", stdin=b"12345").stdout)
        head = events(self.store("head", self.url("head"), "--json").stdout)[0]
        self.assertEqual((head["size"], head["etag"]), (5, put[-2]["etag"]))
        if head["checksum"]:
            self.assertEqual(head["checksum"], put[-2]["checksum"])
        self.assertIn("5 (5 B)", self.store("head", self.url("head")).stdout.decode())
        self.refused(3, "head", self.url("nothing"), says="Check the name")

    def test_removing_removes_and_a_slip_removes_nothing(self):
        for key in ("rm/1", "rm/2"):
            self.store("cp", "-", self.url(key), stdin=b"x")
        self.refused(2, "rm", self.url("rm/1"), f"s3://{self.bucket}")
        self.refused(3, "rm", self.url("rm/1"), "rm/2", says=["s3://BUCKET/KEY"])  # a path, and there is no such file
        self.assertEqual(len(events(self.store("ls", self.url("rm/"), "--json").stdout)), 2)
        gone = events(self.store("rm", self.url("rm/1"), self.url("rm/2"), "--json").stdout)
        self.assertEqual([event["url"] for event in gone], [self.url("rm/1"), self.url("rm/2")])
        self.assertEqual([event["was_there"] for event in gone], [None, None], "a store does not tell")
        self.assertEqual(self.store("rm", self.url("rm/1")).stdout.decode(), f"removed {self.url('rm/1')}, if it was there\n")
        self.refused(3, "cat", self.url("rm/1"))

    def test_json_of_an_upload_is_valid(self):
        found = events(self.store("cp", "gen:12MiB", self.url("json"), "--json", "--part-size=5MiB").stdout)
        done = found[-2]
        self.assertEqual((done["event"], done["bytes_stored"], done["parts"]), ("done", 12 * MIB, 3))


class Refusals(StoreTest):
    def test_a_bucket_or_object_that_is_not_there(self):
        source = self.file("in", b"x")
        self.refused(3, "cp", source, "s3://weir-no-such-bucket/key", says="NoSuchBucket")
        self.refused(3, "ls", "s3://weir-no-such-bucket/", says="NoSuchBucket")
        for arguments in (["head", "s3://weir-no-such-bucket/key"], ["cp", "s3://weir-no-such-bucket/key", self.folder / "out"]):
            self.refused(3, *arguments, says='there is no bucket "weir-no-such-bucket"')
        self.refused(3, "cp", self.url("no/such/key"), self.folder / "out")
        self.assertFalse((self.folder / "out").exists())

    def test_a_folder_in_place_of_an_object_gets_a_hint(self):
        self.assertEqual(self.store("cp", "-", self.url("fold/er/x"), stdin=b"x").returncode, 0)
        for name in ("fold", "fold/er"):
            for end in (".", "out"):
                self.refused(3, "cp", self.url(name), self.folder / end, says="with -r (recursive)")
        self.refused(2, "cp", self.url("fold/"), self.folder, says=["the source is a folder, and no object", "With -r (recursive)"])
        self.refused(3, "cp", self.url("nothing"), self.folder / "out", says="a listing shows what is there")

    def test_names_that_no_store_can_have(self):
        source = self.file("in", b"x")
        self.refused(8, "cp", source, self.url("k" * 1025), says="1024")
        self.refused(2, "cp", source, "s3://", says="bucket")
        self.refused(2, "cp", source, "s3://B/key", says="bucket")

    def test_wrong_keys_are_no_access_and_are_not_printed(self):
        source = self.file("in", b"x")
        for changes, code in (({"AWS_ACCESS_KEY_ID": "AKIAWRONG"}, 4), ({"AWS_SECRET_ACCESS_KEY": "wrong-secret"}, 4)):
            done = self.refused(code, "cp", source, self.url("key"), env=changes)
            self.assertNotIn(b"wrong-secret", done.stderr)
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        self.refused(4, "cp", source, self.url("key"), env=none)

    def test_a_dead_endpoint_is_temporary(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            dead = f"http://127.0.0.1:{free.getsockname()[1]}"
        started = time.monotonic()
        self.refused(5, "ls", self.url(""), "--endpoint-url", dead, says=["127.0.0.1", "Nothing was sent. Check the host's name, the port"])
        self.assertLess(time.monotonic() - started, 30)

    def test_an_endpoint_that_answers_garbage(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def answer():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\x1b[2J")

        threading.Thread(target=answer, daemon=True).start()
        done = self.store("ls", self.url(""), "--endpoint-url", f"http://127.0.0.1:{server.getsockname()[1]}")
        self.assertIn(done.returncode, (1, 5), done.stderr)
        self.assertRegex(done.stderr, rb"\Aweir: cannot ")
        self.assertNotIn(b"\x1b", done.stderr)

    def test_an_endpoint_that_is_no_url(self):
        for endpoint in ("localhost", "ftp://localhost", "http://"):
            self.refused(2, "ls", self.url(""), "--endpoint-url", endpoint)

    def test_headers_cannot_be_smuggled_in(self):
        for option in ("--region", "--profile"):
            done = self.store("ls", self.url(""), option, "us-east-1\r\nX-Evil: 1")
            self.assertIn(done.returncode, (2, 4), done.stderr)


class ScriptedStoreTest(StoreTest):
    """Against the project's own store, which breaks when asked."""

    bucket, keys = "weir-test", {"AWS_ACCESS_KEY_ID": "weirtest", "AWS_SECRET_ACCESS_KEY": "weirtestsecret"}

    def setUp(self):
        super().setUp()
        self.server = subprocess.Popen([sys.executable, FAULT_SERVER], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (self.server.kill(), self.server.wait(), self.server.stdout.close()))
        self.endpoint = f"http://127.0.0.1:{self.server.stdout.readline().split()[-1]}"

    def control(self, what, value=None):
        data = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(f"{self.endpoint}/_weir/{what}", data=data, timeout=20) as reply:
            text = reply.read()
        return json.loads(text) if text else None


class Scripted(ScriptedStoreTest):
    def test_an_expired_token_is_no_access_in_the_stores_own_words(self):
        self.control("faults", [{"op": "*", "action": "expired_token", "times": 99}])
        self.refused(4, "cp", self.file("in", b"x"), self.url("key"), says=["ExpiredToken", "request"])
        error = events(self.store("cp", self.folder / "in", self.url("key"), "--json").stdout)[-2]
        self.assertEqual((error["service_code"], error["kind"], error["exit_code"]), ("ExpiredToken", "access_denied", 4))
        self.assertTrue(error["request_id"])

    def test_another_region_is_found_out(self):
        self.assertEqual(self.store("cp", "-", self.url("key"), "--region=eu-west-1", stdin=b"x").returncode, 0)

    def test_a_service_in_trouble_is_temporary(self):
        self.control("faults", [{"op": "GetObject", "action": "status", "status": 500, "times": 9999},
                                {"op": "HeadObject", "action": "status", "status": 500, "times": 9999}])
        self.refused(5, "cat", self.url("key"), says="500")

    def test_a_limit_that_limits_is_told(self):
        source = self.file("in", os.urandom(6 * MIB))
        limited = events(self.store("cp", source, self.url("key"), "--limit-rate=2MiB", "--part-size=5MiB", "--progress=json").stderr)
        self.assertIn("rate limit", {event["limited_by"] for event in limited if event["event"] == "progress"})
        free = events(self.store("cp", source, self.url("key"), "--limit-rate=20GiB", "--progress=json").stderr)
        self.assertNotIn("rate limit", {event["limited_by"] for event in free if event["event"] == "progress"})

    def test_a_code_that_only_repeats_the_status_is_not_said_twice(self):
        self.control("faults", [{"op": "*", "action": "status", "status": 400, "code": "400", "times": 99}])
        done = self.refused(2, "ls", self.url(""), says="400 Bad Request from the store")
        self.assertNotIn(b"400 400", done.stderr)
        self.refused(2, "head", self.url("key"), says=["400 Bad Request", "The store says no more."])

    def test_a_directory_that_is_not_there_yet_is_made_where_the_name_ends_with_a_slash(self):
        self.assertEqual(self.store("cp", "-", self.url("d/key"), stdin=b"x").returncode, 0)
        new = self.folder / "new" / "deeper"
        self.refused(3, "cp", self.url("nothing"), f"{new}/")
        dry = self.store("cp", "--dry-run", self.url("d/key"), f"{new}/")
        self.assertEqual((dry.returncode, dry.stdout.decode()), (0, f"would copy {self.url('d/key')} → {new}/key\n"))
        self.assertFalse(new.parent.exists())
        self.assertEqual(self.store("cp", self.url("d/key"), f"{new}/").returncode, 0)
        self.assertEqual((new / "key").read_bytes(), b"x")
        self.refused(3, "cp", self.url("d/key"), self.folder / "none" / "key", says="there is no directory")
        self.refused(2, "cp", self.url("d/key"), f"{new}/key/", says="it is a file")

    def test_a_dry_run_asks_the_store_and_changes_nothing(self):
        source = self.file("in", b"x")
        done = self.store("cp", "--dry-run", source, self.url("there/"), "--through", "zstd")
        self.assertEqual((done.returncode, done.stdout.decode()), (0, f"would copy {source} → {self.url('there/in')} through zstd\n"))
        self.refused(3, "cp", "--dry-run", source, "s3://no-such-bucket/k", says="NoSuchBucket")
        self.refused(3, "cp", "--dry-run", "-r", f"{self.folder}/", "s3://no-such-bucket/k", says="NoSuchBucket")
        self.refused(3, "cp", "--dry-run", self.url("nothing"), self.folder / "out")
        self.refused(1, "cp", "--dry-run", source, self.url("k"), "--s3-profile=r2", "--tag=a=b", says="r2 has no tags")
        self.assertEqual(self.store("cp", source, self.url("k")).returncode, 0)
        self.refused(1, "cp", "--dry-run", source, self.url("k"), "--no-clobber", says="there is an object already")
        state = self.control("state")
        self.assertEqual((list(state["objects"]), state["requests"]["PutObject"]), (["/weir-test/k"], 1))
        # Who may write need not be allowed to list.
        self.control("faults", [{"op": "ListObjectsV2", "action": "status", "status": 403, "code": "AccessDenied", "times": 99}])
        self.assertEqual(self.store("cp", "--dry-run", source, self.url("k")).returncode, 0)

    def test_retries_are_told(self):
        self.control("faults", [{"op": "PutObject", "action": "status", "status": 500}])
        done = self.store("cp", "-", self.url("key"), stdin=b"x")
        self.assertIn(b", 1 retry,", done.stderr)
        self.control("faults", [{"op": "PutObject", "action": "status", "status": 500}])
        found = events(self.store("cp", "-", self.url("key"), "--json", stdin=b"x").stdout)
        self.assertEqual(found[-2]["retries"], 1)
        retry = next(event for event in found if event["event"] == "retry")
        self.assertEqual((retry["retries"], retry["kind"]), (1, "unavailable"))
        self.assertIn(self.url("key"), retry["operation"])
        self.assertIn("500 ", retry["cause"])

    def slow_upload(self):
        """An upload that has stored a part and waits for more."""
        running = spawn("cp", "-", self.url("key"), "--part-size=5MiB", "--no-resume", env=self.environment(), stdin=subprocess.PIPE,
                        stderr=subprocess.PIPE)
        self.addCleanup(lambda: (running.poll() is None and running.kill(), running.wait(), running.stdin.close(),
                                 running.stderr.close()))
        running.stdin.write(bytes(11 * MIB))
        running.stdin.flush()
        self.waits_for(lambda: "UploadPart" in self.control("state")["requests"], "the first part")
        return running

    def test_a_signal_leaves_no_upload_behind(self):
        running = self.slow_upload()
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(6), 130)
        state = self.control("state")
        self.assertEqual((state["open_uploads"], state["objects"]), ([], {}))

    def test_cleaning_up_takes_at_most_five_seconds_and_a_second_signal_ends_it_at_once(self):
        self.control("faults", [{"op": "AbortMultipartUpload", "action": "stall", "seconds": 20, "times": 9}])
        running = self.slow_upload()
        running.send_signal(signal.SIGTERM)
        started = time.monotonic()
        self.assertEqual(running.wait(8), 143)
        self.assertGreater(time.monotonic() - started, 3)
        self.assertIn(b"may be left", running.stderr.read())

        running = self.slow_upload()
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)
        self.assertIsNone(running.poll())
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(1), 143)


if __name__ == "__main__":
    unittest.main(verbosity=2)
