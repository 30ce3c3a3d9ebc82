"""Resumable uploads for HTTP (draft-ietf-httpbis-resumable-upload) as a table, for each interop version from 3 to 9.

As tus_suite.py. A version's own client: what differs between them is in VERSIONS alone.
"""

import base64
import hashlib
import json
import urllib.parse
from dataclasses import dataclass

from http_talk import Talk, ask
from tus_suite import expect, some_bytes

PARTIAL = "application/partial-upload"
CASES = []


@dataclass
class Version:
    number: int
    field: str = "Upload-Complete"
    has_type: bool = True
    has_limits: bool = True

    def complete(self, yes):
        return "?1" if yes == (self.field == "Upload-Complete") else "?0"


VERSIONS = [Version(3, "Upload-Incomplete", False, False), Version(4, has_type=False, has_limits=False),
            Version(5, has_type=False, has_limits=False), Version(6), Version(7), Version(8), Version(9)]


def case(level, least=3):
    def add(function):
        for version in VERSIONS:
            if version.number >= least:
                CASES.append((f"{version.number} {function.__name__}", level, None, lambda c, v=version: function(Speaker(c, v))))
        return function
    return add


class Client:
    def __init__(self, url):
        self.url = url

    def ask(self, method, url=None, fields=None, body=b"", version=None, **how):
        return ask(url or self.url, method, fields, body, **how)


class Speaker:
    """One version."""

    def __init__(self, client, version):
        self.client, self.version, self.url = client, version, client.url

    def ask(self, method, url=None, fields=None, body=b"", **how):
        return self.client.ask(method, url, {"Upload-Draft-Interop-Version": self.version.number, **(fields or {})}, body, **how)

    def create(self, body, complete, **how):
        fields = {self.version.field: self.version.complete(complete), **how.pop("fields", {})}
        return self.ask("POST", self.url, fields, body, **how)

    def place(self, answer):
        expect(bool(answer["location"]), True, "Location is told:")
        return urllib.parse.urljoin(self.url, answer["location"])

    def begun(self, body=b"", **how):
        answer = self.create(body, False, **how)
        expect(answer.status, 201)
        return self.place(answer)

    def append(self, url, offset, body, complete, **how):
        fields = {"Upload-Offset": offset, self.version.field: self.version.complete(complete), **how.pop("fields", {})}
        if self.version.has_type:
            fields.setdefault("Content-Type", PARTIAL)
        return self.ask("PATCH", url, fields, body, **how)

    def look(self, url):
        answer = self.ask("HEAD", url)
        expect(answer.status, (200, 204), "HEAD answered")
        return answer

    def is_at(self, url, offset, complete=False):
        answer = self.look(url)
        expect(answer["upload-offset"], str(offset), "Upload-Offset is")
        expect(answer[self.version.field], self.version.complete(complete), f"{self.version.field} is")

    def holds(self, url, body):
        answer = self.client.ask("GET", url)
        expect(answer.status, 200, "GET answered")
        expect(hashlib.sha256(answer.body).hexdigest(), hashlib.sha256(body).hexdigest(), "the stored bytes' SHA-256 is")


@case("MUST")
def a_whole_upload_in_one_request(c):
    body = some_bytes(50_000)
    answer = c.create(body, True)
    expect(answer.status, range(200, 300))
    expect(answer[c.version.field], c.version.complete(True))
    c.holds(c.place(answer), body)


@case("MUST")
def begun_empty_and_ended_later(c):
    body = some_bytes(30_000)
    url = c.begun()
    c.is_at(url, 0)
    answer = c.append(url, 0, body, True)
    expect(answer.status, range(200, 300))
    expect(answer[c.version.field], c.version.complete(True))
    c.is_at(url, len(body), True)
    c.holds(url, body)


@case("MUST")
def in_three_requests(c):
    url = c.begun(b"hello ")
    answer = c.append(url, 6, b"wide ", False)
    expect(answer.status, range(200, 300))
    expect(answer[c.version.field], c.version.complete(False))
    c.is_at(url, 11)
    expect(c.append(url, 11, b"world", True).status, range(200, 300))
    c.holds(url, b"hello wide world")


@case("MUST")
def in_chunks_of_unknown_length(c):
    body = some_bytes(40_000)
    url = c.begun(body[:15_000], chunked=True)
    expect(c.append(url, 15_000, body[15_000:], True, chunked=True).status, range(200, 300))
    c.holds(url, body)


@case("MUST")
def an_empty_end(c):
    url = c.begun(b"hello")
    expect(c.append(url, 5, b"", True).status, range(200, 300))
    c.holds(url, b"hello")


