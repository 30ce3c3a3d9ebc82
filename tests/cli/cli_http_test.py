#!/usr/bin/env python3
"""The weir command and plain HTTP servers: Python's own, and one that has ranges, passwords, redirects and PUT."""

import base64
import functools
import hashlib
import http.server
import os
import ssl
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from harness import CommandTest, events, weir

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "servers"))
from http_objects import Objects, make  # noqa: E402

MIB = 1 << 20
SECRET = "topsecret"


class Files(Objects):
    """What a test asks for is in the path."""

    def note(self, body=b""):
        self.server.seen.append((self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body))

    def described(self, name, body):
        told = {**super().described(name, body), **self.server.more}
        return {header: value for header, value in told.items() if value is not None}

    def do_GET(self):
        self.note()
        path = self.name()
        if path.startswith("/guarded/") and self.headers.get("Authorization") != f"Bearer {SECRET}":
            return self.answer(401, b"no")
        if path.startswith("/moved/"):
            return self.answer(302, headers={"Location": self.server.elsewhere + path.removeprefix("/moved") + "?signature=" + SECRET})
        path = path.removeprefix("/guarded")
        if path not in self.server.files:
            return self.answer(404, b"<html>" + self.path.encode(), {"Content-Type": "text/html"})
        return self.give(path)

    do_HEAD = do_GET

    def do_PUT(self):
        body = self.sent()
        self.note(body)
        self.take(self.name(), body)


def serve(test, handler, certificate=None):
    server = make(handler)
    server.seen, server.more = [], {}
    server.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return server


class HttpTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.server = serve(self, Files)
        self.data = os.urandom(20 * MIB + 3)
        self.server.files["/dir/big.bin"] = self.data

    def succeeds(self, *arguments, **options):
        done = weir(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(SECRET.encode(), done.stdout + done.stderr)
        return done

    def test_a_url_is_copied_into_a_file_in_ranges_and_under_its_own_name(self):
        url = self.server.url + "/dir/big.bin"
        self.succeeds("cp", url, self.folder / "here")
        self.assertEqual((self.folder / "here").read_bytes(), self.data)
        self.assertGreaterEqual(sum(method == "GET" for method, *_ in self.server.seen), 3)
        self.succeeds("cp", f"{url}?token={SECRET}", self.folder)
        self.assertEqual((self.folder / "big.bin").read_bytes(), self.data)
        self.assertEqual(self.succeeds("cat", url).stdout, self.data)
        self.succeeds("cp", url, "null:", "--through", "sha256 | zstd")

    def test_the_hash_that_a_server_tells_is_proven_or_there_is_no_file(self):
        url, there = self.server.url + "/dir/big.bin", self.folder / "here"
        digest = hashlib.sha256(self.data)
        self.server.more = {"Repr-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"}
        done = self.succeeds("cp", url, there, "--json")
        ended = next(event for event in events(done.stdout) if event["event"] == "done")
        self.assertEqual(ended["facts"]["source_sha256_verified"], digest.hexdigest())
        self.assertIn(f"source sha256 {digest.hexdigest()} verified".encode(), self.succeeds("cp", url, there).stderr)
        there.unlink()
        self.server.files["/dir/big.bin"] = self.data[:-1] + bytes([self.data[-1] ^ 1])
        self.refuses(6, "cp", url, there, says=["the server says " + digest.hexdigest(), url])
        self.assertFalse(there.exists())
        # What is sent on to another server is not completed there either.
        self.refuses(6, "cp", url, self.server.url + "/copy", says="the server says")
        self.assertNotIn("/copy", self.server.files)
        # A digest of what is put is the user's to give: it goes as it stands.
        told = "Repr-Digest: sha-256=:" + base64.b64encode(hashlib.sha256(b"x").digest()).decode() + ":"
        self.succeeds("cp", self.file("x", b"x"), self.server.url + "/x", "--header", told)
        self.assertEqual([each[2]["repr-digest"] for each in self.server.seen if each[:2] == ("PUT", "/x")], [told[13:]])

    def test_where_the_server_tells_no_hash_nothing_is_called_verified(self):
        url, there = self.server.url + "/dir/big.bin", self.folder / "here"
        self.server.more = {"Repr-Digest": None}
        done = self.succeeds("cp", url, there, "--json")
        ended = next(event for event in events(done.stdout) if event["event"] == "done")
        self.assertEqual((ended["checksum_verified"], ended["checksum"][:10]), (False, "crc64nvme:"))
        said = self.succeeds("cp", url, there).stderr
        self.assertIn(b"=, not verified: the source has no checksum\n", said)
        done = self.succeeds("cp", there, self.folder / "copy", "--json")
        self.assertIs(next(event for event in events(done.stdout) if event["event"] == "done")["checksum_verified"], False)
        digest = base64.b64encode(hashlib.sha256(self.data).digest()).decode()
        self.server.more = {"Repr-Digest": f"sha-256=:{digest}:"}
        done = self.succeeds("cp", url, there, "--json")
        self.assertIs(next(event for event in events(done.stdout) if event["event"] == "done")["checksum_verified"], True)

    def test_python_s_own_server_without_ranges_is_read_in_one_stream(self):
        (self.folder / "file").write_bytes(self.data)
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(self.folder))
        handler.func.log_message = lambda *_: None
        plain = serve(self, handler)
        self.succeeds("cp", plain.url + "/file", self.folder / "copy")
        self.assertEqual((self.folder / "copy").read_bytes(), self.data)

    def test_headers_and_passwords_go_to_the_url_s_own_server_and_nowhere_else(self):
        there = serve(self, Files)
        there.files["/big.bin"] = self.data
        self.server.elsewhere = there.url
        self.server.files["/guarded.bin"] = self.data
        url = self.server.url + "/guarded/guarded.bin"
        self.refuses(4, "cat", url, says="401")
        self.succeeds("cp", url, self.folder / "a", "--header", f"Authorization: Bearer {SECRET}")
        header = self.file("header", f"authorization: Bearer {SECRET}\n".encode())
        self.succeeds("cat", url, "--header", f"@{header}")
        self.succeeds("cp", self.server.url.replace("//", f"//user:{SECRET}@") + "/moved/big.bin", self.folder / "b")
        self.assertEqual((self.folder / "b").read_bytes(), self.data)
        self.assertTrue(all("authorization" not in headers for _, _, headers, _ in there.seen))

    def test_https_is_trusted_by_its_authority_and_never_left_for_http(self):
        pem = self.folder / "pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=weir", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", pem, "-out", self.folder / "ca"], check=True, capture_output=True)
        pem.write_bytes(pem.read_bytes() + (self.folder / "ca").read_bytes())
        secure = serve(self, Files, pem)
        secure.files["/x"] = self.data
        secure.elsewhere = self.server.url
        self.server.elsewhere = secure.url
        authority = ["--ca-bundle", self.folder / "ca"]
        self.assertEqual(self.succeeds("cat", secure.url + "/x", *authority).stdout, self.data)
        self.refuses(4, "cat", secure.url + "/x", says="certificate")
        self.refuses(4, "cat", secure.url + "/moved/dir/big.bin", *authority, says="from https to " + self.server.url)
        self.assertEqual(self.server.seen, [])
        self.assertEqual(self.succeeds("cat", self.server.url + "/moved/x", *authority).stdout, self.data)

    def test_no_message_and_no_event_holds_the_query(self):
        url = f"{self.server.url.replace('//', '//u:' + SECRET + '@')}/dir/missing?token={SECRET}"
        done = self.refuses(3, "cp", url, self.folder / "x", says=["look at " + self.server.url + "/dir/missing", "404"])
        self.assertNotIn(SECRET.encode(), done.stderr)
        url = f"{self.server.url}/dir/big.bin?token={SECRET}"
        done = self.succeeds("cp", "--json", "--progress=json", url, f"{self.server.url}/there?key={SECRET}")
        started = events(done.stdout + done.stderr if not done.stdout else done.stdout)[0]
        self.assertEqual((started["source"], started["destination"]), (self.server.url + "/dir/big.bin", self.server.url + "/there"))
        for wrong in (f"htps://h/?{SECRET}", f"https://h h/?{SECRET}", f"https://u:{SECRET}%zz@h/"):
            done = self.refuses(2, "cp", wrong, self.folder / "x")
            self.assertNotIn(SECRET.encode(), done.stderr)
        self.assertNotIn(SECRET.encode(), self.refuses(2, "cat", url, "--header", SECRET).stderr)

    def test_a_file_a_pipe_and_a_long_stream_are_put(self):
        source = self.file("a b.txt", self.data)
        self.succeeds("cp", source, self.server.url + "/up/")
        method, path, headers, body = next(each for each in self.server.seen if each[0] == "PUT")
        self.assertEqual((path, body == self.data, headers["content-type"]), ("/up/a%20b.txt", True, "text/plain"))
        self.succeeds("cp", "-", self.server.url + "/small", stdin=b"small")
        self.assertEqual(self.server.files["/small"], b"small")
        self.succeeds("cp", "-", self.server.url + "/long", "--memory=8MiB", stdin=self.data)
        self.assertEqual(self.server.files["/long"], self.data)
        self.assertEqual([each[2].get("transfer-encoding") for each in self.server.seen if each[1] == "/long"][0], "chunked")
        # From one server to another, longer than the memory for it, with its length.
        self.succeeds("cp", self.server.url + "/dir/big.bin", self.server.url + "/copy", "--memory=8MiB")
        self.assertEqual(self.server.files["/copy"], self.data)
        self.assertEqual([each[2]["content-length"] for each in self.server.seen if each[:2] == ("PUT", "/copy")], [str(len(self.data))])

    def test_conditions_and_options_of_a_destination(self):
        source = self.file("f.json", b"{}")
        self.succeeds("cp", source, self.server.url + "/f", "--no-clobber", "--cache-control", "no-store", "--header", "x-ms-blob-type: BlockBlob")
        _, _, headers, _ = next(each for each in self.server.seen if each[0] == "PUT")
        self.assertEqual((headers["if-none-match"], headers["cache-control"], headers["x-ms-blob-type"]), ("*", "no-store", "BlockBlob"))
        self.refuses(1, "cp", source, self.server.url + "/f", "--no-clobber", says="What is there stays as it is.")
        self.refuses(2, "cp", source, self.server.url + "/f", "--metadata", "a=b", says="metadata")
        self.refuses(2, "cp", self.server.url + "/f", self.server.url + "/g", "--header", "a: b", says="both ends")
        self.refuses(2, "cp", self.server.url + "/f?x", self.server.url + "/f?x", says="both are the same")

    def test_a_failed_download_leaves_what_was_there(self):
        there = self.file("kept", b"kept")
        self.refuses(3, "cp", self.server.url + "/nothing", there, says="404")
        self.assertEqual(there.read_bytes(), b"kept")


if __name__ == "__main__":
    unittest.main()
