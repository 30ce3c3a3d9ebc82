#!/usr/bin/env python3
"""The example programs in C, and those of C++ that do the same, do what they say, into a real store.

    servers.py run SERVER -- c_examples.py FOLDER_OF_PROGRAMS
"""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

PROGRAMS = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else sys.exit(__doc__)
MIB = 1 << 20
TIMEOUT_S = 120


class Examples(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.environment = {**os.environ, "AWS_ENDPOINT_URL": os.environ["WEIR_TEST_S3_ENDPOINT"], "AWS_REGION": "us-east-1",
                            "XDG_STATE_HOME": str(self.folder / "state")}

    def url(self, key):
        return f"s3://{os.environ['WEIR_TEST_S3_BUCKET']}/c-examples/{key}"

    def start(self, name, *arguments, **options):
        return subprocess.Popen([PROGRAMS / f"example_{name}", *map(str, arguments)], env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def example(self, name, *arguments, says=0, **options):
        done = subprocess.run([PROGRAMS / f"example_{name}", *map(str, arguments)], env=self.environment, capture_output=True,
                              timeout=TIMEOUT_S, check=False, **options)
        self.assertEqual(done.returncode, says, done.stderr)
        return (done.stderr if says else done.stdout).decode()

    def back(self, key):
        """What is stored, by another example."""
        self.example("upload_ten_lines", f"{self.url(key)} | unzstd | '{self.folder}/back'")
        return (self.folder / "back").read_bytes()

    def test_one_line_of_text_is_carried_out(self):
        (self.folder / "in").write_bytes(b"a,b\n" * 100_000)
        self.assertIn("bytes stored", self.example("upload_ten_lines", f"'{self.folder}/in' | zstd | {self.url('lines')}"))
        self.assertEqual(self.back("lines"), b"a,b\n" * 100_000)
        self.assertIn("Did you mean", self.example("upload_ten_lines", "gen:3MiB | zzstd | null:", says=1))

    def test_a_transform_of_its_own_numbers_lines_in_both_languages(self):
        lines = [f"line {number}\n" for number in range(200_000)]
        (self.folder / "in").write_text("".join(lines) + "the last one")
        wanted = "".join(f"{number:6}  {line}" for number, line in enumerate([*lines, "the last one"], 1)).encode()
        for name in ("own_transform", "own_stage"):
            self.example(name, self.folder / "in", self.url(name))
            self.assertEqual(self.back(name), wanted)
        self.assertIn("in.missing", self.example("own_transform", self.folder / "in.missing", self.url("none"), says=1))

    def test_a_loop_of_its_own_goes_on_while_it_streams(self):
        data = random.Random(1).randbytes(24 * MIB)
        told = self.example("own_event_loop", self.url("loop"), input=data)
        self.assertIn(f"{len(data)} bytes in", told)
        self.assertEqual(self.back("loop"), data)
        # Nothing comes for a while: the loop's clock goes on, 100 times a second where the machine lets it.
        quiet = self.start("own_event_loop", self.url("quiet"), stdin=subprocess.PIPE)
        time.sleep(1)
        said, wrong = quiet.communicate("late", timeout=TIMEOUT_S)
        self.assertEqual(quiet.returncode, 0, wrong)
        self.assertGreater(int(re.search(r"(\d+) ticks", said).group(1)), 20)
        # What fails is told, and ends the program although its input has not ended.
        refused = self.start("own_event_loop", "s3://no-such-bucket-is-here/x", stdin=subprocess.PIPE)
        try:
            refused.stdin.write("x" * 100)
            refused.stdin.close()
        except BrokenPipeError:
            pass
        self.assertEqual(refused.wait(TIMEOUT_S), 1)
        self.assertIn("no-such-bucket-is-here", refused.stderr.read())
        refused.stdout.close(), refused.stderr.close()

    def test_an_upload_that_was_killed_goes_on(self):
        data = random.Random(2).randbytes(96 * MIB)
        (self.folder / "in").write_bytes(data)
        victim = self.start("survives_a_kill", self.folder / "in", self.url("killed"))
        for line in victim.stderr:
            if re.search(r"[1-9]\d* safe", line):
                break
        victim.send_signal(signal.SIGKILL)
        self.assertEqual(victim.wait(TIMEOUT_S), -signal.SIGKILL, "it was too fast to be killed")
        victim.stdout.close(), victim.stderr.close()
        told = self.example("survives_a_kill", self.folder / "in", self.url("killed"))
        self.assertGreater(int(re.search(r"had sent (\d+)", told).group(1)), 4 * MIB)
        self.assertRegex(told, r"sha256 [0-9a-f]{64}")
        self.assertEqual(self.back("killed"), data)


if __name__ == "__main__":
    unittest.main()
