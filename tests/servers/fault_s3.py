#!/usr/bin/env python3
"""weir's scripted S3: a strict store in memory that breaks exactly where a test says so.

    fault_s3.py [--port 0] [--host 127.0.0.1] [--access-key K --secret-key S --session-token T] [--region us-east-1]
                [--min-part BYTES] [--page N] [--equal-parts] [--no-checksums]

Prints "listening on PORT". It checks signatures, payload hashes and checksums as S3 does, and keeps account of what it did:

    POST   /_weir/faults   a JSON list of faults (fault/script.py says what they can be)
    GET    /_weir/state    objects with length and SHA-256, open uploads, faults with how often each fired, requests
    POST   /_weir/play     a JSON object of what provider to play from now on: {"equal_parts": true} as R2,
                           {"checksums": "b2"} refuses checksum headers with 400, {"checksums": "r2"} with 501,
                           {"checksums": "no-trailers"} refuses only aws-chunked bodies with 501
    POST   /_weir/rate     {"per_s": 20, "burst": 5, "retry_after": 1}: serves so many requests a second, and answers 503
                           SlowDown to the others, with Retry-After if it is not 0; {"per_s": 0}: all of them again
    POST   /_weir/names    {"prefix": "many/", "count": 1000000}: listings of that prefix show so many made-up objects
    POST   /_weir/reset    forgets everything, and plays S3 as the options say

--session-token until: tokens are "until-MILLISECONDS" and expire then; the state says how many were good and how many expired.
--min-part 0 allows small parts. --page makes listings short. --equal-parts plays R2, --no-checksums plays B2.
"""

import argparse
import email.utils
import json
import socket
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import sigv4  # noqa: E402
from fault import checksums  # noqa: E402
from fault.script import BadScript, Script  # noqa: E402
from fault.store import Store  # noqa: E402
from fault.wire import Gone, Reply, Wire, decode_chunks, encode  # noqa: E402
from sigv4 import Refusal  # noqa: E402
from xml.sax.saxutils import escape  # noqa: E402

LOG_LIMIT = 10000


class Permits:
    """A token bucket: so many requests a second, a few at once."""

    def __init__(self, per_s=0, burst=5, retry_after=0):
        self.per_s, self.burst, self.retry_after = per_s, burst, retry_after
        self.tokens, self.seen, self.lock = burst, time.monotonic(), threading.Lock()

    def take(self):
        if not self.per_s:
            return True
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.burst, self.tokens + (now - self.seen) * self.per_s)
            self.seen = now
            if self.tokens < 1:
                return False
            self.tokens -= 1
            return True


def operation(request):
    """The S3 operation that a request asks for."""
    method, query = request.method, request.query
    if not request.key:
        if method == "POST":
            return "DeleteObjects" if "delete" in query else None
        if method == "GET":
            return "ListMultipartUploads" if "uploads" in query else "ListObjectsV2"
        return {"PUT": "CreateBucket", "HEAD": "HeadBucket"}.get(method)
    copies = "x-amz-copy-source" in request.headers
    if "tagging" in query:
        return {"GET": "GetObjectTagging"}.get(method)
    if "uploadId" in query:
        return {"PUT": "UploadPartCopy" if copies else "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload",
                "GET": "ListParts"}.get(method)
    if method == "POST":
        return "CreateMultipartUpload" if "uploads" in query else None
    return {"PUT": "CopyObject" if copies else "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}.get(method)


class Service:
    """What all connections share."""

    def __init__(self, options):
        self.store = Store(options.min_part, options.page, options.equal_parts, options.no_checksums)
        self.checker = sigv4.Checker(options.access_key, options.secret_key, options.region, options.session_token)
        self.script = Script()
        self.permits = Permits()
        self.lock = threading.Lock()
        self.requests, self.log = Counter(), []

    def note(self, request, op, status, fault):
        with self.lock:
            self.requests[op or "unknown"] += 1
            if len(self.log) < LOG_LIMIT:
                self.log.append({"op": op, "key": request.key, "part": part_number(request), "status": status,
                                 "fault": fault and fault["action"], "at": time.monotonic()})

    def date(self):
        return email.utils.format_datetime(sigv4.now(self.checker.clock_offset_s), usegmt=True)

    def control(self, request):
        """The test's own requests."""
        if request.path == "/_weir/state" and request.method == "GET":
            with self.lock:
                state = {**self.store.state(), "faults": self.script.state(), "requests": dict(self.requests), "log": self.log,
                         "good_tokens": len(self.checker.good_tokens), "expired_tokens": len(self.checker.expired_tokens)}
                return Reply(200, {"Content-Type": "application/json"}, json.dumps(state).encode())
        if request.path == "/_weir/reset" and request.method == "POST":
            with self.lock:
                self.store.clear()
                self.script.clear()
                self.permits = Permits()
                self.requests.clear()
                self.log.clear()
                self.checker.clock_offset_s = 0
                self.checker.good_tokens.clear()
                self.checker.expired_tokens.clear()
            return Reply(204)
        if request.path == "/_weir/play" and request.method == "POST":
            with self.lock:
                self.store.play(**json.loads(request.body))
            return Reply(204)
        if request.path == "/_weir/names" and request.method == "POST":
            with self.lock:
                self.store.make_up(**json.loads(request.body))
            return Reply(204)
        if request.path == "/_weir/rate" and request.method == "POST":
            self.permits = Permits(**json.loads(request.body))
            return Reply(204)
        if request.path == "/_weir/faults" and request.method == "POST":
            try:
                self.script.add(json.loads(request.body))
                return Reply(204)
            except (BadScript, json.JSONDecodeError, TypeError) as error:
                return Reply(400, {"Content-Type": "text/plain"}, f"{error}\n".encode())
        return Reply(404)


def part_number(request):
    text = request.query.get("partNumber", "")
    return int(text) if text.isdigit() else None


def refused(error, request_id, region, extra=None):
    status, code, message = error.args
    hint = f"<Region>{region}</Region>" if code == "AuthorizationHeaderMalformed" else ""
    body = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message>{hint}'
            f"<RequestId>{request_id}</RequestId><HostId>weir-fault-server</HostId></Error>")
    return Reply(status, {"Content-Type": "application/xml", **(extra or {})}, body.encode())


