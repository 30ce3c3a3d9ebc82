#!/usr/bin/env python3
"""--limit-rate of the command: it holds up and down, is seen in the progress, and a throttling store is told as such.

Runs with WEIR_TEST_CLI and WEIR_TEST_FAULT_S3.
"""

import random
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cli"))
from faulty_store import MIB, S3, FaultTest  # noqa: E402
from harness import events  # noqa: E402

DATA = random.Random(4).randbytes(12 * MIB)


class LimitRate(FaultTest):
    KIND = S3

    def weir(self, *words):
        """Gives how long it took too."""
        begun = time.monotonic()
        return super().weir(*words), time.monotonic() - begun

    def check_pace(self, took, rate):
        wanted = len(DATA) / rate
        self.assertGreater(took, wanted * 0.93)
        self.assertLess(took, wanted * 2 + 2)  # a busy machine, not the limit

    def test_the_rate_holds_up_and_down_and_progress_tells_of_it(self):
        source, target = self.work / "source", self.work / "target"
        source.write_bytes(DATA)
        done, took = self.weir("cp", source, "s3://weir-test/key", "--limit-rate", "4MiB", "--json")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.check_pace(took, 4 * MIB)
        found = events(done.stdout)
        steps = [event for event in found if event["event"] == "progress"]
        self.assertGreater(len(steps), 3)
        for before, after in zip(steps, steps[1:]):
            self.assertGreaterEqual(after["bytes_sent"], before["bytes_sent"])
        for step in steps:
            self.assertLessEqual(step["bytes_confirmed"], step["bytes_sent"])
            self.assertFalse(step["stalled"])
        self.assertLess(abs(steps[-1]["bytes_per_second_mean"] / (4 * MIB) - 1), 0.5)
        summary = found[-1]
        self.assertEqual((summary["bytes_durable"], summary["retries"]), (len(DATA), 0))
        self.assertLess(summary["bytes_sent"] - len(DATA), 1000)  # the framing of checksums
        done, took = self.weir("cp", "s3://weir-test/key", target, "--limit-rate", "4MiB")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.check_pace(took, 4 * MIB)
        self.assertEqual(target.read_bytes(), DATA)
        done, took = self.weir("cat", "s3://weir-test/key", "--limit-rate", "6MiB")
        self.assertEqual((done.returncode, done.stdout), (0, DATA))
        self.check_pace(took, 6 * MIB)

    def test_the_rate_holds_where_no_store_is_too(self):
        source, target = self.work / "source", self.work / "target"
        source.write_bytes(DATA)
        done, took = self.weir("cp", source, target, "--limit-rate", "8MiB")
        self.assertEqual((done.returncode, target.read_bytes() == DATA), (0, True), done.stderr.decode())
        self.check_pace(took, 8 * MIB)
        done, took = self.weir("cat", source, "--limit-rate", "8MiB", "--through", "sha256")
        self.assertEqual((done.returncode, done.stdout == DATA), (0, True), done.stderr.decode())
        self.check_pace(took, 8 * MIB)

    def test_retries_are_told_by_cause(self):
        source = self.work / "source"
        source.write_bytes(DATA)
        faults = [{"op": "UploadPart", "action": "status", "status": 503, "code": "SlowDown"},
                  {"op": "UploadPart", "action": "reset_reply_at", "at": 20, "skip": 1}]
        self.server.script(*faults)
        done, _ = self.weir("cp", source, "s3://weir-test/key", "--part-size", "5MiB", "--json")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        summary = events(done.stdout)[-1]
        self.assertEqual(summary["retries"], 2)
        self.assertEqual((summary["retries_by_cause"]["throttled"], summary["retries_by_cause"]["network"]), (1, 1))
        self.assertGreater(summary["bytes_sent"], len(DATA))

    def test_a_rate_that_is_none_is_refused_before_anything_happens(self):
        for typed in ("0", "fast", "5mb", "-1"):
            done, _ = self.weir("cp", "gen:1MiB", "s3://weir-test/never", "--limit-rate", typed)
            self.assertEqual(done.returncode, 2, done.stderr.decode())
            self.assertIn(b"--limit-rate", done.stderr)


if __name__ == "__main__":
    unittest.main()
