#!/usr/bin/env python3
"""`weir serve` in front of a store, and with stages: what is stored is what was sent, and nothing is lost when it cannot be.

    servers.py run versitygw -- store_test.py
"""

import json
import os
import subprocess
import sys
import time
import unittest
import urllib.parse
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "conformance"), str(HERE)]
from http_talk import Talk, ask  # noqa: E402
from serve_test import Reader, tus  # noqa: E402
from serving import Serving  # noqa: E402
from tus_suite import OFFSET_TYPE, some_bytes  # noqa: E402

STORE = os.environ.get("WEIR_TEST_S3_ENDPOINT")
NOWHERE = "http://127.0.0.1:9"
MIB = 1 << 20


def weir(*words, data=None):
    return subprocess.run([os.environ["WEIR_TEST_CLI"], *map(str, words)], input=data, stdout=subprocess.PIPE, check=True).stdout


class StoreTest(unittest.TestCase):
    def serve(self, *options, to=None, folder=None, endpoint=STORE):
        server = Serving(*options, *(["--endpoint-url", endpoint] if to else []), to=to, folder=folder)
        server.start()
        self.addCleanup(server.__exit__)
        return server

    def place(self):
        return f"s3://{os.environ['WEIR_TEST_S3_BUCKET']}/serve-{uuid.uuid4().hex[:8]}/"

    def create(self, server, length, fields=None):
        answer = tus("POST", server.url + "/files", {"Upload-Length": length, **(fields or {})})
        self.assertEqual(answer.status, 201, answer)
        return urllib.parse.urljoin(server.url, answer["location"])

    def patch(self, url, offset, body):
        return tus("PATCH", url, {"Upload-Offset": offset, "Content-Type": OFFSET_TYPE}, body)

    def until(self, server, url, state):
        """The first event that says so of that upload, or of its end."""
        reader = Reader(server.url + "/events?upload=" + url.rsplit("/", 1)[1])
        self.addCleanup(reader.close)
        told = reader.until(lambda event: event["state"] in (state, "stored", "failed"))[-1]
        self.assertEqual(told["state"], state, told)
        return told

    def spooled(self, server):
        return [path for path in server.state.glob("serve-*/.weir/*") if path.name != "lock"]


