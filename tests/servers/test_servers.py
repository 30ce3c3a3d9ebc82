#!/usr/bin/env python3
"""The test servers themselves: an oracle that is wrong proves nothing.

    test_servers.py PATH_OF_weir_discard_s3
"""

import base64
import hashlib
import http.client
import json
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import sigv4  # noqa: E402
from fault import checksums  # noqa: E402

KEY, SECRET, REGION = "weirtest", "weirtestsecret", "us-east-1"
DISCARD = ""


class Running:
    """A server process, and requests to it."""

    def __init__(self, *command):
        self.process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[-1])

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, method, path, body=b"", headers=None, secret=SECRET):
        """A signed request: (status, headers, body)."""
        plain, _, query = path.partition("?")
        signed = sigv4.sign(method, f"127.0.0.1:{self.port}", plain, query, KEY, secret, REGION, headers)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, signed)
            reply = connection.getresponse()
            return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
        finally:
            connection.close()

    def upload(self, key, parts):
        """Creates an upload and puts its parts: (id, XML for Complete)."""
        upload_id = self.ask("POST", f"/weir-test/{key}?uploads")[2].split(b"<UploadId>")[1].split(b"<")[0].decode()
        lines = ""
        for number, data in enumerate(parts, 1):
            _, headers, _ = self.ask("PUT", f"/weir-test/{key}?partNumber={number}&uploadId={upload_id}", data)
            lines += f"<Part><PartNumber>{number}</PartNumber><ETag>{headers['etag']}</ETag></Part>"
        return upload_id, f"<CompleteMultipartUpload>{lines}</CompleteMultipartUpload>".encode()

    def state(self):
        return json.loads(self.ask("GET", "/_weir/state")[2])


