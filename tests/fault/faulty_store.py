"""What the fault suites share: a store that breaks as a script says, the command, and the verdict over both."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

WEIR, SERVERS = os.environ["WEIR_TEST_CLI"], Path(os.environ["WEIR_TEST_FAULT_S3"]).parent
MIB = 1 << 20
TIMEOUT_S = 90
OK, ERROR, EITHER = "succeeds", "fails", "succeeds or fails"


def status(code, name, **more):
    return {"action": "status", "status": code, "code": name, **more}


def name_of(op, fault):
    return f"{op} {' '.join(f'{name}={value}' for name, value in fault.items())}"


class FaultTest(unittest.TestCase):
    """Starts SERVER for each test; a subclass says which, and how the command finds it."""

    SERVER = ""
    OPTIONS = ()
    SECRET = ""  # is never shown
    PLACE = ""  # where objects go and come from

    def environment(self):
        raise NotImplementedError

    def stored(self, state):
        """What the server's account has under PLACE, or None."""
        raise NotImplementedError

    def setUp(self):
        self.process = subprocess.Popen([sys.executable, SERVERS / self.SERVER, *self.OPTIONS], stdout=subprocess.PIPE, text=True)
        self.endpoint = f"http://127.0.0.1:{self.process.stdout.readline().split()[-1]}"
        self.folder = tempfile.TemporaryDirectory()
        self.work = Path(self.folder.name)

    def tearDown(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()

    def control(self, method, what, value=None):
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"{self.endpoint}/_weir/{what}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=30) as reply:
            text = reply.read()
        return json.loads(text) if text else None

    def weir(self, *words):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLOB_", "VERCEL_"))}
        environment.update(AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", WEIR_NO_RESUME="1",  # each case for itself
                           **self.environment())
        return subprocess.run([WEIR, *map(str, words)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=TIMEOUT_S)

    def judge(self, done, expected):
        text = done.stderr.decode(errors="replace")
        self.assertGreaterEqual(done.returncode, 0, f"ended by a signal:\n{text}")
        if expected != EITHER:
            self.assertEqual("succeeds" if done.returncode == 0 else "fails", expected, text)
        if done.returncode != 0:
            self.assertIn("weir", text, "an error says what it is")
            self.assertNotIn(self.SECRET, text)

    def has_fired(self, state):
        self.assertGreater(state["faults"][0]["fired"], 0, "the fault did not fire")

    def upload(self, data, op, fault, expected):
        """Gives the server's account of it."""
        self.control("POST", "reset")
        source = self.work / "source"
        source.write_bytes(data)
        self.control("POST", "faults", [{"op": op, **fault}])
        done = self.weir("cp", source, self.PLACE, "--part-size", "5MiB")
        state = self.control("GET", "state")
        self.judge(done, expected)
        self.has_fired(state)
        stored = self.stored(state)
        if done.returncode == 0:
            self.assertIsNotNone(stored, "success without an object")
        if stored:
            self.assertEqual((stored["length"], stored["sha256"]), (len(data), hashlib.sha256(data).hexdigest()))
        return state

    def download(self, data, op, fault, expected):
        source, target = self.work / "source", self.work / "target"
        self.control("POST", "reset")
        source.write_bytes(data)
        self.assertEqual(self.weir("cp", source, self.PLACE).returncode, 0)
        self.control("POST", "faults", [{"op": op, **fault}])
        done = self.weir("cp", self.PLACE, target)
        state = self.control("GET", "state")
        self.judge(done, expected)
        if not fault.get("skip"):
            self.has_fired(state)
        self.assertEqual(target.exists(), done.returncode == 0)
        if done.returncode == 0:
            got = hashlib.sha256(target.read_bytes()).hexdigest()
            self.assertIn(got, (hashlib.sha256(data).hexdigest(), self.stored(state)["sha256"]))
            target.unlink()
        source.unlink()
        self.assertEqual(list(self.work.iterdir()), [], "a temporary file is left")
