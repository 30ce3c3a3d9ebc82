#!/usr/bin/env python3
"""The weir command and what objects are stored with: headers, metadata, conditions, presigned URLs, verify.

    servers.py run versitygw -- cli_features_test.py

Runs against the server that the environment names, and for services that are not quite S3 against fault_s3.py.
"""

import base64
import os
import subprocess
import unittest

from cli_s3_test import ScriptedStoreTest, StoreTest
from harness import events

MIB = 1 << 20


class Features(StoreTest):
    def test_an_object_has_what_it_was_stored_with(self):
        source = self.file("page.html", b"<p>")
        put = self.store("cp", source, self.url("dressed"), "--cache-control=max-age=60", "--metadata", "color=blue", "--metadata",
                         "name=Grüße=x", "--content-disposition", 'attachment; filename="a b"', "--tag", "team=a+b /c", "--sse", "AES256")
        self.assertEqual(put.returncode, 0, put.stderr)
        head = events(self.store("head", self.url("dressed"), "--json").stdout)[0]
        self.assertEqual((head["cache_control"], head["content_disposition"], head["metadata"]),
                         ("max-age=60", 'attachment; filename="a b"', {"color": "blue", "name": "Grüße=x"}))
        text = self.store("head", self.url("dressed")).stdout.decode()
        self.assertRegex(text, r"cache control +max-age=60\n")
        self.assertEqual(self.store("cp", source, self.url("typed/")).returncode, 0)
        self.assertEqual(events(self.store("head", self.url("typed/page.html"), "--json").stdout)[0]["content_type"], "text/html")

    def test_what_is_there_stays_where_that_was_asked_for(self):
        self.assertEqual(self.store("cp", "-", self.url("once"), "--no-clobber", stdin=b"1").returncode, 0)
        self.refused(1, "cp", "-", self.url("once"), "--no-clobber", stdin=b"2", says="there is an object already")
        self.refused(1, "cp", "gen:11MiB", self.url("once"), "--no-clobber", "--part-size=5MiB",
                     says=["there is an object already", "Nothing was sent."])
        (self.folder / "tree").mkdir()
        for name in ("once", "not yet"):
            (self.folder / "tree" / name).write_bytes(b"x")
        dry = self.store("cp", "-r", "--no-clobber", "--dry-run", f"{self.folder}/tree/", self.url(""))
        self.assertEqual(dry.returncode, 0, dry.stderr)
        self.assertIn(b"1 skipped", dry.stderr)
        self.assertEqual(dry.stdout.count(b"would copy "), 1, dry.stdout)
        etag = events(self.store("head", self.url("once"), "--json").stdout)[0]["etag"]
        self.refused(1, "cp", "-", self.url("once"), "--if-match", "0" * 32, stdin=b"3", says="is not the object with ETag")
        self.assertEqual(self.store("cat", self.url("once")).stdout, b"1")
        self.assertEqual(self.store("cp", "-", self.url("once"), "--if-match", f'"{etag}"', stdin=b"4").returncode, 0)
        self.assertEqual(self.store("cat", self.url("once")).stdout, b"4")

    def test_options_that_cannot_be_meant_are_refused(self):
        for option, says in (("--metadata=x", "NAME=VALUE"), ("--metadata==x", "NAME=VALUE"), ("--header=x-amz-acl", "NAME:VALUE"),
                             ("--header=authorization: x", "x-amz-"), ("--header=x-amz-date: x", "set by weir"),
                             ("--header=x-amz-acl: a\r\nb", "no header may have"), ("--sse=DES", "AES256"),
                             ("--sse-kms-key-id=x", "--sse aws:kms"), ("--s3-profile=ceph", "generic"),
                             ("--storage-class=a\nb", "no header may have"), ("--sse-c-key-file=/dev/null", "32 bytes")):
            self.refused(2, "cp", "-", self.url("never"), option, stdin=b"x", says=says)
        self.refused(2, "cp", "-", self.url("never"), "--tag=a=1", "--tag=a=2", stdin=b"x", says="twice")
        self.refused(2, "cp", self.file("in", b"x"), self.folder / "out", "--metadata=a=b", says="only an object of a store")
        self.refused(3, "head", self.url("never"))

    def test_a_presigned_url_works_in_curl(self):
        put = self.store("presign", self.url("signed +é"), "--method=PUT", "--expires=5m").stdout.decode().strip()
        curl = ["curl", "-sS", "--fail", *(["--cacert", os.environ["AWS_CA_BUNDLE"]] if "AWS_CA_BUNDLE" in os.environ else [])]
        subprocess.run([*curl, "--data-binary", "by curl", "-X", "PUT", "-H", "Content-Type:", put], check=True, timeout=60)
        event = events(self.store("presign", self.url("signed +é"), "--json").stdout)[0]
        self.assertEqual((event["method"], event["expires_s"]), ("GET", 3600))
        got = subprocess.run([*curl, event["presigned_url"]], check=True, stdout=subprocess.PIPE, timeout=60)
        self.assertEqual(got.stdout, b"by curl")
        for option in ("--expires=8d", "--expires=", "--expires=1w", "--expires=0", "--method=DELETE"):
            if option != "--expires=":
                self.refused(2, "presign", self.url("x"), option)

    def test_presigned_urls_are_ends_of_a_copy(self):
        def signed(key, *options):
            return self.store("presign", self.url(key), *options).stdout.decode().strip()

        authority = ["--ca-bundle", os.environ["AWS_CA_BUNDLE"]] if "AWS_CA_BUNDLE" in os.environ else []
        data = os.urandom(20 * MIB + 1)
        source = self.file("in.txt", data)
        put = self.store("cp", source, signed("by url +é.txt", "--method=PUT"), *authority)
        self.assertEqual(put.returncode, 0, put.stderr)
        self.assertEqual(self.store("cp", "-", signed("short", "--method=PUT"), *authority, stdin=b"short").returncode, 0)
        self.assertEqual(self.store("cat", self.url("short")).stdout, b"short")
        got = self.store("cp", signed("by url +é.txt"), self.folder / "out", *authority)
        self.assertEqual((got.returncode, (self.folder / "out").read_bytes() == data), (0, True), got.stderr)
        # From one signed URL to another one, longer than the memory for it.
        over = self.store("cp", signed("by url +é.txt"), signed("copied", "--method=PUT"), "--memory=8MiB", *authority)
        self.assertEqual((over.returncode, self.store("cat", self.url("copied")).stdout == data), (0, True), over.stderr)
        for url in (signed("by url +é.txt").replace("X-Amz-Signature=", "X-Amz-Signature=0"), signed("missing")):
            done = self.refuses(3 if "missing" in url else 4, "cat", url, *authority, says="/" + self.bucket + "/")
            self.assertNotIn(b"X-Amz", done.stderr)

    def test_verify_tells_what_is_the_same_and_what_is_not(self):
        source = self.file("big", os.urandom(11 * MIB))
        self.assertEqual(self.store("cp", source, self.url("big"), "--part-size=5MiB").returncode, 0)
        self.assertRegex(self.store("verify", source, self.url("big")).stdout.decode(), r"^same 11.0 MiB, crc64nvme \S{12}, by the store")
        turned = self.store("verify", self.url("big"), source)
        self.assertRegex(turned.stdout.decode(), r"^same 11.0 MiB, crc64nvme \S{12}, by the store", turned.stderr)
        found = events(self.store("verify", source, self.url("big"), "--json").stdout)[0]
        self.assertEqual((found["size"], found["by"]), (11 * MIB, "store"))
        content = source.read_bytes()
        other = self.file("other", content[:-1] + bytes([content[-1] ^ 1]))
        self.refused(6, "verify", other, self.url("big"), says="crc64nvme")
        self.refused(6, "verify", self.url("big"), other, says=f"verify {other} against {self.url('big')}")
        self.refused(6, "verify", self.file("short", b"x"), self.url("big"), says="the file has 1 byte, the object 11.0 MiB (11534336 bytes)")
        self.refused(3, "verify", source, self.url("nothing"))
        self.refused(3, "verify", self.folder / "nothing", self.url("big"))


