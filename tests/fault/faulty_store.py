"""What the fault suites share: stores that break as a script says, the command, and the verdict over both."""

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


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class FaultyStore:
    """A store that runs, and how the command finds it. A subclass says which."""

    SERVER = ""
    SECRET = ""  # is never shown
    PLACE = ""  # below which objects go and come from: ends with "/"

    def __init__(self, *options):
        self.process = subprocess.Popen([sys.executable, SERVERS / self.SERVER, *options], stdout=subprocess.PIPE, text=True)
        self.endpoint = f"http://127.0.0.1:{self.process.stdout.readline().split()[-1]}"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def control(self, method, what, value=None):
        body = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"{self.endpoint}/_weir/{what}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=30) as reply:
            text = reply.read()
        return json.loads(text) if text else None

    def state(self):
        return self.control("GET", "state")

    def script(self, *faults):
        self.control("POST", "faults", list(faults))

    def environment(self):
        raise NotImplementedError

    def objects(self, state):
        """What the server's account has below PLACE, by key: each with "length" and "sha256"."""
        raise NotImplementedError

    def left_open(self, state):
        """Unfinished uploads that the service will not forget by itself."""
        raise NotImplementedError


class S3(FaultyStore):
    SERVER = "fault_s3.py"
    SECRET = "weirtestsecret"
    PLACE = "s3://weir-test/"

    def environment(self):
        return {"AWS_ACCESS_KEY_ID": "weirtest", "AWS_SECRET_ACCESS_KEY": self.SECRET, "AWS_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": self.endpoint}

    def objects(self, state):
        return {name.removeprefix("/weir-test/"): stored for name, stored in state["objects"].items()}

    def left_open(self, state):
        return state["open_uploads"]


class Vercel(FaultyStore):
    """It has no way to end an upload: what was begun is forgotten by the service."""

    SERVER = "vercel_double.py"
    SECRET = "vercel_blob_rw_WeirTest1_secret"
    PLACE = "vercel://WeirTest1/"

    def environment(self):
        return {"BLOB_READ_WRITE_TOKEN": self.SECRET, "VERCEL_BLOB_API_URL": f"{self.endpoint}/api/blob"}

    def objects(self, state):
        return state["blobs"]

    def left_open(self, state):
        return []


class StoresTest(unittest.TestCase):
    """A folder to work in, the command, and stores that end with the test."""

    def setUp(self):
        self.stores = []
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Path(folder.name)

    def start(self, kind, *options):
        store = kind(*options)
        self.addCleanup(store.close)
        self.stores.append(store)
        return store

    def weir(self, *words):
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLOB_", "VERCEL_"))}
        # Each case for itself: nothing is gone on with.
        environment.update(AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", WEIR_NO_RESUME="1")
        for store in self.stores:
            environment.update(store.environment())
        return subprocess.run([WEIR, *map(str, words)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=TIMEOUT_S)

    def judge(self, done, expected):
        text = done.stderr.decode(errors="replace")
        self.assertGreaterEqual(done.returncode, 0, f"ended by a signal:\n{text}")
        if expected != EITHER:
            self.assertEqual("succeeds" if done.returncode == 0 else "fails", expected, text)
        if done.returncode != 0:
            self.assertIn("weir", text, "an error says what it is")
            for store in self.stores:
                self.assertNotIn(store.SECRET, text)

    def have_fired(self, state):
        for fault in state["faults"]:
            self.assertGreater(fault["fired"], 0, f"the fault did not fire: {fault}")


class FaultTest(StoresTest):
    """One store, and one object in it."""

    KIND, OPTIONS = None, ()

    def setUp(self):
        super().setUp()
        self.server = self.start(self.KIND, *self.OPTIONS)
        self.place = self.server.PLACE + "key"

    def stored(self, state):
        return self.server.objects(state).get("key")

    def upload(self, data, op, fault, expected):
        """Gives the server's account of it."""
        self.server.control("POST", "reset")
        source = self.work / "source"
        source.write_bytes(data)
        self.server.script({"op": op, **fault})
        done = self.weir("cp", source, self.place, "--part-size", "5MiB")
        state = self.server.state()
        self.judge(done, expected)
        self.have_fired(state)
        stored = self.stored(state)
        if done.returncode == 0:
            self.assertIsNotNone(stored, "success without an object")
        if stored:
            self.assertEqual((stored["length"], stored["sha256"]), (len(data), sha256(data)))
        self.assertEqual(self.server.left_open(state), [])

    def download(self, data, op, fault, expected):
        source, target = self.work / "source", self.work / "target"
        self.server.control("POST", "reset")
        source.write_bytes(data)
        self.assertEqual(self.weir("cp", source, self.place).returncode, 0)
        self.server.script({"op": op, **fault})
        done = self.weir("cp", self.place, target)
        state = self.server.state()
        self.judge(done, expected)
        if not fault.get("skip"):
            self.have_fired(state)
        self.assertEqual(target.exists(), done.returncode == 0)
        if done.returncode == 0:
            self.assertIn(sha256(target.read_bytes()), (sha256(data), self.stored(state)["sha256"]))
            target.unlink()
        source.unlink()
        self.assertEqual(list(self.work.iterdir()), [], "a temporary file is left")
