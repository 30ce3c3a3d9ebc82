#!/usr/bin/env python3
"""What weir writes, the AWS CLI reads, and the other way round, on the server that servers.py started.

Runs under `servers.py run NAME -- servers.py python aws_cli_round_trips.py`, with WEIR_TEST_CLI naming the command.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

WEIR, AWS = os.environ["WEIR_TEST_CLI"], str(Path(sys.executable).with_name("aws"))
ENDPOINT, BUCKET = os.environ["WEIR_TEST_S3_ENDPOINT"], os.environ["WEIR_TEST_S3_BUCKET"]
MIB = 1 << 20
TIMEOUT_S = 120
SIZES = [0, 1, 5 * MIB, 21 * MIB + 7]  # the AWS CLI sends parts from 8 MiB on
KEYS = ["with space", "a+b 100%", "emoji-\U0001f600", "quote'\" a&b=c?d#e", "deep/er/and/deeper"]


def run(*words, data=None):
    environment = {**os.environ, "AWS_ENDPOINT_URL": ENDPOINT, "AWS_CONFIG_FILE": "/dev/null", "AWS_PAGER": "",
                   "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    done = subprocess.run(list(map(str, words)), input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=TIMEOUT_S, env=environment)
    if done.returncode != 0:
        raise AssertionError(f"{words} gave {done.returncode}:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def some_bytes(size):
    return random.Random(size).randbytes(size)


class AwsCliRoundTrips(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "file"

    def tearDown(self):
        self.folder.cleanup()

    def test_what_weir_writes_the_aws_cli_reads(self):
        for size in SIZES:
            with self.subTest(size):
                data, url = some_bytes(size), f"s3://{BUCKET}/aws-reads-{size}"
                self.path.write_bytes(data)
                run(WEIR, "cp", self.path, url, "--part-size", "5MiB")
                self.assertTrue(run(AWS, "s3", "cp", "--quiet", url, "-") == data)
                shown = json.loads(run(AWS, "s3api", "head-object", "--bucket", BUCKET, "--key", f"aws-reads-{size}"))
                self.assertEqual(shown["ContentLength"], size)

    def test_what_the_aws_cli_writes_weir_reads_and_checks(self):
        for size in SIZES:
            with self.subTest(size):
                data, url = some_bytes(size), f"s3://{BUCKET}/weir-reads-{size}"
                self.path.write_bytes(data)
                run(AWS, "s3", "cp", "--quiet", "--checksum-algorithm", "CRC64NVME", self.path, url)
                self.assertTrue(run(WEIR, "cat", url) == data)
                self.assertIn(b"by the store's checksum", run(WEIR, "verify", self.path, url))

    def test_awkward_keys_are_the_same_key_for_both(self):
        for key in KEYS:
            with self.subTest(key):
                data = key.encode()
                run(WEIR, "cp", "-", f"s3://{BUCKET}/ours/{key}", data=data)
                self.assertEqual(run(AWS, "s3", "cp", "--quiet", f"s3://{BUCKET}/ours/{key}", "-"), data)
                run(AWS, "s3", "cp", "--quiet", "-", f"s3://{BUCKET}/theirs/{key}", data=data)
                self.assertEqual(run(WEIR, "cat", f"s3://{BUCKET}/theirs/{key}"), data)


if __name__ == "__main__":
    unittest.main()
