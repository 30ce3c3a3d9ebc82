#!/usr/bin/env python3
"""The tap that says which integrity work a client does: it must see each kind, and nothing where there is none."""

import http.client
import http.server
import threading
import unittest

from wire_tap import EMPTY_SHA256, WireTap

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT

    def log_message(self, *_):
        pass


class Tapped(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def proofs(self, *requests):
        """What the tap saw of (method, headers, body) on one connection."""
        with WireTap(f"http://127.0.0.1:{self.server.server_address[1]}") as tap:
            connection = http.client.HTTPConnection(tap.url.removeprefix("http://"), timeout=10)
            for method, headers, body in requests:
                connection.request(method, "/bucket/key", body, headers)
                self.assertEqual(connection.getresponse().read(), b"")
            connection.close()
            return tap.proofs

    def test_each_header_that_proves_a_body_is_named(self):
        for header, value, name in (("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", "CRC64NVME"), ("Content-MD5", "eA==", "MD5"),
                                    ("X-Amz-Checksum-Crc32", "AAAAAA==", "CRC32"), ("X-Amz-Content-Sha256", SHA256, "SHA-256"),
                                    ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "SHA-256")):
            self.assertEqual(self.proofs(("PUT", {header: value}, b"bytes")), {name}, header)

    def test_unsigned_and_empty_bodies_prove_nothing(self):
        for value in ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", EMPTY_SHA256.decode()):
            self.assertEqual(self.proofs(("PUT", {"x-amz-content-sha256": value}, b"bytes")), set(), value)
        self.assertEqual(self.proofs(("PUT", {"x-amz-checksum-type": "FULL_OBJECT"}, b"bytes")), set())

    def test_a_checksum_in_a_trailer_counts_behind_any_length_of_body(self):
        trailer = b"\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n"
        for length in (10, 256 * 1024 - 20, 256 * 1024, 1 << 20):
            self.assertEqual(self.proofs(("PUT", {}, b"x" * length + trailer)), {"CRC32C"}, length)

    def test_signatures_of_requests_without_object_bytes_do_not_count(self):
        begin = ("POST", {"x-amz-content-sha256": SHA256}, b"<xml/>")
        self.assertEqual(self.proofs(begin, ("PUT", {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, b"bytes"), begin), set())

    def test_a_digest_of_the_whole_that_begins_an_upload_counts(self):
        self.assertEqual(self.proofs(("POST", {"x-amz-meta-md5chksum": "eA=="}, b"")), {"MD5"})


if __name__ == "__main__":
    unittest.main()