class Session:
    """Serves one connection."""

    def __init__(self, service, connection):
        self.service, self.wire = service, Wire(connection)

    def run(self):
        try:
            while self._one():
                pass
        except Gone:
            pass
        finally:
            self.wire.socket.close()

    def _one(self):
        request = self.wire.read_request()
        request_id = f"{time.monotonic_ns() & (1 << 64) - 1:016X}"
        extra = {"Server": "weir-fault", "x-amz-request-id": request_id}
        if request.path.startswith("/_weir/"):
            request.body = self.wire.read_raw(int(request.header("content-length", "0")))
            self.wire.send(b"".join(encode(self.service.control(request), self.service.date(), False, extra)))
            return True
        op = operation(request)
        fault = self.service.script.next(op, request.key, part_number(request)) if op else None
        action = fault["action"] if fault else ""
        reply, closing = None, False
        if op and not self.service.permits.take():
            problem = self._read_body(request, None)
            after = self.service.permits.retry_after
            reply = problem or refused(Refusal(503, "SlowDown", "Please reduce your request rate."), request_id,
                                       self.service.checker.region, {"Retry-After": str(after)} if after else {})
        elif action == "status" and fault["early"]:
            reply, closing = self._answer_without_work(fault, request_id), True
        else:
            problem = self._read_body(request, fault)
            reply = problem or self._answer(op, request, fault, request_id)
        self.service.note(request, op, reply.status, fault)
        if action == "lost_reply":
            self.wire.reset()
        reply = self._falsify(reply, fault)
        extra.update({"Connection": "close"} if closing else {})
        self._send(encode(reply, self.service.date(), request.method == "HEAD", extra), fault)
        return not closing and request.header("connection").lower() != "close"

    # --- the request --------------------------------------------------------------------------------------------------

    def _read_body(self, request, fault):
        """Reads the body as the fault allows; gives a reply where the request is already wrong."""
        action = fault["action"] if fault else ""
        text = request.header("content-length", "0" if request.method != "PUT" else "")
        if not text.isdigit():
            raise Gone
        length = int(text)
        if action == "reset_request_at":
            if fault["at"] > request.head_length:
                self.wire.expect(request)
                self.wire.read_raw(min(length, fault["at"] - request.head_length))
            self.service.note(request, operation(request), 0, fault)
            self.wire.reset()
        self.wire.expect(request)
        raw = b""
        if action == "stall" and fault["when"] == "request":
            raw = self.wire.read_raw(min(length, fault["at"]))
            self.wire.stall(fault["seconds"])
        raw += self.wire.read_raw(length - len(raw))
        if request.header("x-amz-content-sha256").startswith("STREAMING-"):
            if self.service.store.checksums in ("r2", "no-trailers"):
                return refused(Refusal(501, "NotImplemented", f"{request.header('x-amz-content-sha256')} not implemented"), "0", "")
            try:
                request.body, request.trailers = decode_chunks(raw)
            except ValueError as error:
                return refused(Refusal(400, "InvalidRequest", f"The aws-chunked body is malformed: {error}"), "0", "")
            if request.header("x-amz-decoded-content-length") != str(len(request.body)):
                return refused(Refusal(400, "IncompleteBody", "The decoded length is not what was declared."), "0", "")
        else:
            request.body = raw
        if action == "flip_byte" and request.method == "PUT" and request.body:
            request.body = flipped(request.body, fault["at"])
        return None

    # --- the answer ---------------------------------------------------------------------------------------------------

    def _answer(self, op, request, fault, request_id):
        region = self.service.checker.region
        action = fault["action"] if fault else ""
        if action == "skewed_clock":
            self.service.checker.clock_offset_s = fault["seconds"]
        try:
            self.service.checker.check(request.method, request.path, request.pairs, request.headers)
            if not op:
                raise Refusal(501, "NotImplemented", "A header or query you provided implies functionality that is not implemented.")
            without = self._answer_without_work(fault, request_id) if fault else None
            if without:
                return without
            self._meddle(request, fault)
            if action == "ignore_range":
                request.headers.pop("range", None)
            return self.service.store.run(op, request)
        except Refusal as error:
            return refused(error, request_id, region)

    def _answer_without_work(self, fault, request_id):
        action, region = fault["action"], self.service.checker.region
        if action == "status":
            return refused(Refusal(fault["status"], fault["code"], fault["message"]), request_id, region, fault["headers"])
        if action == "ok_with_error":
            reply = refused(Refusal(200, fault["code"], "A scripted fault."), request_id, region)
            reply.spaces = fault["spaces"]
            return reply
        if action == "redirect":
            return refused(Refusal(fault["status"], "TemporaryRedirect", "Please re-send this request to the specified endpoint."),
                           request_id, region, {"Location": fault["location"]})
        if action == "expired_token":
            return refused(Refusal(400, "ExpiredToken", "The provided token has expired."), request_id, region)
        return None

    def _meddle(self, request, fault):
        """Changes the store behind the client's back."""
        action, store = fault["action"] if fault else "", self.service.store
        with store.lock:
            stored = store.objects.get(store.source_of(request) or request.name)
            if action == "replaced_object" and stored:
                stored.data = bytes(byte ^ 0x55 for byte in stored.data)
                stored.etag = f'"{int(stored.etag.strip(chr(34))[:32], 16) ^ 1:032x}"'
                stored.sums = {name: checksums.text(name, stored.data) for name in stored.sums}
            if action == "lost_upload":
                store.uploads.pop(request.query.get("uploadId"), None)
            if action == "lost_part" and request.query.get("uploadId") in store.uploads:
                store.uploads[request.query["uploadId"]].parts.pop(fault["number"], None)

    @staticmethod
    def _falsify(reply, fault):
        action = fault["action"] if fault else ""
        if action == "no_etag":
            reply.headers.pop("ETag", None)
            reply.body = replaced_element(reply.body, b"ETag", b"", keep_tags=False)
        elif action == "wrong_etag" and "ETag" in reply.headers:
            reply.headers["ETag"] = '"00000000000000000000000000000000"'
        elif action == "wrong_checksum":
            for name in [name for name in reply.headers if name.startswith("x-amz-checksum-") and name != "x-amz-checksum-type"]:
                reply.headers[name] = "AAAAAAAAAAE="
            reply.body = replaced_element(reply.body, b"ChecksumCRC64NVME", b"AAAAAAAAAAE=")
        elif action == "wrong_range" and "Content-Range" in reply.headers:
            first, rest = reply.headers["Content-Range"].removeprefix("bytes ").split("-")
            reply.headers["Content-Range"] = f"bytes {int(first) + 1}-{rest}"
        elif action == "flip_byte" and reply.status in (200, 206) and len(reply.body) > fault["at"]:
            reply.body = flipped(reply.body, fault["at"])
        elif action == "wrong_length":
            reply.length = max(0, (len(reply.body) if reply.length is None else reply.length) + fault["delta"])
        return reply

    def _send(self, encoded, fault):
        head, body = encoded
        action = fault["action"] if fault else ""
        if action == "garbage":
            self.wire.send((b"\x00\xffnot HTTP at all\r\n" * (fault["bytes"] // 17 + 1))[:fault["bytes"]])
            raise Gone
        if action == "reset_reply_at":
            self.wire.send((head + body)[:fault["at"]])
            time.sleep(0.05)  # what was sent must arrive before the reset throws it away
            self.wire.reset()
        if action == "close_early":
            self.wire.send(head + body[:fault["at"]])
            raise Gone
        if action == "stall" and fault["when"] == "reply":
            self.wire.send((head + body)[:fault["at"]])
            self.wire.stall(fault["seconds"])
            self.wire.send((head + body)[fault["at"]:])
            return
        self.wire.send(head + body)
        if action == "wrong_length":
            raise Gone


def flipped(data, at):
    at = min(at, len(data) - 1)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def replaced_element(body, tag, value, keep_tags=True):
    before, opened, rest = body.partition(b"<" + tag + b">")
    _, closed, after = rest.partition(b"</" + tag + b">")
    if not closed:
        return body
    return before + (opened + value + closed if keep_tags else value) + after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--access-key", default="weirtest")
    parser.add_argument("--secret-key", default="weirtestsecret")
    parser.add_argument("--session-token", default="")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--min-part", type=int, default=5 * 1024 * 1024)
    parser.add_argument("--page", type=int, default=1000)
    parser.add_argument("--equal-parts", action="store_true")
    parser.add_argument("--no-checksums", action="store_true")
    options = parser.parse_args()
    service = Service(options)
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.create_server((options.host, options.port), family=family, backlog=128)
    print(f"listening on {listener.getsockname()[1]}", flush=True)
    while True:
        try:
            connection, _ = listener.accept()
        except KeyboardInterrupt:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=Session(service, connection).run, daemon=True).start()


if __name__ == "__main__":
    main()
