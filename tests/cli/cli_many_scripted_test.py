#!/usr/bin/env python3
"""Many files and objects against a store that does what a script says: what is told on the way, what an update asks of the
store, and errors that all share.

    servers.py run versitygw -- cli_many_scripted_test.py
"""

import os
import time
import unittest

from cli_s3_test import ScriptedStoreTest
from harness import events


class ScriptedMany(ScriptedStoreTest):
    @staticmethod
    def write(path, data):
        """Older than what the store has: its objects are of 2026."""
        path.write_bytes(data)
        os.utime(path, (1_700_000_000, 1_700_000_000))

    def make(self, count, size=10, root="in"):
        folder = self.folder / root
        folder.mkdir(exist_ok=True)
        for i in range(count):
            self.write(folder / f"{i:04}", bytes([i % 256]) * size)
        return folder

    def cp(self, *arguments, code=0, **options):
        done = self.store("cp", "-r", *arguments, **options)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done

    def requests(self):
        return self.control("state")["requests"]


class Progress(ScriptedMany):
    def test_total_and_remaining_time_are_told_as_soon_as_the_listing_has_ended(self):
        root = self.make(80, size=100_000)
        self.cp(f"{root}/", self.url("t/"))
        self.control("faults", [{"op": "ListObjectsV2", "action": "stall", "seconds": 1.6}])
        done = self.cp("--progress=json", "--limit-rate", "1MiB", self.url("t/"), self.folder / "out")
        told = [event for event in events(done.stderr) if event["event"] == "files"]
        listing = [event for event in told if not event["all_found"]]
        self.assertTrue(listing)
        for event in listing:
            self.assertEqual((event["total_files"], event["total_bytes"], event["eta_s"]), (None, None, None))
        known = [event for event in told if event["eta_s"] is not None]
        self.assertTrue(known, told)
        for event in known:
            self.assertEqual((event["total_files"], event["total_bytes"]), (80, 8_000_000))
            self.assertLess(event["eta_s"], 30)
        self.assertLess(known[-1]["eta_s"], known[0]["eta_s"])

    def test_a_limit_that_limits_is_told(self):
        root = self.make(10, size=100_000)  # so slow that a busy machine reaches it too
        done = self.cp("--progress=json", "--limit-rate", "300KiB", f"{root}/", self.url("t/"))
        self.assertIn("rate limit", {event["limited_by"] for event in events(done.stderr) if event["event"] == "files"})

    def test_what_is_kept_counts_as_done(self):
        root = self.make(60, size=1000)
        self.cp(f"{root}/", self.url("t/"))
        self.write(root / "0007", b"x" * 1_500_000)
        done = self.cp("--progress=json", "--update", "--limit-rate", "512KiB", f"{root}/", self.url("t/"))
        last = [event for event in events(done.stderr) if event["event"] == "files"][-1]
        self.assertEqual((last["kept"], last["total_bytes"]), (59, 59 * 1000 + 1_500_000))
        self.assertGreaterEqual(last["bytes_done"], 59 * 1000)

    def test_verbose_tells_each_file_on_standard_output(self):
        root = self.make(3)
        done = self.cp("-v", f"{root}/", self.url("t/"))
        self.assertEqual(sorted(done.stdout.decode().splitlines()),
                         [f"copied {root}/{i:04} → {self.url('t/')}{i:04} (10 B)" for i in range(3)])
        again = self.cp("--verbose", "--update", f"{root}/", self.url("t/"))
        self.assertEqual(sorted(again.stdout.decode().splitlines()), [f"kept {self.url('t/')}{i:04}" for i in range(3)])
        self.assertEqual(self.cp(f"{root}/", self.url("t/")).stdout, b"")
        self.assertEqual(self.cp("-v", "-q", f"{root}/", self.url("t/")).stdout, b"")
        self.assertEqual({event["event"] for event in events(self.cp("-v", "--json", f"{root}/", self.url("t/")).stdout)} - {"files"},
                         {"file", "summary"})