@case("MUST")
def another_offset_is_409_and_tells_the_right_one(c):
    url = c.begun(b"hello")
    for offset in (0, 4, 6, 1000):
        answer = c.append(url, offset, b"x", False)
        expect(answer.status, 409, f"at {offset}:")
        expect(answer["upload-offset"], "5")
    c.is_at(url, 5)


@case("SHOULD", least=6)
def another_offset_is_a_problem_of_a_known_type(c):
    answer = c.append(c.begun(b"hello"), 3, b"x", False)
    expect(answer["content-type"].split(";")[0], "application/problem+json")
    told = json.loads(answer.body)
    expect(told["type"], "https://iana.org/assignments/http-problem-types#mismatching-upload-offset")
    expect(told["expected-offset"], 5)


@case("MUST", least=6)
def appends_have_their_type(c):
    url = c.begun(b"hello")
    expect(c.append(url, 5, b"x", False, fields={"Content-Type": "application/octet-stream"}).status, (400, 415))
    c.is_at(url, 5)


@case("MUST")
def head_is_not_stored_by_caches(c):
    expect("no-store" in (c.look(c.begun())["cache-control"] or ""), True, "Cache-Control has no-store:")


@case("MUST", least=6)
def limits_are_told(c):
    answer = c.create(b"", False)
    expect("max-size=" in (answer["upload-limit"] or ""), True, f"Upload-Limit {answer['upload-limit']!r} has max-size:")
    expect(bool(c.client.ask("OPTIONS")["upload-limit"]), True, "OPTIONS tells Upload-Limit:")


@case("MUST", least=6)
def the_length_is_told_when_it_is_known(c):
    url = c.begun(fields={"Upload-Length": 10})
    expect(c.look(url)["upload-length"], "10")


@case("MUST", least=6)
def another_length_is_refused(c):
    url = c.begun(b"hello", fields={"Upload-Length": 10})
    answer = c.append(url, 5, b"x", True)
    expect(answer.status, 400)
    expect(json.loads(answer.body)["type"], "https://iana.org/assignments/http-problem-types#inconsistent-upload-length")


@case("MUST", least=6)
def more_than_the_length_is_refused(c):
    url = c.begun(b"hello", fields={"Upload-Length": 10})
    expect(c.append(url, 5, b"123456", False).status, (400, 413))


@case("MUST")
def cancelled_uploads_are_gone(c):
    url = c.begun(b"hello")
    expect(c.ask("DELETE", url).status, range(200, 300))
    expect(c.ask("HEAD", url).status, (404, 410))
    expect(c.append(url, 5, b"x", True).status, (404, 410))


@case("MUST")
def a_told_offset_is_accepted_though_an_older_request_hangs(c):
    body = some_bytes(100_000)
    url = c.begun(body[:10])
    with Talk(url) as talk:
        fields = {"Upload-Offset": 10, c.version.field: c.version.complete(True), "Upload-Draft-Interop-Version": c.version.number,
                  "Content-Type": PARTIAL}
        talk.begin("PATCH", fields, body[10:], 1990)
        for _ in range(100):
            at = int(c.look(url)["upload-offset"])
            if at > 10:
                break
        expect(c.append(url, at, body[at:], True).status, range(200, 300))
    c.holds(url, body)


@case("MUST")
def malformed_fields_are_as_if_they_were_not_there(c):
    url = c.begun(b"hello")
    for offset in ("-1", "five", "5.0", "5, 5", None):
        answer = c.append(url, offset, b"x", False)
        expect(answer.status, (400, 409), f"{offset!r}:")
    c.is_at(url, 5)


@case("MUST")
def what_was_never_there_is_404(c):
    expect(c.ask("HEAD", c.url.rstrip("/") + "/AAAAAAAAAAAAAAAAAAAAAA").status, (404, 410))


def digest(body, algorithm="sha-256"):
    value = hashlib.new(algorithm.replace("-", ""), body).digest()
    return f"{algorithm}=:{base64.b64encode(value).decode()}:"


@case("MUST")
def a_digest_of_the_content_is_held_to(c):
    url = c.begun()
    expect(c.append(url, 0, b"hello", False, fields={"Content-Digest": digest(b"jello")}).status, range(400, 500))
    c.is_at(url, 0)
    expect(c.append(url, 0, b"hello", False, fields={"Content-Digest": digest(b"hello", "sha-512")}).status, range(200, 300))
    c.is_at(url, 5)


@case("MUST")
def no_interim_response_to_a_version_that_is_not_known(c):
    answer = c.client.ask("POST", c.url, {"Upload-Draft-Interop-Version": 99, "Upload-Complete": "?1"}, b"hello")
    expect(104 in [interim.status for interim in answer.interim], False, "104 came:")
    expect(answer.status, range(200, 300))