@unittest.skipUnless(STORE, "needs a store: servers.py run versitygw -- store_test.py")
class Store(StoreTest):
    def test_the_object_is_what_was_sent_and_comes_back(self):
        place = self.place()
        server = self.serve(to=place[:-1])  # its last "/" may be left out
        body = some_bytes(20 * MIB + 17)
        answer = ask(server.url + "/files", "POST", {"Content-Type": "image/png"}, body)
        self.assertEqual(answer.status, 201, answer)
        url = urllib.parse.urljoin(server.url, answer["location"])
        key = place + url.rsplit("/", 1)[1]
        self.assertEqual(self.until(server, url, "stored")["result"], key)
        self.assertEqual(weir("cat", key, "--endpoint-url", STORE), body)
        self.assertEqual(self.spooled(server), [])
        whole = ask(url, "GET")
        self.assertEqual((whole.status, whole.body == body, whole["content-type"]), (200, True, "image/png"))
        self.assertEqual(whole["content-length"], str(len(body)))
        head = ask(url, "HEAD")
        self.assertEqual((head.status, head["content-length"]), (200, str(len(body))))
        for asked, status, got in (("bytes=0-0", 206, body[:1]), ("bytes=-5", 206, body[-5:]), (f"bytes={len(body)}-", 416, b""),
                                   ("bytes=9000000-19000000", 206, body[9000000:19000001])):
            part = ask(url, "GET", {"Range": asked})
            self.assertEqual((part.status, part.body == got), (status, True), asked)
        self.assertEqual(ask(url, "GET", {"If-None-Match": whole["etag"]}).status, 304)

    def test_events_tell_of_the_way_into_the_store(self):
        server = self.serve("--through", "rate_limit 8MiB", to=self.place())
        url = self.create(server, 12 * MIB)
        reader = Reader(server.url + "/events?upload=" + url.rsplit("/", 1)[1])
        self.addCleanup(reader.close)
        self.assertEqual(self.patch(url, 0, some_bytes(12 * MIB)).status, 204)
        seen = reader.until(lambda event: event["state"] == "stored")
        ways = [event["storing"] for event in seen if "storing" in event]
        self.assertGreater(len(ways), 5)
        self.assertEqual([stage["name"] for stage in ways[-1]["stages"]], ["arriving", "rate_limit", "upload"])
        self.assertGreater(max(way["bytes_confirmed"] for way in ways), 0)
        self.assertGreater(max(way["memory_bytes"] for way in ways), 0)
        self.assertNotIn("storing", seen[-1])

    def test_nothing_and_one_byte(self):
        server = self.serve(to=self.place())
        for body in (b"", b"x"):
            answer = ask(server.url + "/files", "POST", {}, body)
            self.assertEqual(answer.status, 201, answer)
            got = ask(urllib.parse.urljoin(server.url, answer["location"]), "GET")
            self.assertEqual((got.status, got.body), (200, body))

    def test_parts_leave_while_it_arrives(self):
        place = self.place()
        server = self.serve(to=place)
        body = some_bytes(40 * MIB)
        url = self.create(server, len(body))
        self.assertEqual(self.patch(url, 0, body[:30 * MIB]).status, 204)
        for _ in range(200):
            jobs = weir("jobs", "list", "--json", "--state-dir", server.state).decode()
            told = [json.loads(line) for line in jobs.splitlines()]
            if any(job.get("bytes_stored", 0) >= 8 * MIB for job in told):
                break
            time.sleep(0.05)
        else:
            self.fail(f"nothing was sent of 30 MiB: {jobs}")
        server.kill()
        server.start()
        self.assertEqual(int(tus("HEAD", url)["upload-offset"]), 30 * MIB)
        self.assertEqual(self.patch(url, 30 * MIB, body[30 * MIB:]).status, 204)
        self.until(server, url, "stored")
        self.assertTrue(ask(url, "GET").body == body)

    def test_stages_on_the_way(self):
        place = self.place()
        server = self.serve("--through", "zstd level=3", to=place)
        body = b"all the same " * 500_000
        url = self.create(server, len(body))
        self.assertEqual(self.patch(url, 0, body[:3_000_000]).status, 204)
        self.assertEqual(self.patch(url, 3_000_000, body[3_000_000:]).status, 204)
        self.until(server, url, "stored")
        got = ask(url, "GET")
        self.assertEqual(got.status, 200)
        self.assertLess(len(got.body), len(body) // 100)
        self.assertEqual(weir("run", "- | unzstd | -", "-q", data=got.body), body)

    def test_parts_of_concatenation_stay_and_what_is_made_of_them_goes(self):
        server = self.serve(to=self.place())
        body = some_bytes(300_000)
        parts = []
        for piece in (body[:100_000], body[100_000:]):
            url = self.create(server, len(piece), {"Upload-Concat": "partial"})
            self.assertEqual(self.patch(url, 0, piece).status, 204)
            parts.append(url)
        made = tus("POST", server.url + "/files", {"Upload-Concat": "final;" + " ".join(urllib.parse.urlsplit(url).path for url in parts)})
        self.assertEqual(made.status, 201, made)
        url = urllib.parse.urljoin(server.url, made["location"])
        self.until(server, url, "stored")
        self.assertTrue(ask(url, "GET").body == body)

    def test_a_store_in_trouble_loses_nothing(self):
        place = self.place()
        server = self.serve(to=place, endpoint=NOWHERE)
        body = some_bytes(200_000)
        url = self.create(server, len(body))
        self.assertEqual(self.patch(url, 0, body).status, 204)  # it lasts here
        self.assertEqual(ask(url, "GET").status, 404)
        server.stop()
        again = self.serve("--spool", next(iter(server.state.glob("serve-*"))), to=place, folder=server.state.parent)
        url = again.url + urllib.parse.urlsplit(url).path
        self.assertEqual(self.until(again, url, "stored")["result"], place + url.rsplit("/", 1)[1])
        self.assertTrue(ask(url, "GET").body == body)

    def test_who_looks_is_told_why_it_waits(self):
        server = self.serve(to="s3://there-is-no-such-bucket/x/")
        url = self.create(server, 5)
        reader = Reader(server.url + "/events")
        self.addCleanup(reader.close)
        self.assertEqual(self.patch(url, 0, b"hello").status, 204)
        told = reader.until(lambda event: event.get("result"))[-1]
        self.assertEqual(told["state"], "received")
        self.assertIn("not stored yet", told["result"])

    def test_removed_while_it_goes(self):
        server = self.serve(to=self.place())
        url = self.create(server, 40 * MIB)
        self.assertEqual(self.patch(url, 0, some_bytes(20 * MIB)).status, 204)
        self.assertEqual(tus("DELETE", url).status, 204)
        self.assertEqual(tus("HEAD", url).status, 410)
        for _ in range(200):
            if not self.spooled(server) and not weir("jobs", "list", "--json", "--state-dir", server.state).strip():
                return
            time.sleep(0.05)
        self.fail("what was removed is still there: " + weir("jobs", "list", "--json", "--state-dir", server.state).decode())

    def test_many_at_once_and_a_slow_one_in_front(self):
        server = self.serve(to=self.place())
        slow = [self.create(server, 2 * MIB) for _ in range(9)]  # more than there are places
        for url in slow:
            self.assertEqual(self.patch(url, 0, some_bytes(MIB)).status, 204)
        body = some_bytes(100_000)
        url = urllib.parse.urljoin(server.url, ask(server.url + "/files", "POST", {}, body)["location"])
        self.until(server, url, "stored")
        for url in slow:
            self.assertEqual(self.patch(url, MIB, some_bytes(MIB)).status, 204)
        for url in slow:
            self.until(server, url, "stored")
        self.assertLess(server.peak_rss, 500 * MIB)

    def test_it_ends_at_once_and_the_next_goes_on(self):
        server = self.serve(to=self.place())
        body = some_bytes(40 * MIB)
        url = self.create(server, len(body))
        self.assertEqual(self.patch(url, 0, body[:20 * MIB]).status, 204)
        began = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - began, 20)
        server.start()
        self.assertEqual(self.patch(url, 20 * MIB, body[20 * MIB:]).status, 204)
        self.until(server, url, "stored")
        self.assertTrue(ask(url, "GET").body == body)


