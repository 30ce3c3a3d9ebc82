#!/usr/bin/env python3
"""What weir writes, boto3 reads, and the other way round, on the server that servers.py started.

Runs under `servers.py run NAME -- servers.py python boto3_round_trips.py`, with WEIR_TEST_CLI naming the command.
"""

import base64
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import boto3
from awscrt.checksums import crc64nvme
from botocore.config import Config
from botocore.exceptions import ClientError

WEIR, SERVER = os.environ["WEIR_TEST_CLI"], os.environ["WEIR_TEST_S3_SERVER"]
ENDPOINT, BUCKET = os.environ["WEIR_TEST_S3_ENDPOINT"], os.environ["WEIR_TEST_S3_BUCKET"]
MIB = 1 << 20
TIMEOUT_S = 120
# Names that encoders get wrong. Path segments stay below 255 bytes: two of the servers keep them as file names.
KEYS = ["plain", "with space", "a+b", "100%", "%2F", "per%20cent", "emoji-\U0001f600", "\u00e9-\u0065\u0301", "quote'\"", "a&b=c?d#e",
        "~tilde_.-*()!", "semi;colon:at@", "deep/er/and/deeper", "/".join(["k" * 204] * 5)]
SIZES = [0, 1, 65537, 5 * MIB - 1, 8 * MIB, 8 * MIB + 1, 21 * MIB + 7]


# versitygw 1.8 takes 7 in 100 of botocore's bodies framed in chunks with a trailing checksum for garbage when they come over TLS.
CHECKSUMS = "when_required" if ENDPOINT.startswith("https:") else "when_supported"


def client(**options):
    return boto3.client("s3", endpoint_url=ENDPOINT, config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2},
                                                                   request_checksum_calculation=CHECKSUMS), **options)


def weir(*words, data=None, status=0, environment=None):
    """Runs the command and gives its standard output; fails where the exit status is another."""
    done = subprocess.run([WEIR, *map(str, words)], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=TIMEOUT_S, env={**os.environ, **(environment or {})})
    if done.returncode != status:
        raise AssertionError(f"weir {words} gave {done.returncode}, not {status}:\n{done.stderr.decode(errors='replace')}")
    return done.stdout


def some_bytes(size):
    return random.Random(size).randbytes(size)