class Update(ScriptedMany):
    def test_an_update_lists_the_destination_and_asks_for_no_file(self):
        root = self.make(2500)
        self.cp(f"{root}/", self.url("t/"))
        self.write(root / "0100", b"longer than before")
        self.write(root / "a new one", b"new")
        before = self.requests()
        done = self.cp("--update", f"{root}/", self.url("t/"))
        self.assertIn(b"2,499 kept", done.stderr)
        after = self.requests()
        asked = {op: after[op] - before.get(op, 0) for op in after if after[op] != before.get(op, 0)}
        self.assertEqual(asked.pop("PutObject"), 2)
        self.assertEqual(asked.pop("ListObjectsV2"), 3)
        self.assertLessEqual(asked.pop("HeadObject", 0), 2, "the proof of what was copied")
        self.assertEqual(asked, {})

    def test_where_nothing_is_to_be_replaced_one_listing_tells_and_nothing_else_is_sent(self):
        root = self.make(1500)
        self.cp(f"{root}/", self.url("t/"))
        self.write(root / "a new one", b"new")
        before = self.requests()
        done = self.cp("--no-clobber", f"{root}/", self.url("t/"))
        self.assertIn(b"done 1,501 files, 1,500 skipped", done.stderr)
        after = self.requests()
        asked = {op: after[op] - before.get(op, 0) for op in after if after[op] != before.get(op, 0)}
        self.assertEqual((asked.pop("PutObject"), asked.pop("ListObjectsV2")), (1, 2))
        self.assertLessEqual(asked.pop("HeadObject", 0), 1, "the proof of what was copied")
        self.assertEqual(asked, {})

    def test_by_checksum_it_asks_only_for_what_has_the_same_size(self):
        root = self.make(50)
        self.cp(f"{root}/", self.url("t/"))
        for i in range(40):
            (root / f"{i:04}").write_bytes(b"another size")
        before = self.requests()
        self.assertIn(b"10 kept", self.cp("--update=checksum", f"{root}/", self.url("t/")).stderr)
        self.assertLessEqual(self.requests()["HeadObject"] - before.get("HeadObject", 0), 10 + 40)

    def test_a_few_files_among_very_many_objects_do_not_list_them_all(self):
        root = self.make(3)
        self.control("names", {"prefix": "t/", "count": 100_000})
        (self.folder / "in" / "z").write_bytes(b"behind them all")
        before = self.requests()
        self.cp("--update", f"{root}/", self.url("t/"))
        self.assertLess(self.requests()["ListObjectsV2"] - before.get("ListObjectsV2", 0), 12)

    def test_a_store_that_does_not_list_is_asked_for_each(self):
        root = self.make(20)
        self.cp(f"{root}/", self.url("t/"))
        self.control("faults", [{"op": "ListObjectsV2", "action": "status", "status": 403, "code": "AccessDenied", "times": 99}])
        self.assertIn(b"20 kept", self.cp("--update", f"{root}/", self.url("t/")).stderr)

    def test_single_files_are_asked_for(self):
        root = self.make(2)
        self.cp(f"{root}/", self.url("t/"))
        done = self.cp("--update", root / "0000", root / "0001", self.url("t/"))
        self.assertIn(b"2 kept", done.stderr)


