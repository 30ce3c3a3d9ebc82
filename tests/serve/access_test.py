#!/usr/bin/env python3
"""Who may ask `weir serve` for what: tokens, whose uploads are whose, and pages of other origins."""

import json
import sys
import tempfile
import unittest
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "conformance"), str(HERE)]
from http_talk import ask  # noqa: E402
from serve_test import Reader, form  # noqa: E402
from serving import Serving  # noqa: E402
from tus_suite import OFFSET_TYPE  # noqa: E402

TUS = {"Tus-Resumable": "1.0.0"}
PAGE = "https://app.example.com"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


class AccessTest(unittest.TestCase):
    def serve(self, *options, tokens=None):
        if tokens is not None:
            folder = tempfile.TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            file = Path(folder.name) / "tokens"
            file.write_text(tokens)
            options = (*options, "--tokens", file)
        server = Serving(*options)
        server.start()
        self.addCleanup(server.__exit__)
        return server

    def create(self, server, length, fields, status=201):
        answer = ask(server.url + "/files", "POST", {**TUS, "Upload-Length": length, **fields})
        self.assertEqual(answer.status, status, answer)
        return answer["location"] and urllib.parse.urljoin(server.url, answer["location"])


class Tokens(AccessTest):
    def test_nobody_without_one_is_let_in(self):
        server = self.serve(tokens="# who may\n\nabc-DEF.123\r\nzzz alice\n")
        url = self.create(server, 5, bearer("abc-DEF.123"))
        for method, where in (("POST", server.url + "/files"), ("PUT", server.url + "/files/x"), ("HEAD", url), ("PATCH", url), ("GET", url),
                              ("DELETE", url), ("GET", server.url + "/events"), ("GET", server.url + "/nothing"), ("OPTIONS", server.url + "/files")):
            for fields in ({}, bearer("abc-DEF.124"), bearer(""), bearer("abc"), {"Authorization": "Basic YWJjLURFRi4xMjM="}, bearer("# who"),
                           {"Authorization": "Bearer"}):
                answer = ask(where, method, {**TUS, "Upload-Length": 5, "Upload-Offset": 0, "Content-Type": OFFSET_TYPE, **fields}, b"hello" if method in ("PATCH", "PUT") else b"")
                self.assertEqual((answer.status, answer["www-authenticate"]), (401, "Bearer"), (method, where, fields))
        self.assertEqual(ask(url, "HEAD", {**TUS, "authorization": "bEARER abc-DEF.123"})["upload-offset"], "0")
        self.assertEqual(ask(server.url + "/health", "GET").status, 200)

    def test_of_two_headers_none_counts(self):
        server = self.serve(tokens="abc\n")
        answer = ask(server.url + "/files", "POST", {"Authorization": "Bearer abc", "authorization": "Bearer abc"}, b"hello")
        self.assertEqual(answer.status, 401)

    def test_a_body_that_is_refused_is_nowhere(self):
        server = self.serve(tokens="abc\n")
        self.assertEqual(ask(server.url + "/files", "POST", {}, b"x" * 3_000_000).status, 401)
        self.assertEqual([path.name for path in server.to.iterdir()], [".weir"])
        answer = ask(server.url + "/files", "POST", bearer("abc"), b"x" * 3_000_000)
        self.assertEqual(answer.status, 201)

    def test_each_sees_what_is_theirs(self):
        server = self.serve(tokens="aaa alice\nbbb bob\nroot\n")
        alice, bob, root = bearer("aaa"), bearer("bbb"), bearer("root")
        events = Reader(server.url + "/events", fields=bob)
        self.addCleanup(events.close)
        url = self.create(server, 5, alice)
        self.assertEqual(ask(url, "HEAD", {**TUS, **alice}).status, 200)
        for method in ("HEAD", "PATCH", "DELETE", "GET"):
            fields = {**TUS, "Upload-Offset": 0, "Content-Type": OFFSET_TYPE, **bob}
            self.assertEqual(ask(url, method, fields, b"hello" if method == "PATCH" else b"").status, 404, method)
        answer = ask(url, "POST", {**TUS, "X-HTTP-Method-Override": "DELETE", **bob})
        self.assertEqual(answer.status, 404)
        self.assertEqual(ask(url, "PATCH", {**TUS, "Upload-Offset": 0, "Content-Type": OFFSET_TYPE, **alice}, b"hello").status, 204)
        self.assertEqual(ask(url, "GET", alice).body, b"hello")
        self.assertEqual(ask(url, "GET", root).body, b"hello")
        part = self.create(server, 5, {**alice, "Upload-Concat": "partial"})
        self.create(server, 0, {**bob, "Upload-Concat": "final;" + urllib.parse.urlsplit(part).path, "Upload-Length": None}, 404)
        fields, body = form([('name="a"; filename="a"', b"of a form")])
        told = json.loads(ask(server.url + "/files", "POST", {**fields, **alice}, body).body)
        self.assertEqual(ask(server.url + told["files"][0]["location"], "GET", bob).status, 404)
        put = ask(server.url + "/files/x", "PUT", alice, b"plain")
        self.assertEqual(ask(urllib.parse.urljoin(server.url, put["location"]), "GET", bob).status, 404)
        self.assertEqual(ask(url, "DELETE", {**TUS, **alice}).status, 204)
        own = self.create(server, 7, bob)
        self.assertEqual(events.event()[1]["id"], own.rsplit("/", 1)[1])  # and nothing of alice's before it
        server.kill()
        server.start()
        self.assertEqual(ask(own, "HEAD", {**TUS, **alice}).status, 404)
        self.assertEqual(ask(own, "HEAD", {**TUS, **bob}).status, 200)

    def test_files_that_are_none_are_told(self):
        for tokens in ("", "# nothing\n\n", "ok\nök\n", "a,b\n"):
            with self.assertRaisesRegex(RuntimeError, "exit 2"):
                self.serve(tokens=tokens)
        with self.assertRaisesRegex(RuntimeError, "exit 3"):
            Serving("--tokens", "/there/is/none").start()


