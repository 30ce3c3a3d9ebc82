#!/usr/bin/env python3
"""The command against an S3 that breaks: right bytes or a clear error; never wrong bytes, a cut object or a leaked upload.

Runs with WEIR_TEST_CLI and WEIR_TEST_FAULT_S3. Each case is one scripted fault; the oracle is the server's own account.
"""

import random
import unittest

from faulty_store import EITHER, ERROR, MIB, OK, S3, FaultTest, name_of, status

BIG = random.Random(1).randbytes(12 * MIB + 345)  # three parts
SMALL = random.Random(2).randbytes(200_001)  # one request

# (operation, fault, what the command may do). Every fault fires once unless it says otherwise.
UPLOADS_OF_PARTS = [
    *[("UploadPart", {"action": "reset_request_at", "at": at}, OK) for at in (0, 1, 300, 2000, 70_000, 3 * MIB)],
    *[("UploadPart", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 1, 17, 150)],
    *[("CompleteMultipartUpload", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 30, 300)],
    ("CreateMultipartUpload", {"action": "reset_request_at", "at": 0}, OK),
    ("CreateMultipartUpload", status(500, "InternalError"), OK),
    ("UploadPart", status(500, "InternalError"), OK),
    ("UploadPart", status(503, "SlowDown", headers={"Retry-After": "1"}), OK),
    ("UploadPart", status(503, "SlowDown", early=True), OK),
    ("UploadPart", status(429, "TooManyRequests", headers={"Retry-After": "1"}), OK),
    ("UploadPart", status(400, "RequestTimeout"), OK),
    ("UploadPart", status(403, "AccessDenied"), ERROR),
    ("UploadPart", {"action": "expired_token", "times": 99}, ERROR),
    ("UploadPart", {"action": "flip_byte", "at": 1_000_000}, OK),
    ("UploadPart", {"action": "flip_byte", "at": 5, "times": 99}, ERROR),
    ("UploadPart", {"action": "stall", "seconds": 1.5, "when": "request", "at": 100_000}, OK),
    ("UploadPart", {"action": "stall", "seconds": 1.5}, OK),
    ("UploadPart", {"action": "garbage"}, EITHER),
    ("UploadPart", {"action": "wrong_checksum"}, EITHER),
    ("UploadPart", {"action": "no_etag"}, EITHER),
    ("UploadPart", {"action": "lost_upload", "skip": 1}, EITHER),
    ("UploadPart", {"action": "lost_part", "number": 1, "skip": 2}, EITHER),
    ("UploadPart", {"action": "skewed_clock", "seconds": 7200}, OK),
    ("CreateMultipartUpload", {"action": "skewed_clock", "seconds": 86400}, OK),
    ("UploadPart", {"action": "skewed_clock", "seconds": -86400}, OK),
    ("CompleteMultipartUpload", {"action": "lost_reply"}, OK),
    ("CompleteMultipartUpload", {"action": "ok_with_error"}, OK),
    ("CompleteMultipartUpload", {"action": "ok_with_error", "spaces": 50}, OK),
    ("CompleteMultipartUpload", status(500, "InternalError"), OK),
    ("CompleteMultipartUpload", {"action": "wrong_checksum"}, EITHER),
    ("CompleteMultipartUpload", {"action": "close_early", "at": 60}, EITHER),
]
UPLOADS_OF_ONE = [
    *[("PutObject", {"action": "reset_request_at", "at": at}, OK) for at in (0, 400, 5000, 150_000)],
    *[("PutObject", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 10, 120)],
    ("PutObject", {"action": "lost_reply"}, OK),
    ("PutObject", {"action": "flip_byte", "at": 77}, OK),
    ("PutObject", status(503, "ServiceUnavailable"), OK),
    ("PutObject", {"action": "wrong_checksum"}, EITHER),
    ("PutObject", {"action": "garbage"}, EITHER),
    ("*", {"action": "expired_token", "times": 99}, ERROR),
]
DOWNLOADS = [
    *[("GetObject", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 20, 400, 100_000, 4 * MIB)],
    *[("GetObject", {"action": "close_early", "at": at}, OK) for at in (0, 1, 200_000)],
    ("GetObject", status(503, "SlowDown"), OK),
    ("GetObject", {"action": "stall", "seconds": 1.5, "at": 100_000}, OK),
    ("GetObject", {"action": "flip_byte", "at": 100_000, "times": 99}, ERROR),
    ("GetObject", {"action": "flip_byte", "at": 100_000}, EITHER),
    ("GetObject", {"action": "wrong_length", "delta": 1000}, EITHER),
    ("GetObject", {"action": "wrong_length", "delta": -1000}, EITHER),
    ("GetObject", {"action": "wrong_range"}, EITHER),
    ("GetObject", {"action": "ignore_range"}, EITHER),
    ("GetObject", {"action": "replaced_object"}, EITHER),
    ("GetObject", {"action": "replaced_object", "skip": 1}, EITHER),
    ("GetObject", {"action": "garbage"}, EITHER),
    ("GetObject", {"action": "redirect", "location": "http://127.0.0.1:9/elsewhere"}, EITHER),
]
LISTS = [
    *[("ListObjectsV2", {"action": "reset_reply_at", "at": at}, OK) for at in (0, 15, 500)],
    ("ListObjectsV2", status(503, "SlowDown"), OK),
    ("ListObjectsV2", status(500, "InternalError", times=2, skip=1), OK),
    ("ListObjectsV2", {"action": "close_early", "at": 200}, OK),
    ("ListObjectsV2", {"action": "stall", "seconds": 1.5}, OK),
    ("ListObjectsV2", {"action": "skewed_clock", "seconds": 7200}, OK),
    ("ListObjectsV2", {"action": "expired_token", "times": 99}, ERROR),
    ("ListObjectsV2", status(403, "AccessDenied"), ERROR),
    ("ListObjectsV2", {"action": "ok_with_error", "times": 99}, ERROR),
    ("ListObjectsV2", {"action": "garbage", "times": 99}, ERROR),
]


class S3Faults(FaultTest):
    KIND, OPTIONS = S3, ("--page", "3")

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

    def test_a_listing_is_whole_or_an_error(self):
        for op, fault, expected in LISTS:
            with self.subTest(name_of(op, fault)):
                self.server.control("POST", "reset")
                names = [f"name-{i}" for i in range(7)]
                for name in names:
                    (self.work / name).write_bytes(b"x")
                    self.assertEqual(self.weir("cp", self.work / name, f"s3://weir-test/{name}").returncode, 0)
                self.server.script({"op": op, **fault})
                done = self.weir("ls", "s3://weir-test/")
                self.judge(done, expected)
                self.have_fired(self.server.state())
                if done.returncode == 0:
                    self.assertEqual([line.split()[-1].decode() for line in done.stdout.splitlines()], names)


if __name__ == "__main__":
    unittest.main()