class Folder(StoreTest):
    def test_stages_on_the_way(self):
        server = self.serve("--through", "zstd level=3")
        body = b"all the same " * 100_000
        url = urllib.parse.urljoin(server.url, ask(server.url + "/files", "POST", {}, body)["location"])
        self.assertEqual(self.until(server, url, "stored")["result"], str(server.to / url.rsplit("/", 1)[1]))
        got = ask(url, "GET", {"Range": "bytes=0-3"})
        self.assertEqual((got.status, got.body), (206, b"\x28\xb5\x2f\xfd"))
        self.assertEqual(weir("run", f"{server.to / url.rsplit('/', 1)[1]} | unzstd | -", "-q"), body)
        self.assertEqual([path.name for path in (server.to / ".weir").iterdir() if path.name != "lock"], [])
        self.assertEqual(tus("DELETE", url).status, 204)
        self.assertEqual([path.name for path in server.to.iterdir()], [".weir"])

    def test_bytes_that_stages_cannot_take_are_refused(self):
        server = self.serve("--through", "unzstd")
        answer = ask(server.url + "/files", "POST", {}, b"this is no zstd at all")
        self.assertGreaterEqual(answer.status, 400, answer)
        self.assertEqual([path.name for path in server.to.iterdir()], [".weir"])

    def test_what_cannot_be_meant_is_refused_at_once(self):
        for options, to in ((("--through", "zsdt"), None), ((), "s4://bucket/"), ((), "s3://")):
            with self.assertRaisesRegex(RuntimeError, "exit 2"):
                Serving(*options, to=to).start()


if __name__ == "__main__":
    unittest.main()
