#!/usr/bin/env python3
"""Keys that live two seconds, of a credential_process, during transfers that take longer: right objects, signed anew.

Runs with WEIR_TEST_CLI and WEIR_TEST_FAULT_S3. The store refuses a token behind its time, as S3 does (ExpiredToken).
"""

import hashlib
import os
import random
import subprocess
import sys
import unittest

from faulty_store import S3, TIMEOUT_S, WEIR, FaultTest

DATA = random.Random(3).randbytes((64 << 20) + 99)  # 13 parts

# Prints keys that say they live so many seconds, and counts how often it ran. The store ends them after 2 s.
PROCESS = """
import datetime, json, sys
now = datetime.datetime.now(datetime.timezone.utc)
end = now + datetime.timedelta(seconds=int(sys.argv[1]))
with open(sys.argv[2], "a") as runs:
    runs.write("x")
print(json.dumps({"Version": 1, "AccessKeyId": "weirtest", "SecretAccessKey": "weirtestsecret",
                  "SessionToken": f"until-{int(now.timestamp() * 1000) + 2000}",
                  "Expiration": end.isoformat().replace("+00:00", "Z")}))
"""
# Added to it: from its third run on it fails.
BREAKS = "import os\nif os.path.getsize(sys.argv[2]) > 2: sys.exit('the vault is locked')\n"


class ExpiringKeys(FaultTest):
    KIND = S3
    OPTIONS = ("--session-token", "until")

    def setUp(self):
        super().setUp()
        self.runs = self.work / "runs"

    def weir(self, life_s, *words, process=PROCESS):
        (self.work / "keys.py").write_text(process)
        config = self.work / "config"
        config.write_text(f"[default]\ncredential_process = '{sys.executable}' '{self.work}/keys.py' {life_s} '{self.runs}'\n")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment.update(AWS_CONFIG_FILE=str(config), AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_ENDPOINT_URL=self.server.endpoint)
        return subprocess.run([WEIR, *map(str, words)], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=TIMEOUT_S)

    def check(self, life_s):
        source, target = self.work / "source", self.work / "target"
        source.write_bytes(DATA)
        self.server.script({"op": "UploadPart", "action": "stall", "seconds": 1.2, "times": 99},
                           {"op": "GetObject", "action": "stall", "seconds": 2.5, "at": 1 << 20})
        done = self.weir(life_s, "cp", source, "s3://weir-test/key", "--part-size", "5MiB", "--concurrency", "3")
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        state = self.server.state()
        stored = state["objects"]["/weir-test/key"]
        self.assertEqual((stored["length"], stored["sha256"]), (len(DATA), hashlib.sha256(DATA).hexdigest()))
        self.assertEqual(state["open_uploads"], [])
        self.assertGreaterEqual(state["good_tokens"], 3, "the transfer used too few sets of keys to tell")
        self.assertNotIn(b"weirtestsecret", done.stderr + done.stdout)
        done = self.weir(life_s, "cp", "s3://weir-test/key", target)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(target.read_bytes(), DATA)
        return state

    def test_keys_that_expire_every_two_seconds_are_replaced_in_time(self):
        state = self.check(2)
        requests = sum(state["requests"].values())
        self.assertLess(len(self.runs.read_text()), requests, "keys are not fetched for each request")

    def test_keys_that_the_store_ends_early_are_replaced_when_it_says_so(self):
        state = self.check(20)
        self.assertGreaterEqual(state["expired_tokens"], 1, "nothing was refused")

    def test_a_process_that_stops_giving_keys_is_told_and_no_upload_stays(self):
        source = self.work / "source"
        source.write_bytes(DATA)
        self.server.script({"op": "UploadPart", "action": "stall", "seconds": 1.2, "times": 99})
        done = self.weir(2, "cp", source, "s3://weir-test/key", "--part-size", "5MiB", "--concurrency", "3",
                         process=PROCESS + BREAKS)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"the vault is locked", done.stderr)
        self.assertNotIn("/weir-test/key", self.server.state()["objects"])


if __name__ == "__main__":
    unittest.main()
