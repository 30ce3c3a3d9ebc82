#!/usr/bin/env python3
"""`weir serve` from outside: forms, plain requests, events, what is refused, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "conformance")]
from http_talk import Talk, ask  # noqa: E402
from serving import Serving  # noqa: E402
from tus_suite import FROM_THE_START, OFFSET_TYPE, some_bytes  # noqa: E402

SANITIZED = "WEIR_TEST_SANITIZED" in os.environ  # then their memory would be measured
TUS = {"Tus-Resumable": "1.0.0"}


def tus(method, url, fields=None, body=b""):
    return ask(url, method, {**TUS, **(fields or {})}, body)


def form(parts, boundary="xYx"):
    text = b""
    for head, body in parts:
        text += f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + body + b"\r\n"
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, text + f"--{boundary}--\r\n".encode()


class Reader:
    """An EventSource: events as they come, with their ids."""

    def __init__(self, url, last=None, fields=None):
        self.talk = Talk(url)
        at = self.talk.at
        lines = [f"GET {at.path}?{at.query} HTTP/1.0", f"Host: {at.netloc}"] + ([f"Last-Event-ID: {last}"] if last else [])
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        self.talk.send("\r\n".join([*lines, "", ""]).encode())
        self.head = self.talk._until(b"\r\n\r\n").decode()
        self.last = last

    def event(self):
        """The next: its name and its data."""
        while True:
            fields = dict(line.split(": ", 1) for line in self.talk._until(b"\n\n").decode().split("\n") if ": " in line)
            self.last = fields.get("id", self.last)
            if "data" in fields:
                return fields.get("event", "message"), json.loads(fields["data"])

    def until(self, wanted):
        """Events up to the first that is `wanted`."""
        seen = []
        while not seen or not wanted(seen[-1]):
            seen.append(self.event()[1])
        return seen

    def close(self):
        self.talk.socket.close()


class ServeTest(unittest.TestCase):
    options = ()

    def setUp(self):
        self.server = Serving(*self.options)
        self.server.start()
        self.addCleanup(self.server.__exit__)
        self.files = self.server.url + "/files"

    def stored(self):
        return sorted(path.name for path in self.server.to.iterdir() if path.name != ".weir")

    def unfinished(self):
        return sorted(path.name for path in (self.server.to / ".weir").iterdir() if path.name != "lock")

    def nothing_is_left(self):
        """What is refused or cut is removed soon, and nobody waits for that."""
        for _ in range(400):
            if not self.stored() and not self.unfinished():
                return
            time.sleep(0.05)
        self.fail(f"left: {self.stored()} {self.unfinished()}")

    def create(self, length):
        answer = tus("POST", self.files, {"Upload-Length": length})
        self.assertEqual(answer.status, 201, answer)
        return urllib.parse.urljoin(self.server.url, answer["location"])

    def patch(self, url, offset, body):
        return tus("PATCH", url, {"Upload-Offset": offset, "Content-Type": OFFSET_TYPE}, body)


class Forms(ServeTest):
    def test_files_and_fields(self):
        big = some_bytes(3_000_000)
        fields, body = form([('name="who"', "me ü".encode()), ('name="a"; filename="../../etc/passwd"', big),
                             ('name="b"; filename=""', b""), ('name="a"; filename="C:\\\\x\\\\ü.txt"', b"--xYx is no end\r\n--xY")])
        answer = ask(self.files, "POST", fields, body)
        self.assertEqual(answer.status, 201, answer)
        told = json.loads(answer.body)
        self.assertEqual(told["fields"], [{"name": "who", "value": "me ü"}])
        self.assertEqual([file["bytes"] for file in told["files"]], [len(big), 0, 21])
        self.assertEqual(len(self.stored()), 3)
        self.assertEqual(ask(self.server.url + told["files"][0]["location"], "GET").body, big)
        named = ask(self.server.url + told["files"][0]["location"], "HEAD")["content-disposition"]
        self.assertEqual(named, 'attachment; filename="passwd"')

    def test_a_form_that_is_cut_leaves_nothing(self):
        fields, body = form([('name="a"; filename="a"', some_bytes(200_000)), ('name="b"; filename="b"', some_bytes(200_000))])
        with Talk(self.files) as talk:
            talk.begin("POST", fields, body, len(body) - 50_000)
            time.sleep(0.3)
        self.nothing_is_left()

    def test_bad_forms_are_refused_and_leave_nothing(self):
        fields, body = form([('name="a"; filename="a"', b"hello")])
        for head, text in (({"Content-Type": "multipart/form-data"}, body), (fields, body[:-9]), (fields, b"nothing like it"),
                           (fields, b"--xYx\r\nContent-Disposition: form-data\r\n\r\nx\r\n--xYx--\r\n")):
            answer = ask(self.files, "POST", head, text)
            self.assertEqual(answer.status, 400, (head, text, answer))
            self.assertIn("error", json.loads(answer.body))
        self.nothing_is_left()


class Plain(ServeTest):
    def test_put_and_post_in_one_request(self):
        body = some_bytes(500_000)
        for method, url, how in (("PUT", self.files + "/a%20b.bin", {}), ("POST", self.files, {}), ("PUT", self.files + "/c", {"chunked": True})):
            answer = ask(url, method, {"Content-Type": "image/png"}, body, **how)
            self.assertEqual(answer.status, 201, answer)
            got = ask(urllib.parse.urljoin(self.server.url, answer["location"]), "GET")
            self.assertEqual((got.body == body, got["content-type"], got["x-content-type-options"]), (True, "image/png", "nosniff"))
        self.assertIn("attachment", got["content-disposition"])

    def test_one_that_is_cut_leaves_nothing(self):
        with Talk(self.files) as talk:
            talk.send(b"PUT /files/x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhello")
            time.sleep(0.2)
        self.nothing_is_left()

    def test_ranges_and_conditions(self):
        body = some_bytes(1000)
        url = urllib.parse.urljoin(self.server.url, ask(self.files, "POST", {}, body)["location"])
        whole = ask(url, "GET")
        for asked, status, got in (("bytes=0-0", 206, body[:1]), ("bytes=-5", 206, body[-5:]), ("bytes=990-2000", 206, body[990:]),
                                   ("bytes=1000-", 416, b""), ("bytes=-0", 416, b""), ("bytes=5-2", 200, body),
                                   ("bytes=0-0,5-9", 200, body), ("bytes=" + "0-," * 1000 + "0-", 200, body), ("lines=1-2", 200, body)):
            answer = ask(url, "GET", {"Range": asked})
            self.assertEqual((answer.status, answer.body), (status, got), asked)
        self.assertEqual(ask(url, "GET", {"If-None-Match": whole["etag"]}).status, 304)
        self.assertEqual(ask(url, "GET", {"If-Match": '"other"'}).status, 412)
        self.assertEqual(ask(url, "GET", {"Range": "bytes=0-1", "If-Range": '"other"'}).status, 200)


class EventsTest(ServeTest):
    def test_an_upload_is_told_from_beginning_to_end(self):
        reader = Reader(self.server.url + "/events")
        self.addCleanup(reader.close)
        self.assertIn("text/event-stream", reader.head)
        self.assertIn("X-Accel-Buffering: no", reader.head)
        url = self.create(300_000)
        self.patch(url, 0, some_bytes(100_000))
        self.patch(url, 100_000, some_bytes(200_000))
        tus("DELETE", url)
        seen = reader.until(lambda event: event["state"] == "removed")
        self.assertEqual({event["id"] for event in seen}, {url.rsplit("/", 1)[1]})
        received = [event["bytes_received"] for event in seen[:-1]]
        self.assertEqual(received, sorted(received))
        for event in seen[:-1]:
            self.assertLessEqual(event["bytes_durable"], event["bytes_received"])

    def test_who_comes_back_misses_nothing(self):
        reader = Reader(self.server.url + "/events")
        first = self.create(10)
        reader.until(lambda event: event["id"] == first.rsplit("/", 1)[1])
        reader.close()
        removed, stored = self.create(10), self.create(10)
        tus("DELETE", removed)
        self.patch(stored, 0, b"0123456789")
        again = Reader(self.server.url + "/events", reader.last)
        self.addCleanup(again.close)
        told = {event["id"]: event["state"] for event in (again.event()[1] for _ in range(2))}
        self.assertEqual(told, {removed.rsplit("/", 1)[1]: "removed", stored.rsplit("/", 1)[1]: "stored"})

    def test_a_number_of_another_run_begins_anew(self):
        url = self.create(10)
        for last in ("abc-5", "", "1\x01", "x" * 5000):
            reader = Reader(self.server.url + "/events", last or "0")
            if "400" not in reader.head.split("\r\n")[0]:
                self.assertEqual(reader.event()[0], "resync", last)
                self.assertEqual(reader.event()[1]["id"], url.rsplit("/", 1)[1])
            reader.close()

    def test_of_one_upload_alone(self):
        url, other = self.create(10), self.create(10)
        reader = Reader(self.server.url + "/events?upload=" + url.rsplit("/", 1)[1])
        self.addCleanup(reader.close)
        self.patch(other, 0, b"0123456789")
        self.patch(url, 0, b"0123456789")
        seen = reader.until(lambda event: event["state"] == "stored")
        self.assertEqual({event["id"] for event in seen}, {url.rsplit("/", 1)[1]})

    def test_readers_that_stand_still_cost_little_and_hold_nobody(self):
        readers = [Reader(self.server.url + "/events") for _ in range(500)]
        before = self.server.peak_rss
        url = self.create(40_000_000)
        body = some_bytes(100_000)
        started = time.monotonic()
        for at in range(0, 20_000_000, len(body)):
            self.assertEqual(self.patch(url, at, body).status, 204)
        self.assertLess(time.monotonic() - started, 60)
        if not SANITIZED:
            self.assertLess(self.server.peak_rss - before, 64 << 20)
        for reader in readers:
            reader.close()


class Refusals(ServeTest):
    def test_what_could_be_read_in_two_ways_is_refused_and_ends_the_connection(self):
        head = "POST /files HTTP/1.1\r\nHost: h\r\n"
        for text in (head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                     head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", head + "Content-Length: 5,5\r\n\r\nhello",
                     head + "Content-Length: 0x5\r\n\r\nhello", head + "Content-Length: 99999999999999999999\r\n\r\n",
                     head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
                     head + "Transfer-Encoding: chunked\r\n\r\n-2\r\nab", head + "Transfer-Encoding: chunked\r\n\r\n0x10\r\n",
                     head + "Transfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n", head + " folded: x\r\n\r\n",
                     "POST /files HTTP/1.1\r\nHost : h\r\n\r\n", "POST /files HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
                     "POST /files HTTP/1.1\r\n\r\n", "GET /files HTTP/1.1\nHost: h\n\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"):
            with Talk(self.files) as talk:
                talk.send(text.encode("latin-1") + b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n")
                try:
                    answer = talk.answer()
                except OSError as problem:
                    self.fail(f"{text!r}: {problem}")
                self.assertEqual((answer.status, answer["connection"]), (400, "close"), text)
                self.assertEqual(talk.left, b"", text)
        self.nothing_is_left()

    def test_floods_of_fields_are_431(self):
        for fields in ({"X": "x" * 20_000}, {f"X-{i}": "x" for i in range(200)}):
            self.assertEqual(ask(self.server.url + "/health", "GET", fields).status, 431)

    def test_paths_lead_nowhere_else(self):
        secret = self.server.state / "ledger.sqlite"
        self.assertTrue(secret.exists())
        for path in ("/files/../state/ledger.sqlite", "/files/%2e%2e%2fstate/ledger.sqlite", "/files/..%5cx", "/files/.weir/lock",
                     "/files/%00", "/../etc/passwd", "/files//etc/passwd", "/files/.weir", "http://other.example/files"):
            answer = ask(self.server.url, "GET") if not path else self.raw(path)
            self.assertIn(answer.status, (400, 404, 405), path)

    def raw(self, target):
        with Talk(self.server.url) as talk:
            return talk.request("GET", target)

    def test_a_name_that_is_sent_is_never_a_path(self):
        import base64
        for name in (b"../../etc/passwd", b"C:\\CON", b"a\0.png", "a\u202egnp.exe".encode(), b"x" * 4000, b"\xff\xfe", b"a\r\nSet-Cookie: x"):
            metadata = "filename " + base64.b64encode(name).decode() + ",filetype " + base64.b64encode(b"text/html\r\nX: y").decode()
            answer = tus("POST", self.files, {"Upload-Length": 1, "Upload-Metadata": metadata})
            self.assertEqual(answer.status, 201, name)
            url = urllib.parse.urljoin(self.server.url, answer["location"])
            self.assertEqual(self.patch(url, 0, b"x").status, 204)
            got = ask(url, "GET")
            self.assertTrue(got["content-disposition"].startswith("attachment"), name)
            self.assertEqual((got["content-type"], got["set-cookie"], got["x"]), ("application/octet-stream", None, None))
        self.assertEqual(len(self.stored()), 7)

    def test_garbage_behind_a_request_is_one_refusal(self):
        with Talk(self.server.url) as talk:
            talk.send(b"GET /health HTTP/1.1\r\nHost: h\r\n\r\nGARBAGE\r\n\r\nGET /health HTTP/1.1\r\nHost: h\r\n\r\n")
            self.assertEqual([talk.answer().status, talk.answer().status], [200, 400])
            with self.assertRaises(ConnectionError):
                talk.answer()

    def test_many_idle_connections_hold_nobody(self):
        at = urllib.parse.urlsplit(self.server.url)
        idle = [socket.create_connection((at.hostname, at.port)) for _ in range(1000)]
        for one in idle[::2]:
            one.sendall(b"GET /hea")
        started = time.monotonic()
        self.assertEqual(ask(self.server.url + "/health", "GET").status, 200)
        self.assertLess(time.monotonic() - started, 5)
        if not SANITIZED:
            self.assertLess(self.server.peak_rss, 100 << 20)
        for one in idle:
            one.close()


class Ends(ServeTest):
    def test_a_signal_lets_what_is_under_way_end(self):
        body = some_bytes(1_000_000)
        url = self.create(len(body))
        with Talk(url) as talk:
            talk.begin("PATCH", FROM_THE_START, body, 500_000)
            while int(tus("HEAD", url)["upload-offset"]) == 0:
                time.sleep(0.02)
            self.server.process.send_signal(signal.SIGTERM)
            with self.assertRaises(OSError):
                for _ in range(500):
                    ask(self.server.url + "/health", "GET")
                    time.sleep(0.02)
            talk.send(body[500_000:])
            self.assertEqual(talk.answer("PATCH").status, 204)
        self.assertEqual(self.server.process.wait(20), 0)
        self.assertEqual([(self.server.to / name).read_bytes() == body for name in self.stored()], [True])
        self.server.start()

    def test_an_idle_one_ends_at_once(self):
        with Talk(self.server.url):
            started = time.monotonic()
            self.assertEqual(self.server.stop(), 0)
            self.assertLess(time.monotonic() - started, 5)
        self.server.start()

    def test_a_folder_has_one_server_and_an_address_too(self):
        program = os.environ["WEIR_TEST_CLI"]
        for where, says in ((["--to", self.server.to, "--listen", "127.0.0.1:0"], "another server takes uploads into it"),
                            (["--to", self.server.to.parent / "other", "--listen", self.server.listen], "cannot listen on"),
                            (["--to", "s3://"], "the key is empty"), ([], "where finished uploads go"),
                            (["--to", "x", "--listen", "nowhere"], "there is no port"), (["--to", "x", "--listen", "1.2.3.4.5:80"], "no address")):
            done = subprocess.run([program, "serve", "--state-dir", self.server.state, *map(str, where)], capture_output=True, text=True,
                                  cwd=self.server.to.parent, timeout=10, check=False)
            self.assertNotEqual(done.returncode, 0, where)
            self.assertIn(says, done.stderr, where)


class Kills(ServeTest):
    def test_bytes_that_were_not_compared_yet_do_not_count_after_a_kill(self):
        body = some_bytes(3_000_000)
        url = self.create(4_000_000)
        self.assertEqual(self.patch(url, 0, body[:500_000]).status, 204)
        fields = {**TUS, "Upload-Offset": 500_000, "Content-Type": OFFSET_TYPE, "Upload-Checksum": "sha1 " + "A" * 27 + "="}
        file = self.server.to / ".weir" / url.rsplit("/", 1)[1]
        with Talk(url) as talk:
            talk.begin("PATCH", fields, body, 2_000_000)
            for _ in range(400):
                if file.stat().st_size >= 1_000_000:
                    break
                time.sleep(0.05)
            self.assertGreaterEqual(file.stat().st_size, 1_000_000)
            self.server.kill()
        self.server.start()
        self.assertEqual(tus("HEAD", url)["upload-offset"], "500000")
        self.assertEqual(file.stat().st_size, 500_000)
        # Without a checksum what has come counts, also after the kill before.
        with Talk(url) as talk:
            talk.begin("PATCH", {**TUS, "Upload-Offset": 500_000, "Content-Type": OFFSET_TYPE}, body, 2_000_000)
            for _ in range(400):
                if file.stat().st_size >= 1_000_000:
                    break
                time.sleep(0.05)
            self.server.kill()
        self.server.start()
        self.assertGreaterEqual(int(tus("HEAD", url)["upload-offset"]), 1_000_000)


class Expiry(ServeTest):
    options = ("--expire", "1s", "--max-size", "1MiB")

    def test_what_nobody_goes_on_with_goes(self):
        url = self.create(10)
        self.server.kill()
        time.sleep(1.2)
        self.server.start()
        for _ in range(100):
            if not self.unfinished():
                break
            time.sleep(0.05)
        self.assertEqual(self.unfinished(), [])
        self.assertIn(tus("HEAD", url).status, (404, 410))

    def test_more_than_this_server_takes_is_413(self):
        self.assertEqual(tus("POST", self.files, {"Upload-Length": (1 << 20) + 1}).status, 413)
        deferred = urllib.parse.urljoin(self.server.url, tus("POST", self.files, {"Upload-Defer-Length": 1})["location"])
        self.assertEqual(self.patch(deferred, 0, bytes((1 << 20) + 1)).status, 413)
        self.assertEqual(ask(self.files, "PUT", {}, bytes((1 << 20) + 1), chunked=True).status, 413)
        fields, body = form([('name="a"; filename="a"', bytes((1 << 20) + 1))])
        self.assertEqual(ask(self.files, "POST", fields, body).status, 413)
        self.assertEqual(self.stored(), [])


class Interim(ServeTest):
    options = ("--interim-responses",)

    def test_a_place_is_told_before_the_body_has_come(self):
        with Talk(self.files) as talk:
            talk.send(b"POST /files HTTP/1.1\r\nHost: h\r\nUpload-Draft-Interop-Version: 8\r\nUpload-Complete: ?1\r\nContent-Length: 10\r\n\r\nhello")
            head = talk._until(b"\r\n\r\n").decode()
            self.assertTrue(head.startswith("HTTP/1.1 104 "), head)
            self.assertIn("Upload-Draft-Interop-Version: 8", head)
            place = next(line.split(": ")[1] for line in head.split("\r\n") if line.startswith("Location: "))
        url = urllib.parse.urljoin(self.server.url, place)
        interop = {"Upload-Draft-Interop-Version": 8}
        at = int(ask(url, "HEAD", interop)["upload-offset"])  # which ends the request that hangs
        self.assertIn(at, range(6))
        fields = {**interop, "Upload-Offset": at, "Upload-Complete": "?1", "Content-Type": "application/partial-upload"}
        answer = ask(url, "PATCH", fields, b"helloworld"[at:])
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(ask(url, "GET").body, b"helloworld")


class Example(unittest.TestCase):
    def test_a_program_of_its_own_serves(self):
        program = Path(os.environ["WEIR_TEST_CLI"]).parent / "example_serve"
        if not program.exists():
            self.skipTest(f"{program} is not built: WEIR_BUILD_EXAMPLES")
        with tempfile.TemporaryDirectory() as folder:
            host = subprocess.Popen([program, folder + "/data", "127.0.0.1:0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                    env={**os.environ, "XDG_STATE_HOME": folder + "/state"})
            url = host.stdout.readline().split()[2]
            self.assertEqual(ask(url + "hello.txt", "PUT", {}, b"hello").status, 201)
            host.communicate("\n", timeout=10)
            self.assertEqual(host.returncode, 0)
            self.assertEqual([path.read_bytes() for path in Path(folder, "data").iterdir() if path.is_file()], [b"hello"])


class ManyAtOnce(ServeTest):
    def test_clients_that_upload_at_once_share_flushes_and_do_not_mix(self):
        bodies = [some_bytes(50_000, seed) for seed in range(60)]
        wrong = []

        def work(body):
            try:
                url = self.create(len(body))
                for at in range(0, len(body), 20_000):
                    assert self.patch(url, at, body[at:at + 20_000]).status == 204
                assert ask(url, "GET").body == body
            except Exception as problem:  # pylint: disable=broad-except
                wrong.append(problem)

        threads = [threading.Thread(target=work, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(len(self.stored()), 60)


if __name__ == "__main__":
    unittest.main()