class Pages(AccessTest):
    def test_by_default_pages_of_elsewhere_change_nothing(self):
        server = self.serve()
        for origin in (PAGE, "null", "http://127.0.0.1:1", server.url + ".evil.example"):
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = ask(server.url + "/files/x", method, {"Origin": origin}, b"x")
                self.assertEqual((answer.status, answer["access-control-allow-origin"]), (403, None), (origin, method))
            answer = ask(server.url + "/files", "OPTIONS", {"Origin": origin, "Access-Control-Request-Method": "POST"})
            self.assertEqual((answer.status, answer["access-control-allow-origin"]), (403, None), origin)
            self.assertEqual(ask(server.url + "/health", "GET", {"Origin": origin})["access-control-allow-origin"], None)
        self.assertEqual([path.name for path in server.to.iterdir()], [".weir"])
        self.assertEqual(ask(server.url + "/files", "POST", {"Origin": server.url}, b"x").status, 201)  # its own

    def test_those_that_may_are_told_so(self):
        server = self.serve("--allow-origin", f"{PAGE},http://localhost:3000", tokens="abc\n")
        asked = {"Origin": PAGE, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,upload-offset"}
        answer = ask(server.url + "/files", "OPTIONS", asked)  # browsers send no token with it
        self.assertEqual((answer.status, answer["access-control-allow-origin"], answer["vary"]), (204, PAGE, "Origin"))
        self.assertEqual(answer["access-control-allow-headers"], "authorization,upload-offset")
        self.assertIn("PATCH", answer["access-control-allow-methods"])
        refused = ask(server.url + "/files", "POST", {"Origin": PAGE}, b"x")
        self.assertEqual((refused.status, refused["access-control-allow-origin"]), (401, PAGE))  # the page can read why
        made = ask(server.url + "/files", "POST", {**TUS, **bearer("abc"), "Origin": PAGE, "Upload-Length": 1})
        self.assertEqual((made.status, made["access-control-allow-origin"]), (201, PAGE))
        self.assertIn("Upload-Offset", made["access-control-expose-headers"])
        again = ask(server.url + "/files", "POST", {**TUS, **bearer("abc"), "Upload-Length": 1})
        self.assertEqual(again["access-control-allow-origin"], None)  # of another request of the same server
        self.assertEqual(ask(server.url + "/files", "POST", {**bearer("abc"), "Origin": PAGE + ".evil.example"}, b"x").status, 403)

    def test_all_may(self):
        server = self.serve("--allow-origin", "*")
        answer = ask(server.url + "/files", "POST", {"Origin": "null"}, b"x")
        self.assertEqual((answer.status, answer["access-control-allow-origin"]), (201, "*"))


if __name__ == "__main__":
    unittest.main()
