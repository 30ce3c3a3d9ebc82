#!/usr/bin/env python3
"""weir rm --incomplete where a kill has left what no ledger knows of, and against MinIO, which lists such uploads in its own way.

    servers.py run minio -- cli_unfinished_test.py
"""

import os
import subprocess
import unittest

from cli_s3_test import ScriptedStoreTest, StoreTest
from harness import events, spawn

MIB = 1 << 20


class Orphan(ScriptedStoreTest):
    """The store has begun an upload, and its answer is on its way when the command is killed."""

    def killed_as_it_begins(self, command):
        """The id of the upload that it leaves."""
        before = self.uploads()
        self.control("faults", [{"op": "CreateMultipartUpload", "action": "stall", "seconds": 30}])
        running = spawn(*command, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (running.poll() is None and running.kill(), running.wait()))
        self.waits_for(lambda: len(self.uploads()) > len(before) or running.poll() is not None, "an upload")
        running.kill()
        running.wait()
        orphan, = set(self.uploads()) - set(before)
        return orphan

    def command(self, state="state"):
        source = self.folder / "in"
        if not source.exists():
            source.write_bytes(os.urandom(12 * MIB))
        return "cp", source, self.url("folder/a key"), "--part-size", "5MiB", "--state-dir", self.folder / state

    def jobs(self):
        return events(self.store("jobs", "--json", "--state-dir", self.folder / "state").stdout)

    def test_who_comes_next_removes_it(self):
        self.killed_as_it_begins(self.command())
        self.assertEqual([job["bytes_stored"] for job in self.jobs()], [0])
        done = self.store(*self.command())
        self.assertEqual((done.returncode, self.uploads(), self.jobs()), (0, [], []), done.stderr)
        self.assertNotIn(b"may have", done.stderr)

    def test_who_comes_never_removes_it_by_its_number(self):
        self.killed_as_it_begins(self.command())
        job, = self.jobs()
        done = self.store("jobs", "abort", job["id"], "--state-dir", self.folder / "state")
        self.assertEqual((done.returncode, self.uploads(), self.jobs()), (0, [], []), done.stderr)

    def test_an_answer_that_is_lost_on_its_way_leaves_none_either(self):
        self.control("faults", [{"op": "CreateMultipartUpload", "action": "lost_reply"}])
        done = self.store(*self.command(), "--json")
        self.assertEqual((done.returncode, self.uploads(), self.jobs()), (0, [], []), done.stderr)
        self.assertEqual(self.control("state")["requests"]["CreateMultipartUpload"], 2)

    def test_what_may_be_anybodys_stays_and_who_comes_next_is_told_of_the_command_that_removes_it(self):
        url = self.url("folder/a key")
        orphans = [self.killed_as_it_begins(self.command(state)) for state in ("state", "of another")]
        done = self.store(*self.command(), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told, = [event["message"] for event in events(done.stdout) if "may have one of it" in event.get("message", "")]
        self.assertIn(url, told)
        self.assertIn("weir rm --incomplete", told)
        self.assertEqual(sorted(self.uploads()), sorted(orphans))
        done = self.store("rm", "--incomplete", url, "--older-than", "0s", "--state-dir", self.folder / "state")
        self.assertEqual((done.returncode, self.uploads()), (0, []), done.stderr)
        self.assertIn(b"removed the upload of", done.stdout)
        # Who ended in order, or left nothing that is not recorded, is told nothing.
        self.assertNotIn(b"may have", self.store(*self.command()).stderr)

    def uploads(self):
        return [upload["id"] for upload in self.control("state")["open_uploads"]]


@unittest.skipUnless(os.environ.get("WEIR_TEST_S3_SERVER") == "minio", "needs MinIO: tests/servers/servers.py run minio -- …")
class OnMinio(StoreTest):
    def begin(self, key):
        """An upload of a few parts that nobody finishes."""
        source, state = self.file("in", os.urandom(30 * MIB)), self.folder / "begun"
        running = spawn("cp", source, self.url(key), "--part-size", "5MiB", "--limit-rate", "10MiB", "--state-dir", state,
                        env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (running.poll() is None and running.kill(), running.wait()))
        self.waits_for(lambda: running.poll() is not None or self.store("jobs", "--json", "--state-dir", state).stdout, "a job")
        running.kill()
        running.wait()
        return state

    def swept(self, *arguments):
        done = self.store("rm", "--incomplete", *arguments, "--older-than", "0s", "--json", "--state-dir", self.folder / "none")
        return done.returncode, [event["url"] for event in events(done.stdout) if event["event"] == "upload_removed"], done

    def test_of_an_exact_key_they_are_found_and_removed_and_below_a_name_it_says_that_it_cannot_tell(self):
        key = "unfinished/a key"
        state = self.begin(key)
        for below in (f"s3://{self.bucket}", self.url("unfinished/"), self.url("unfinished")):
            code, urls, done = self.swept("-r", below, "--dry-run")
            self.assertEqual(code, 1)
            self.assertEqual(urls, [self.url(key)] if below == f"s3://{self.bucket}" else [])
            self.assertIn(b"MinIO tells all unfinished uploads of exactly one key only", done.stderr)
        code, urls, _ = self.swept(self.url(key))
        self.assertEqual((code, urls), (0, [self.url(key)]))
        self.assertEqual(self.swept(self.url(key))[:2], (0, []))
        # What the store has no upload of any more begins anew.
        done = self.store("cp", self.folder / "in", self.url(key), "--state-dir", state)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