class NotQuiteS3(ScriptedStoreTest):
    def test_weaker_checksums_are_told_once_and_never_claimed(self):
        source = self.file("in", os.urandom(11 * MIB))
        for rules in ("b2", "r2"):
            self.control("play", {"checksums": rules})
            done = self.store("cp", source, self.url(rules), "--part-size=5MiB")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr.count(b"checked by Content-MD5"), 1, done.stderr)
            self.assertIn(b"not verified: the store has no checksum", done.stderr)
            found = events(self.store("cp", source, self.url(rules), "--json", "--part-size=5MiB").stdout)
            self.assertEqual([event["event"] for event in found].count("notice"), 1)
            self.assertIs(found[-2]["checksum_verified"], False)
            self.assertRegex(self.store("verify", source, self.url(rules)).stdout.decode(), "by reading the object")
            quiet = self.store("cp", source, self.url(rules), "-q")
            self.assertEqual((quiet.returncode, quiet.stderr), (0, b""))

    def test_parts_are_equal_where_the_service_wants_that(self):
        self.control("play", {"equal_parts": True, "checksums": "no-trailers"})
        done = self.store("cp", "-", self.url("equal"), "--s3-profile=r2", "--part-size=5MiB", stdin=bytes(17 * MIB))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.refused(1, "cp", "-", self.url("tagged"), "--s3-profile=r2", "--tag=a=b", stdin=b"x", says="r2 has no tags")

    def test_a_customers_key_is_read_from_a_file_and_never_shown(self):
        for written in (b"k" * 32, base64.b64encode(b"k" * 32) + b"\n"):
            key = self.file("key", written)
            source = self.file("in", os.urandom(11 * MIB))
            for size in (["--part-size=5MiB"], []):
                put = self.store("cp", source, self.url("sealed"), "--sse-c-key-file", key, *size)
                self.assertEqual(put.returncode, 0, put.stderr)
                self.assertEqual(self.store("cat", self.url("sealed"), "--sse-c-key-file", key).stdout, source.read_bytes())
            self.refused(4, "cat", self.url("sealed"))
            wrong = self.file("wrong", b"z" * 32)
            done = self.refused(4, "cat", self.url("sealed"), "--sse-c-key-file", wrong)
            self.assertNotIn(base64.b64encode(b"z" * 32), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