class Common(ScriptedMany):
    """Errors that every file would meet: told once, and soon."""

    def once(self, code, says, root, destination, env=None, seconds=20):
        begun = time.monotonic()
        done = self.store("cp", "-r", f"{root}/", destination, env=env)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, code, text)
        self.assertEqual(text.count("weir: cannot"), 1, text)
        self.assertIn(says, text)
        self.assertIn("was not tried", text)
        self.assertLess(time.monotonic() - begun, seconds)
        return text

    def test_a_bucket_that_is_not_there(self):
        self.once(3, "NoSuchBucket", self.make(500), "s3://no-such-bucket/t/")
        self.assertLess(self.requests()["PutObject"], 100)

    def test_keys_that_are_wrong_or_missing(self):
        root = self.make(500)
        self.once(4, "SignatureDoesNotMatch", root, self.url("t/"), env={"AWS_SECRET_ACCESS_KEY": "wrong"})
        self.once(4, "InvalidAccessKeyId", root, self.url("t/"), env={"AWS_ACCESS_KEY_ID": "nobody"})
        none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        self.once(4, "credentials", root, self.url("t/"), env=none)

    def test_an_endpoint_that_nobody_answers_at(self):
        self.once(5, "127.0.0.1:9", self.make(500), self.url("t/"), env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, seconds=60)

    def test_options_that_the_store_does_not_take(self):
        root = self.make(200)
        for code, option in (("InvalidStorageClass", "--storage-class=GLACIR"), ("InvalidArgument", "--header=x-amz-acl:publik"),
                             ("NotImplemented", "--header=x-amz-acl:public-read")):
            self.control("faults", [{"op": "PutObject", "action": "status", "status": 400, "code": code, "times": 9999}])
            told = self.store("cp", "-r", f"{root}/", self.url("t/"), option).stderr.decode()
            self.assertEqual(told.count("weir: cannot"), 1, told)
            self.assertIn("was not tried", told)
            self.control("reset", {})
        # What a service is known not to have is told before anything is sent.
        before = self.requests().get("PutObject", 0)
        for option, says in (("--tag=a=b", "r2 has no tags"), ("--header=authorization:x", "no header of S3's own")):
            done = self.store("cp", "-r", f"{root}/", self.url("t/"), "--s3-profile=r2", option)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual((done.stderr.count(b"weir: cannot"), says in done.stderr.decode()), (1, True), done.stderr)
        self.assertEqual(self.requests().get("PutObject", 0), before)

    def test_an_event_and_the_summary_say_the_same(self):
        told = events(self.store("cp", "-r", "--json", f"{self.make(50)}/", "s3://no-such-bucket/t/").stdout)
        self.assertEqual([event["event"] for event in told if event["event"] != "files"], ["error", "summary"])
        self.assertEqual((told[-1]["exit_code"], told[-1]["transfers_done"], told[-1]["transfers_failed"]), (3, 0, 1))

    def test_one_source_of_several_that_is_not_there_stops_no_other(self):
        root = self.make(3)
        self.cp(f"{root}/", self.url("t/"))
        done = self.store("cp", "-r", "s3://no-such-bucket/x/", "s3://no-such-bucket/one", self.url("t/"), self.folder / "out")
        self.assertEqual(done.returncode, 3, done.stderr.decode())
        self.assertEqual(len(list((self.folder / "out").iterdir())), 3)

    def test_a_refusal_of_some_stops_no_other(self):
        root = self.make(30)
        self.control("faults", [{"op": "PutObject", "key": "t/000", "action": "status", "status": 403, "code": "AccessDenied",
                                 "times": 99}])
        self.cp(f"{root}/", self.url("t/"), code=4)
        self.assertEqual(len(self.control("state")["objects"]), 20)


class FullDisk(ScriptedMany):
    def test_a_full_disk_is_told_once_and_leaves_nothing_cut(self):
        full = self.folder / "full"
        if os.system(f"mkdir {full} && mount -t tmpfs -o size=2m tmpfs {full} 2>/dev/null") != 0:
            self.skipTest("this needs the right to mount a small file system")
        self.addCleanup(lambda: os.system(f"umount {full}"))
        root = self.make(60, size=200_000)
        done = self.store("cp", "-r", f"{root}/", f"{full}/out")
        self.assertEqual(done.returncode, 8, done.stderr.decode())
        self.assertEqual(done.stderr.count(b"weir: cannot"), 1, done.stderr)
        self.assertEqual({path.stat().st_size for path in (full / "out").iterdir()}, {200_000})


if __name__ == "__main__":
    unittest.main()
