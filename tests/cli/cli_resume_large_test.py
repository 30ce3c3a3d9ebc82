#!/usr/bin/env python3
"""A large upload that is gone on with: what reading it again takes is announced, and seen. The endpoint discards the bytes."""

import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from harness import CommandTest, events, spawn, weir

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from measured import DiscardingEndpoint  # noqa: E402

GIB = 1 << 30
SIZE = 1024 * GIB  # sparse: more than any machine sends meanwhile
ENOUGH = 2 * GIB
ANNOUNCED = "are there from an earlier run; they are read again first, which takes about"


class SlowMachine:
    """The process runs a tenth of the time: what it does takes as long on a fast machine as on a slow one."""

    def __init__(self, process):
        self.process = process
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.hold_up)

    def hold_up(self):
        while not self.over.is_set() and self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)
            time.sleep(0.18)
            self.process.send_signal(signal.SIGCONT)
            time.sleep(0.02)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class ResumeLarge(CommandTest):
    def setUp(self):
        super().setUp()
        self.source = self.folder / "sparse"
        with open(self.source, "wb") as file:
            file.truncate(SIZE)

    def command(self, s3):
        return ("cp", "--json", "--state-dir", self.folder / "state", "--endpoint-url", s3.url, "--no-sign-request",
                self.source, "s3://bench/sparse", "--concurrency", "1")

    def killed(self, s3):
        """What was stored of it."""
        def stored():
            return sum(job["bytes_stored"] for job in events(weir("jobs", "--json", "--state-dir", self.folder / "state").stdout))

        with spawn(*self.command(s3), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            try:
                self.waits_for(lambda: stored() > ENOUGH, f"{ENOUGH} bytes stored", seconds=120)
            finally:
                running.kill()
        return stored()

    def test_what_is_read_again_is_announced_and_its_progress_shown(self):
        with DiscardingEndpoint(os.environ["WEIR_TEST_DISCARD_S3"]) as s3:
            stored = self.killed(s3)
            told = []
            with spawn(*self.command(s3), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
                try:
                    with SlowMachine(running):
                        for line in running.stdout:
                            told += events(line)
                            if told[-1]["event"] == "progress" and told[-1]["bytes_sent"] > 0:
                                break
                finally:
                    running.kill()
        notices = [event["message"] for event in told if event["event"] == "notice"]
        self.assertEqual(sum(ANNOUNCED in notice for notice in notices), 1, notices)
        comparing = [event for event in told if event["event"] == "progress" and event["bytes_sent"] == 0 and event["bytes_earlier"]]
        self.assertTrue(all(event["bytes_earlier"] >= stored for event in comparing), comparing)  # one may have been stored unrecorded
        self.assertTrue(any(0 < event["bytes_resumed"] < stored for event in comparing), "no progress was seen while it read")
        self.assertGreaterEqual(told[-1]["bytes_resumed"], stored)
        first = next(place for place, event in enumerate(told) if ANNOUNCED in event.get("message", ""))
        self.assertTrue(all(event.get("bytes_sent", 0) == 0 for event in told[:first]), "announced when it was over")


if __name__ == "__main__":
    unittest.main()
