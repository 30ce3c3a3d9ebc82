#!/usr/bin/env python3
"""Kills `weir serve` at random moments while clients upload: what it told them is there, and every finished upload is right.

    kill_server.py [ROUNDS [--through STAGES]]      a round is one kill (default 20); WEIR_SEED=... draws the same again

Where WEIR_TEST_S3_ENDPOINT names one, the server stores into that store. What came through zstd is compared as it was before.

Three clients upload at once, each in pieces, as tus has it: after each kill they ask for the offset and go on. It must not be
below any that they were told, and what is stored in the end must be their bytes.
"""

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "conformance"), str(HERE)]
from http_talk import ask  # noqa: E402
from serve_test import Reader  # noqa: E402
from serving import Serving  # noqa: E402

OFFSET_TYPE = "application/offset+octet-stream"
KIB = 1 << 10
SEED = int(os.environ.get("WEIR_SEED", random.SystemRandom().randrange(1 << 32)))


class Client(threading.Thread):
    """Uploads one body after the other until it is to stop; `wrong` says what was not as promised."""

    def __init__(self, server, seed, zstd):
        super().__init__(daemon=True)
        self.server, self.rng = server, random.Random(seed)
        self.enough, self.zstd = False, zstd
        self.finished = self.retries = 0
        self.wrong = self.url = None

    def run(self):
        try:
            while not self.enough:
                self.upload()
        except Exception as problem:  # pylint: disable=broad-except
            self.wrong = f"{type(problem).__name__}: {problem}"

    def ask(self, method, url, fields, body=b""):
        """Again and again while there is no server; None if it was cut off in between, when nobody knows what was done."""
        for _ in range(600):
            try:
                return ask(url, method, {"Tus-Resumable": "1.0.0", **fields}, body)
            except ConnectionRefusedError:
                time.sleep(0.05)
            except OSError:
                self.retries += 1
                return None
        raise AssertionError("the server does not come back")

    def create(self, fields, body):
        while True:
            made = self.ask("POST", self.server.url + "/files", fields, body)
            if made is not None:
                assert made.status == 201, f"POST answered {made.status} {made.body}"
                return urllib.parse.urljoin(self.server.url, made["location"]), int(made["upload-offset"] or 0)

    def offset(self, url, told):
        while True:
            head = self.ask("HEAD", url, {})
            if head is None:
                continue
            assert head.status == 200, f"HEAD answered {head.status} after {told} bytes were told"
            offset = int(head["upload-offset"])
            assert offset >= told, f"{told} bytes were told, and then {offset}"
            return offset

    def upload(self):
        size = self.rng.choice([self.rng.randrange(200 * KIB), self.rng.randrange(6000 * KIB)])
        body = hashlib.shake_128(self.rng.randbytes(8)).digest(size)
        first = body[:self.rng.choice([0, 0, 5000])]
        fields = {"Content-Type": OFFSET_TYPE} if first else {}
        deferred = self.rng.random() < 0.3
        url, told = self.create({**fields, **({"Upload-Defer-Length": 1} if deferred else {"Upload-Length": size})}, first)
        self.url = url
        while True:
            piece = body[told:told + self.rng.choice([1, 10 * KIB, 300 * KIB, 4000 * KIB])]
            fields = {"Upload-Offset": told, "Content-Type": OFFSET_TYPE}
            if deferred and told + len(piece) == size:
                fields["Upload-Length"] = size
            if self.rng.random() < 0.3:
                import base64
                fields["Upload-Checksum"] = "sha1 " + base64.b64encode(hashlib.sha1(piece).digest()).decode()
            answer = self.ask("PATCH", url, fields, piece)
            if answer is None or answer.status == 409:
                told = self.offset(url, told)
            else:
                assert answer.status == 204, f"PATCH answered {answer.status} {answer.body}"
                told = int(answer["upload-offset"])
            if told == size and (answer is not None and answer.status == 204 and (not deferred or "Upload-Length" in fields)):
                break
        while True:
            stored = self.ask("GET", url, {})
            if stored is not None and stored.status != 404:
                break
            time.sleep(0.05)  # it is on its way into the store
            if stored is not None:
                state = state_of(url)
                assert state is None or state["state"] in ("received", "stored"), f"GET answered 404: {state}"
        assert stored.status == 200, f"GET answered {stored.status} {stored.body[:200]}"
        if self.zstd:
            command = [self.server.program, "run", "- | unzstd | -", "--quiet"]
            stored.body = subprocess.run(command, input=stored.body, stdout=subprocess.PIPE, check=True).stdout
        assert stored.body == body, f"the stored {len(stored.body)} bytes are not those that were sent ({size})"
        self.finished += 1


def state_of(url):
    """What the server says of an upload; None: there is no server, or it knows no such upload."""
    try:
        reader = Reader(url.replace("/files/", "/events?upload="))
        told = reader.event()[1]
        reader.close()
        return told
    except OSError:
        return None


def main():
    rounds, options = int(sys.argv[1]) if len(sys.argv) > 1 else 20, sys.argv[2:]
    rng = random.Random(SEED)
    store = os.environ.get("WEIR_TEST_S3_ENDPOINT")
    to = f"s3://{os.environ['WEIR_TEST_S3_BUCKET']}/killed-{SEED}/" if store else None
    with Serving(*options, *(["--endpoint-url", store] if store else []), to=to) as server:
        clients = [Client(server, rng.randrange(1 << 60), "zstd" in str(options)) for _ in range(3)]
        for client in clients:
            client.start()
        for _ in range(rounds):
            time.sleep(rng.choice([rng.uniform(0, 0.05), rng.uniform(0, 0.4)]))
            server.kill()
            server.start()
            if any(client.wrong for client in clients):
                break
        for client in clients:
            client.enough = True
        for client in clients:
            client.join(180)  # a loaded machine takes seconds to sync
            if client.is_alive():
                client.wrong = client.wrong or f"it does not end: {state_of(client.url)}"
    wrong = [client.wrong for client in clients if client.wrong]
    for what in wrong:
        print(f"WEIR_SEED={SEED}: {what}")
    print(f"{rounds} kills, {sum(c.finished for c in clients)} uploads finished, {sum(c.retries for c in clients)} requests cut off, "
          f"{len(wrong)} clients that found something wrong")
    return 1 if wrong or not any(c.finished for c in clients) else 0


if __name__ == "__main__":
    sys.exit(main())
