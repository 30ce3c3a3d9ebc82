#!/usr/bin/env python3
"""The command against a Vercel Blob that breaks: right bytes or a clear error; never wrong bytes or a cut file.

Runs with WEIR_TEST_CLI and WEIR_TEST_FAULT_S3. Each case is one scripted fault; the oracle is the double's own account. Bytes that
change on the way up are no case here: the service has no checksums, and receipts say "not verified".
"""

import random
import unittest

from faulty_store import EITHER, ERROR, MIB, OK, FaultTest, Vercel, name_of, status

BIG = random.Random(3).randbytes(12 * MIB + 345)  # three parts
SMALL = random.Random(4).randbytes(200_001)  # one request

# (operation, fault, what the command may do). Every fault fires once unless it says otherwise.
UPLOADS_OF_PARTS = [
    *[("upload", {"action": "reset_request_at", "at": at}, OK) for at in (0, 1, 300, 70_000, 3 * MIB)],
    *[("upload", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 1, 17, 150)],
    *[("complete", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 30, 200)],
    ("create", {"action": "reset_request_at", "at": 0}, OK),
    ("create", status(500, "internal_server_error"), OK),
    ("upload", status(500, "internal_server_error"), OK),
    ("upload", status(503, "service_unavailable", early=True), OK),
    ("upload", status(429, "rate_limited", headers={"Retry-After": "1"}), OK),
    ("upload", status(403, "forbidden"), ERROR),
    ("upload", {"action": "stall", "seconds": 1.5, "when": "request"}, OK),
    ("upload", {"action": "stall", "seconds": 1.5}, OK),
    ("upload", {"action": "garbage", "times": 99}, ERROR),
    ("upload", {"action": "no_etag"}, EITHER),
    ("upload", {"action": "lost_upload", "skip": 1}, EITHER),
    ("complete", {"action": "lost_reply"}, OK),
    ("complete", status(500, "internal_server_error"), OK),
    ("complete", {"action": "close_early", "at": 60}, EITHER),
]
UPLOADS_OF_ONE = [
    *[("put", {"action": "reset_request_at", "at": at}, OK) for at in (0, 400, 5000, 150_000)],
    *[("put", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 10, 120)],
    ("put", {"action": "lost_reply"}, OK),
    ("put", status(503, "service_unavailable"), OK),
    ("put", status(403, "store_suspended"), ERROR),
    ("put", {"action": "garbage"}, EITHER),
]
DOWNLOADS = [
    *[("get", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 20, 400, 100_000, 4 * MIB)],
    *[("get", {"action": "close_early", "at": at}, OK) for at in (0, 1, 200_000)],
    ("get", status(503, "service_unavailable"), OK),
    ("get", {"action": "stall", "seconds": 1.5, "at": 100_000}, OK),
    ("get", {"action": "wrong_length", "delta": 1000}, EITHER),
    ("get", {"action": "wrong_length", "delta": -1000}, EITHER),
    ("get", {"action": "wrong_range"}, EITHER),
    ("get", {"action": "ignore_range"}, EITHER),
    ("get", {"action": "replaced_object"}, EITHER),
    ("get", {"action": "garbage"}, EITHER),
]


class VercelFaults(FaultTest):
    KIND = Vercel

    def test_an_upload_in_parts_survives_or_fails_cleanly(self):
        for op, fault, expected in UPLOADS_OF_PARTS:
            with self.subTest(name_of(op, fault)):
                self.upload(BIG, op, fault, expected)

    def test_an_upload_in_one_request_survives_or_fails_cleanly(self):
        for op, fault, expected in UPLOADS_OF_ONE:
            with self.subTest(name_of(op, fault)):
                self.upload(SMALL, op, fault, expected)

    def test_a_download_gives_the_right_bytes_or_no_file(self):
        for op, fault, expected in DOWNLOADS:
            with self.subTest(name_of(op, fault)):
                self.download(BIG, op, fault, expected)


if __name__ == "__main__":
    unittest.main()
