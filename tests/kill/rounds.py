"""The runs of a round of kill_and_resume.py, and what they need."""

import contextlib
import json
import os
import random
import shlex
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

from relay import Relay

WEIR = os.environ.get("WEIR_BIN") or sys.exit("WEIR_BIN names the weir command")
HOST = shlex.split(os.environ.get("WEIR_KILL_HOST", ""))  # a program that is killed in its place, and does what `weir cp` does
MIB = 1 << 20
HEADS = 256 << 10  # of a round's requests and answers, at most
PARTS_AT_ONCE = 2
SEED = int(os.environ.get("WEIR_SEED", random.SystemRandom().randrange(1 << 32)))
rng = random.Random(SEED)


class Wrong(Exception):
    pass


def start_up_seconds():
    """How long the host's language takes before the first line of its program: nothing is to be killed then."""
    if not HOST:
        return 0.0
    for _ in range(2):
        started = time.monotonic()
        subprocess.run([*HOST, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - started


START_UP_S = start_up_seconds()


def start_relay():
    """Puts a relay before the server, for all that is started from here on."""
    name = "VERCEL_BLOB_API_URL" if "VERCEL_BLOB_API_URL" in os.environ else "WEIR_TEST_S3_ENDPOINT"
    address = urllib.parse.urlsplit(os.environ[name])
    relay = Relay(address.hostname, address.port)
    os.environ[name] = address._replace(netloc=f"127.0.0.1:{relay.port}").geturl()
    return relay


def target(number):
    """Where a round's object goes, and the options of its service."""
    if "VERCEL_BLOB_API_URL" in os.environ:
        store = os.environ["BLOB_READ_WRITE_TOKEN"].split("_")[3]
        return f"vercel://{store}/round-{number}.bin", []
    return f"s3://{os.environ['WEIR_TEST_S3_BUCKET']}/round {number}.bin", ["--endpoint-url", os.environ["WEIR_TEST_S3_ENDPOINT"]]


def open_uploads():
    """The ids of those that the server has and nobody has finished; None where it cannot be asked."""
    if os.environ.get("WEIR_TEST_S3_SERVER") == "versitygw" and os.environ.get("WEIR_TEST_S3_DIR"):
        root = Path(os.environ["WEIR_TEST_S3_DIR"])
        return {path.name for path in root.rglob(".sgwtmp/multipart/*/*") if path.is_dir()}
    return None


def orphans(state):
    """Those whose id the ledger has not learned: the next run is to remove them."""
    there = open_uploads()
    if not there or not (state / "ledger.sqlite").exists():
        return there or set()
    with contextlib.closing(sqlite3.connect(state / "ledger.sqlite", timeout=10)) as ledger:
        known = {upload_id.decode() for upload_id, in ledger.execute("SELECT upload_id FROM job")}
    return there - known


def check_no_upload_left():
    """What a killed run had begun, whether it ever learned that or not, the next has removed."""
    left = open_uploads()
    if left:
        raise Wrong(f"uploads are left at the store: {left}")


class Round:
    """The runs of one round, and what they counted."""

    def __init__(self, relay, arguments, state, feed=None, verb="cp"):
        self.relay, self.arguments, self.state, self.feed, self.verb = relay, arguments, state, feed, verb
        self.kills = self.server_kills = 0
        self.sent = self.received = 0  # by all runs, heads included
        self.orphans = set()  # uploads that a killed run had begun, and never learned the id of
        self.was_whole = False  # at a kill, as far as is known: it was done, or about to be
        self.kills_server = "WEIR_TEST_SERVER_PID_FILE" in os.environ and rng.random() < 1 / 3

    def _kill_server(self):
        try:
            os.kill(int(Path(os.environ["WEIR_TEST_SERVER_PID_FILE"]).read_text(encoding="ascii")), signal.SIGKILL)
            self.server_kills += 1
        except (OSError, ValueError):
            pass  # it is just coming back

    def run(self, kill_after=None, server_after=None):
        """The events of one run, and whether it ended before its time."""
        sent, received, kills = self.relay.up, self.relay.down, self.server_kills
        command = [*(HOST or [WEIR]), self.verb, "--json", "--state-dir", str(self.state), *self.arguments]
        feeder = subprocess.Popen(["cat", str(self.feed)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) if self.feed else None
        process = subprocess.Popen(command, stdin=feeder.stdout if feeder else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        if feeder:
            feeder.stdout.close()
        timer = threading.Timer(server_after, self._kill_server) if server_after is not None else None
        if timer:
            timer.start()
        killed = False
        try:
            if kill_after is not None:
                try:
                    process.wait(START_UP_S + kill_after)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    killed = True
                    self.kills += 1
            output, errors = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Wrong(f"it hangs: {' '.join(command)}") from None
        finally:
            if timer:
                timer.cancel()
                timer.join()
            if feeder:
                feeder.wait()
        self.relay.settle()
        self.sent += self.relay.up - sent
        self.received += self.relay.down - received
        events = []
        for line in output.decode().splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                if not killed:
                    raise
        if process.returncode != 0 and not killed and self.server_kills == kills:
            raise Wrong(f"exit {process.returncode}: {errors.decode()}{output.decode()[-2000:]}")
        return events, killed or process.returncode != 0

    def play(self, size, pace, destination, look=lambda: None):
        """Kills it once to three times, and lets it end: the last run's events, and what was safe before it."""
        whole = size / pace

        def moment():
            return rng.choice([rng.uniform(0, 0.05), rng.uniform(0, whole), rng.uniform(0, whole), rng.uniform(whole * 0.8, whole * 1.2)])

        confirmed = 0
        for _ in range(rng.choice([1, 1, 2, 3])):
            server = moment() if self.kills_server else None
            safe, moved = confirmed, max(self.sent, self.received)
            events, stopped = self.run(None if server is not None and rng.random() < 0.5 else moment(), server)
            if not stopped:
                return events, confirmed  # it was faster
            look()
            self.orphans |= orphans(self.state)
            known = [job for job in jobs(self.state) if job["destination"] == destination]
            confirmed = known[0]["bytes_stored"] if known else 0
            # The last parts' acknowledgements may not have been written down yet when it was done.
            now = max(self.sent, self.received)
            self.was_whole |= confirmed == size or safe + now - moved >= size or (not known and now >= size)
        for _ in range(5):
            events, stopped = self.run()
            if not stopped:
                return events, confirmed
        raise Wrong("it does not end although nobody stops it any more")


def jobs(state):
    """What the ledger holds."""
    done = subprocess.run([WEIR, "jobs", "--json", "--state-dir", str(state)], stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def copy(*words, state):
    """A copy that nobody kills."""
    subprocess.run([WEIR, "cp", "-q", *map(str, words)], check=True, env={**os.environ, "WEIR_STATE_DIR": str(state)})


def in_one_go(source, destination, stages, state):
    """What a run that nobody kills makes of a file. By the same program: one like Node brings a zlib of its own, whose bytes are others."""
    subprocess.run([*(HOST or [WEIR]), "cp", "--json", "--state-dir", str(state), str(source), str(destination), *stages],
                   check=True, stdout=subprocess.DEVNULL)


def remove_unfinished(state):
    """What the command finds of unfinished uploads, and removes."""
    done = subprocess.run([WEIR, "rm", "--incomplete", "-r", f"s3://{os.environ['WEIR_TEST_S3_BUCKET']}", "--older-than", "0s", "--json",
                           "--endpoint-url", os.environ["WEIR_TEST_S3_ENDPOINT"], "--state-dir", str(state)], stdout=subprocess.PIPE,
                          check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def temporary_files(folder):
    return [path for path in folder.rglob("*.weir-part") if path.is_file()]


def memory_options(changing=False):
    memory = rng.choice(["", "", "96MiB" if changing else "32MiB", "96MiB"])  # many stages at once do not fit in 32 MiB
    return ["--memory", memory] if memory else []


def event_of(events, name):
    return next(event for event in events if event["event"] == name)


def check_nothing_left(state):
    left = jobs(state)
    if left:
        raise Wrong(f"the ledger still has {left}")