class RoundTrips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s3 = client()
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name) / "file"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def url(self, key):
        return f"s3://{BUCKET}/{key}"

    def read_by_boto3(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def test_every_size_that_weir_writes_is_read_by_boto3(self):
        for size in SIZES:
            with self.subTest(size=size):
                data = some_bytes(size)
                self.path.write_bytes(data)
                weir("cp", self.path, self.url(f"sizes/{size}"), "--endpoint-url", ENDPOINT)
                self.assertEqual(hashlib.sha256(self.read_by_boto3(f"sizes/{size}")).digest(), hashlib.sha256(data).digest())
                head = self.s3.head_object(Bucket=BUCKET, Key=f"sizes/{size}", ChecksumMode="ENABLED")
                if SERVER == "moto" and "ChecksumCRC64NVME" not in head:
                    continue  # moto keeps no checksum of an object sent in one request; the bytes were compared above
                self.assertEqual(base64.b64decode(head["ChecksumCRC64NVME"]), crc64nvme(data).to_bytes(8, "big"))

    def test_every_size_that_boto3_writes_is_read_by_weir(self):
        for size in SIZES:
            with self.subTest(size=size):
                data = some_bytes(size)
                self.s3.upload_fileobj(io.BytesIO(data), BUCKET, f"theirs/{size}")
                self.assertEqual(weir("cat", self.url(f"theirs/{size}"), "--endpoint-url", ENDPOINT), data)
                self.path.unlink(missing_ok=True)
                weir("cp", self.url(f"theirs/{size}"), self.path, "--endpoint-url", ENDPOINT)
                self.assertEqual(self.path.read_bytes(), data)

    def test_awkward_keys_are_the_same_key_for_both(self):
        for key in KEYS:
            with self.subTest(key=key):
                self.path.write_bytes(key.encode())
                weir("cp", self.path, self.url(key), "--endpoint-url", ENDPOINT)
                self.assertEqual(self.read_by_boto3(key), key.encode())
                self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"theirs " + key.encode())
                self.assertEqual(weir("cat", self.url(key), "--endpoint-url", ENDPOINT), b"theirs " + key.encode())
                weir("rm", self.url(key), "--endpoint-url", ENDPOINT)
                with self.assertRaises(ClientError):
                    self.s3.head_object(Bucket=BUCKET, Key=key)

    def test_a_pipe_of_unknown_length_arrives_whole(self):
        data = some_bytes(20 * MIB + 3)
        weir("cp", "-", self.url("piped"), "--endpoint-url", ENDPOINT, data=data)
        self.assertEqual(self.read_by_boto3("piped"), data)

    def test_compressed_objects_decompress_to_the_source(self):
        data = some_bytes(1000) * 20000
        self.path.write_bytes(data)
        weir("cp", self.path, self.url("big.zst"), "--through", "zstd level=3", "--endpoint-url", ENDPOINT)
        stored = self.read_by_boto3("big.zst")
        self.assertLess(len(stored), len(data))
        done = subprocess.run(["zstd", "-dc"], input=stored, stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout, data)
        self.assertEqual(weir("cat", self.url("big.zst"), "--through", "unzstd", "--endpoint-url", ENDPOINT), data)

    def test_listings_show_what_boto3_wrote(self):
        for number in range(3):
            self.s3.put_object(Bucket=BUCKET, Key=f"listed/{number}", Body=b"x" * number)
        lines = weir("ls", self.url("listed/"), "--endpoint-url", ENDPOINT).decode()
        for number in range(3):
            self.assertIn(f"{number}", lines)
        self.assertEqual(len(lines.strip().splitlines()), 3)

    def test_what_weir_stores_an_object_with_boto3_sees(self):
        self.path.write_bytes(some_bytes(11 * MIB))
        for size in ([], ["--part-size=5MiB"]):
            weir("cp", self.path, self.url("dressed"), "--endpoint-url", ENDPOINT, "--content-type=text/x-weir", "--cache-control=max-age=1",
                 "--content-disposition=inline", "--metadata=color=blue", "--tag=team=a+b=c/d @", "--tag=empty=", *size)
            head = self.s3.head_object(Bucket=BUCKET, Key="dressed")
            self.assertEqual((head["ContentType"], head["CacheControl"], head["ContentDisposition"], head["Metadata"]),
                             ("text/x-weir", "max-age=1", "inline", {"color": "blue"}))
            tags = self.s3.get_object_tagging(Bucket=BUCKET, Key="dressed")["TagSet"]
            self.assertEqual({tag["Key"]: tag["Value"] for tag in tags}, {"team": "a+b=c/d @", "empty": ""})

    def test_what_boto3_stores_an_object_with_weir_sees(self):
        self.s3.put_object(Bucket=BUCKET, Key="dressed-by-boto3", Body=b"x", ContentType="text/x-boto", CacheControl="no-store",
                           ContentDisposition="inline", Metadata={"color": "red"})
        head = json.loads(weir("head", self.url("dressed-by-boto3"), "--json", "--endpoint-url", ENDPOINT))
        self.assertEqual((head["content_type"], head["cache_control"], head["content_disposition"], head["metadata"]),
                         ("text/x-boto", "no-store", "inline", {"color": "red"}))

    def test_a_file_is_verified_against_what_boto3_stored(self):
        data = some_bytes(11 * MIB)
        self.path.write_bytes(data)
        self.s3.put_object(Bucket=BUCKET, Key="to-verify", Body=data)
        weir("verify", self.path, self.url("to-verify"), "--endpoint-url", ENDPOINT)
        self.path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        weir("verify", self.path, self.url("to-verify"), "--endpoint-url", ENDPOINT, status=6)

    @unittest.skipUnless(ENDPOINT.startswith("https:"), "needs a server under TLS")
    def test_the_authority_may_be_named_on_the_command_line(self):
        authority = os.environ["AWS_CA_BUNDLE"]
        weir("ls", f"s3://{BUCKET}/", "--endpoint-url", ENDPOINT, "--ca-bundle", authority, environment={"AWS_CA_BUNDLE": ""})
        weir("ls", f"s3://{BUCKET}/", "--endpoint-url", ENDPOINT, status=4, environment={"AWS_CA_BUNDLE": ""})

    def test_no_upload_is_left_open(self):
        self.path.write_bytes(some_bytes(20 * MIB))
        weir("cp", self.path, self.url("closed"), "--endpoint-url", ENDPOINT)
        self.assertEqual(self.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []), [])

    def test_wrong_keys_a_missing_bucket_and_a_missing_object_have_their_exit_codes(self):
        self.path.write_bytes(b"x")
        missing_bucket = f"s3://weir-not-there-{random.randrange(10**9)}/x"
        weir("cp", self.path, missing_bucket, "--endpoint-url", ENDPOINT, status=3)
        weir("cat", self.url("not-there"), "--endpoint-url", ENDPOINT, status=3)
        if SERVER != "moto":  # which checks no signatures
            weir("cp", self.path, self.url("x"), "--endpoint-url", ENDPOINT, status=4,
                 environment={"AWS_SECRET_ACCESS_KEY": "wrong" * 8})


if __name__ == "__main__":
    print(f"server: {SERVER} at {ENDPOINT}", file=sys.stderr)
    unittest.main()