class Oracles(unittest.TestCase):
    def test_checksums_give_the_published_check_values(self):
        self.assertEqual(checksums.text("crc64nvme", b"123456789"), "rosUhgp5mIg=")
        self.assertEqual(checksums.slow_crc64nvme(b"123456789"), 0xAE8B14860A799888)
        self.assertEqual(checksums.digest("crc32c", b"123456789").hex(), "e3069283")
        self.assertEqual(checksums.text("crc64nvme", b""), "AAAAAAAAAAA=")

    def test_signatures_are_those_of_the_published_examples(self):
        secret, scope, date = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524/us-east-1/s3/aws4_request", "20130524T000000Z"
        host, empty = "examplebucket.s3.amazonaws.com", hashlib.sha256(b"").hexdigest()
        headers = {"host": host, "range": "bytes=0-9", "x-amz-content-sha256": empty, "x-amz-date": date}
        self.assertEqual(sigv4.signature(secret, date, scope, "GET", "/test.txt", [], headers, sorted(headers), empty),
                         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        headers.pop("range")
        self.assertEqual(sigv4.signature(secret, date, scope, "GET", "/", [("max-keys", "2"), ("prefix", "J")], headers,
                                         sorted(headers), empty),
                         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")


class StoreRules:
    """What both of the project's servers must get right."""

    def setUp(self):
        self.server = Running(*self.command())

    def tearDown(self):
        self.server.stop()

    def test_a_wrong_checksum_is_refused_as_header_and_as_trailer(self):
        for claimed, status in (("rosUhgp5mIg=", 200), ("AAAAAAAAAAE=", 400)):
            answer = self.server.ask("PUT", "/weir-test/k", b"123456789", {"x-amz-checksum-crc64nvme": claimed})
            self.assertEqual(answer[0], status, answer)
            body = f"4\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc64nvme:{claimed}\r\n\r\n".encode()
            headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "9",
                       "x-amz-trailer": "x-amz-checksum-crc64nvme"}
            answer = self.server.ask("PUT", "/weir-test/t", body, headers)
            self.assertEqual(answer[0], status, answer)
        self.assertEqual(self.server.ask("HEAD", "/weir-test/t")[1]["content-length"], "9")
        self.assertEqual(self.server.ask("HEAD", "/weir-test/t")[1]["x-amz-checksum-crc64nvme"], "rosUhgp5mIg=")

    def test_a_multipart_upload_has_the_checksum_of_the_whole(self):
        parts = [os.urandom(5 << 20), os.urandom(77777)]
        whole = self.server.ask("PUT", "/weir-test/whole", b"".join(parts))[1]["x-amz-checksum-crc64nvme"]
        upload_id, xml = self.server.upload("a%20b", parts)
        path = f"/weir-test/a%20b?uploadId={upload_id}"
        self.assertEqual(self.server.ask("POST", path, xml, {"x-amz-checksum-crc64nvme": "AAAAAAAAAAE="})[0], 400)
        self.assertEqual(self.server.ask("POST", path, xml, {"x-amz-mp-object-size": "1"})[0], 400)
        self.assertEqual(self.server.ask("POST", path, xml.replace(b"<PartNumber>2", b"<PartNumber>3"))[0], 400)
        status, _, body = self.server.ask("POST", path, xml, {"x-amz-checksum-crc64nvme": whole})
        self.assertEqual((status, whole.encode() in body), (200, True), body)
        self.assertEqual(self.server.ask("POST", path, xml)[0], 200)
        self.assertEqual(self.server.ask("GET", path)[0], 404)
        self.assertEqual(self.server.ask("HEAD", "/weir-test/a%20b")[1]["x-amz-checksum-crc64nvme"], whole)

    def test_small_parts_are_refused_and_aborted_uploads_are_gone(self):
        upload_id, xml = self.server.upload("k", [b"a", b"b"])
        path = f"/weir-test/k?uploadId={upload_id}"
        self.assertIn(b"EntityTooSmall", self.server.ask("POST", path, xml)[2])
        self.assertIn(b"<PartNumber>2", self.server.ask("GET", f"{path}&part-number-marker=1")[2])
        self.assertEqual(self.server.ask("DELETE", path)[0], 204)
        self.assertEqual(self.server.ask("PUT", f"{path}&partNumber=1", b"x")[0], 404)


class StoreRulesOfTheDiscardingServer(StoreRules, unittest.TestCase):
    def command(self):
        return DISCARD, "--verify"


class StoreRulesOfTheFaultServer(StoreRules, unittest.TestCase):
    def command(self):
        return sys.executable, HERE / "fault_s3.py"


class Discarding(unittest.TestCase):
    def timed_put(self, *options, size=20_000_000):
        server = Running(DISCARD, *options)
        try:
            started = time.monotonic()
            self.assertEqual(server.ask("PUT", "/weir-test/k", bytes(size))[0], 200)
            return time.monotonic() - started, server.ask("GET", "/weir-test/k"), server.state()
        finally:
            server.stop()

    def test_it_is_fast_slow_or_stalling_as_asked(self):
        self.assertLess(self.timed_put()[0], 0.8)
        self.assertGreater(self.timed_put("--rate", 1_000_000, "--slow-for", 1)[0], 0.9)
        self.assertLess(self.timed_put("--rate", 1_000_000, "--slow-for", 1)[0], 4)
        self.assertGreater(self.timed_put("--stall-after", 1_000_000, "--stall-for", 1)[0], 0.9)

    def test_the_etag_is_the_md5_that_a_client_sends(self):
        digest = hashlib.md5(b"hello").digest()
        headers = {"Content-MD5": base64.b64encode(digest).decode()}
        server = Running(DISCARD)
        self.addCleanup(server.stop)
        self.assertEqual(server.ask("PUT", "/weir-test/k", b"hello", headers)[1]["etag"], f'"{digest.hex()}"')

    def test_quotes_of_etags_may_be_escaped_either_way(self):
        server = Running(DISCARD)
        self.addCleanup(server.stop)
        for escape in (b"&quot;", b"&#34;"):
            upload_id, complete = server.upload("escaped", [b"only"])
            status, _, body = server.ask("POST", f"/weir-test/escaped?uploadId={upload_id}", complete.replace(b'"', escape))
            self.assertEqual(status, 200, body)

    def test_it_makes_up_objects_whole_and_in_ranges(self):
        server = Running(DISCARD)
        self.addCleanup(server.stop)
        size = 2 * (1 << 20) + 5
        name = f"/bench/gen-{size}"
        status, headers, whole = server.ask("GET", name)
        self.assertEqual((status, len(whole), headers["content-length"]), (200, size, str(size)))
        self.assertEqual(base64.b64decode(headers["x-amz-checksum-crc64nvme"]), checksums.crc64nvme(whole).to_bytes(8, "big"))
        self.assertEqual(server.ask("HEAD", name)[1]["x-amz-checksum-crc64nvme"], headers["x-amz-checksum-crc64nvme"])
        for asked, first, last in (("0-0", 0, 0), ("1048570-1048580", 1048570, 1048580), (f"{size - 3}-", size - 3, size - 1),
                                   ("-7", size - 7, size - 1), (f"5-{size + 100}", 5, size - 1)):
            status, part, body = server.ask("GET", name, headers={"range": f"bytes={asked}", "if-match": headers["etag"]})
            self.assertEqual((status, part["content-range"]), (206, f"bytes {first}-{last}/{size}"))
            self.assertEqual(body, whole[first:last + 1])
        self.assertEqual(server.ask("GET", name, headers={"range": f"bytes={size}-"})[0], 416)
        self.assertEqual(server.ask("GET", name, headers={"if-match": '"other"'})[0], 412)
        self.assertEqual(server.ask("GET", "/bench/gen-0")[2], b"")
        self.assertEqual(server.ask("GET", "/bench/gen-x")[0], 404)

    def test_it_counts_what_it_throws_away_and_says_so_when_asked_for_it(self):
        _, answer, state = self.timed_put()
        self.assertEqual((answer[0], b"throws all bytes away" in answer[2]), (410, True))
        self.assertEqual((state["bytes"], state["objects"], state["open_uploads"]), (20_000_000, 1, 0))


class Faults(unittest.TestCase):
    def setUp(self):
        self.server = Running(sys.executable, HERE / "fault_s3.py", "--min-part", 0)
        self.ask = self.server.ask
        self.ask("PUT", "/weir-test/k", b"0123456789")

    def tearDown(self):
        self.server.stop()

    def script(self, *faults):
        status, _, body = self.ask("POST", "/_weir/faults", json.dumps(faults).encode())
        self.assertEqual(status, 204, body)

    def breaks(self, method="GET", body=b""):
        with self.assertRaises((OSError, http.client.HTTPException)) as caught:
            self.ask(method, "/weir-test/k", body)
        return caught.exception

    def test_wrong_keys_and_unsigned_requests_are_refused(self):
        self.assertIn(b"SignatureDoesNotMatch", self.ask("GET", "/weir-test/k", secret="other")[2])
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
        connection.request("GET", "/weir-test/k")
        self.assertEqual(connection.getresponse().status, 403)
        connection.close()

    def test_a_body_that_is_not_what_was_signed_is_refused(self):
        answer = self.ask("PUT", "/weir-test/k", b"abd", {"x-amz-content-sha256": hashlib.sha256(b"abc").hexdigest()})
        self.assertIn(b"XAmzContentSHA256Mismatch", answer[2])

    def test_unknown_faults_are_refused_with_the_reason(self):
        for fault in ({"op": "Put", "action": "garbage"}, {"op": "*", "action": "explode"}, {"op": "*", "action": "stall"},
                      {"op": "*", "action": "garbage", "colour": 1}):
            self.assertEqual(self.ask("POST", "/_weir/faults", json.dumps([fault]).encode())[0], 400)

    def test_a_status_fires_as_often_as_asked_after_those_skipped(self):
        self.script({"op": "GetObject", "action": "status", "status": 503, "code": "SlowDown", "times": 2, "skip": 1,
                     "headers": {"Retry-After": "3"}})
        answers = [self.ask("GET", "/weir-test/k") for _ in range(4)]
        self.assertEqual([answer[0] for answer in answers], [200, 503, 503, 200])
        self.assertEqual(answers[1][1]["retry-after"], "3")
        self.assertEqual(self.server.state()["faults"][0]["fired"], 2)

    def test_requests_and_replies_break_where_asked(self):
        self.script({"op": "PutObject", "action": "reset_request_at", "at": 1000})
        self.breaks("PUT", bytes(100_000))
        self.script({"op": "GetObject", "action": "reset_reply_at", "at": 30})
        self.assertIsInstance(self.breaks(), (ConnectionResetError, http.client.HTTPException))
        self.script({"op": "GetObject", "action": "close_early", "at": 4})
        self.assertEqual(self.breaks().partial, b"0123")
        self.script({"op": "GetObject", "action": "garbage"})
        self.assertIsInstance(self.breaks(), http.client.BadStatusLine)
        self.assertEqual(self.ask("GET", "/weir-test/k")[2], b"0123456789")

    def test_a_lost_reply_leaves_the_work_done_and_a_reset_request_does_not(self):
        self.script({"op": "PutObject", "action": "lost_reply"}, {"op": "DeleteObject", "action": "reset_request_at", "at": 0})
        self.breaks("PUT", b"new")
        self.breaks("DELETE")
        self.assertEqual(self.ask("GET", "/weir-test/k")[2], b"new")

    def test_lying_answers_lie(self):
        cases = {"flip_byte": lambda status, headers, body: body == b"1123456789",
                 "no_etag": lambda status, headers, body: "etag" not in headers,
                 "wrong_etag": lambda status, headers, body: headers["etag"].startswith('"0000'),
                 "wrong_checksum": lambda status, headers, body: headers["x-amz-checksum-crc64nvme"] == "AAAAAAAAAAE=",
                 "expired_token": lambda status, headers, body: b"ExpiredToken" in body,
                 "ok_with_error": lambda status, headers, body: status == 200 and b"<Error>" in body}
        for action, holds in cases.items():
            with self.subTest(action=action):
                self.assertFalse(action != "expired_token" and holds(*self.ask("GET", "/weir-test/k")))
                self.script({"op": "GetObject", "action": action})
                self.assertTrue(holds(*self.ask("GET", "/weir-test/k")))

    def test_ranges_lie(self):
        wanted = {"range": "bytes=2-4"}
        status, headers, body = self.ask("GET", "/weir-test/k", headers=wanted)
        self.assertEqual((status, headers["content-range"], body), (206, "bytes 2-4/10", b"234"))
        self.script({"op": "GetObject", "action": "wrong_range"})
        self.assertEqual(self.ask("GET", "/weir-test/k", headers=wanted)[1]["content-range"], "bytes 3-4/10")
        self.script({"op": "GetObject", "action": "ignore_range"})
        self.assertEqual(self.ask("GET", "/weir-test/k", headers=wanted)[::2], (200, b"0123456789"))
        self.script({"op": "GetObject", "action": "wrong_length", "delta": 5})
        self.breaks()

    def test_a_byte_flipped_on_the_way_in_breaks_the_checksum(self):
        self.script({"op": "PutObject", "action": "flip_byte", "at": 3})
        answer = self.ask("PUT", "/weir-test/k", b"123456789", {"x-amz-checksum-crc64nvme": "rosUhgp5mIg="})
        self.assertIn(b"BadDigest", answer[2])

    def test_a_replaced_object_fails_a_pinned_read(self):
        etag = self.ask("HEAD", "/weir-test/k")[1]["etag"]
        self.assertEqual(self.ask("GET", "/weir-test/k", headers={"if-match": etag})[0], 200)
        self.script({"op": "GetObject", "action": "replaced_object"})
        self.assertEqual(self.ask("GET", "/weir-test/k", headers={"if-match": etag})[0], 412)

    def test_a_skewed_clock_refuses_until_the_client_follows_it(self):
        self.script({"op": "GetObject", "action": "skewed_clock", "seconds": 86400})
        status, headers, body = self.ask("GET", "/weir-test/k")
        self.assertEqual((status, b"RequestTimeTooSkewed" in body), (403, True))
        self.assertEqual(headers["date"][:16], sigv4.now(86400).strftime("%a, %d %b %Y"))
        self.assertEqual(self.ask("GET", "/weir-test/k")[0], 403)
        self.ask("POST", "/_weir/reset")

    def test_stalls_last_as_long_as_asked(self):
        for when in ("request", "reply"):
            self.script({"op": "PutObject", "action": "stall", "seconds": 0.5, "when": when})
            started = time.monotonic()
            self.assertEqual(self.ask("PUT", "/weir-test/k", b"x")[0], 200)
            self.assertGreater(time.monotonic() - started, 0.45)

    def test_uploads_and_parts_get_lost(self):
        upload_id, _ = self.server.upload("m", [b"a", b"b"])
        path = f"/weir-test/m?uploadId={upload_id}"
        self.script({"op": "ListParts", "action": "lost_part", "number": 1})
        self.assertNotIn(b"<PartNumber>1<", self.ask("GET", path)[2])
        self.script({"op": "UploadPart", "action": "lost_upload"})
        self.assertIn(b"NoSuchUpload", self.ask("PUT", f"{path}&partNumber=3", b"c")[2])

    def test_a_redirect_names_its_place(self):
        self.script({"op": "PutObject", "action": "redirect", "location": "http://elsewhere/k"})
        status, headers, _ = self.ask("PUT", "/weir-test/k", b"x")
        self.assertEqual((status, headers["location"]), (307, "http://elsewhere/k"))

    def test_listings_come_in_pages_with_common_prefixes(self):
        for key in ("d/1", "d/2", "e"):
            self.ask("PUT", f"/weir-test/{key}", b"x")
        _, _, body = self.ask("GET", "/weir-test?list-type=2&delimiter=%2F&max-keys=2")
        self.assertIn(b"<Prefix>d/</Prefix>", body)
        self.assertIn(b"<NextContinuationToken>e<", body)
        self.assertIn(b"<Key>k</Key>", self.ask("GET", "/weir-test?list-type=2&delimiter=%2F&continuation-token=e")[2])

    def test_the_state_shows_objects_open_uploads_and_faults(self):
        upload_id, _ = self.server.upload("open", [b"a"])
        state = self.server.state()
        self.assertEqual(state["objects"]["/weir-test/k"]["sha256"], hashlib.sha256(b"0123456789").hexdigest())
        self.assertEqual(state["open_uploads"], [{"id": upload_id, "object": "/weir-test/open", "parts": [1]}])
        self.assertEqual(state["requests"]["UploadPart"], 1)


class Providers(unittest.TestCase):
    def test_equal_parts_are_demanded_as_by_r2(self):
        server = Running(sys.executable, HERE / "fault_s3.py", "--min-part", 0, "--equal-parts")
        try:
            for parts, status in (([b"aa", b"bb", b"c"], 200), ([b"aa", b"b", b"cc"], 400), ([b"a", b"bb"], 400)):
                upload_id, xml = server.upload("k", parts)
                self.assertEqual(server.ask("POST", f"/weir-test/k?uploadId={upload_id}", xml)[0], status)
        finally:
            server.stop()

    def test_checksum_headers_are_refused_as_by_b2(self):
        server = Running(sys.executable, HERE / "fault_s3.py", "--no-checksums")
        try:
            self.assertEqual(server.ask("PUT", "/weir-test/k", b"123456789", {"x-amz-checksum-crc64nvme": "rosUhgp5mIg="})[0], 400)
            self.assertEqual(server.ask("PUT", "/weir-test/k", b"123456789")[0], 200)
        finally:
            server.stop()


if __name__ == "__main__":
    DISCARD = sys.argv.pop(1)
    unittest.main(verbosity=1)
