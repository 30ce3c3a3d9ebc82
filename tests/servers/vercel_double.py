#!/usr/bin/env python3
"""A double of Vercel Blob's API (version 12) in memory, which breaks where a test says so.

    vercel_double.py [--port 0] [--host 127.0.0.1] [--token vercel_blob_rw_STORE_SECRET] [--access public|private]
                     [--min-part BYTES] [--page N]

Prints "listening on PORT". The API's base URL is http://HOST:PORT/api/blob, blobs are at http://HOST:PORT/_blob/…. It does
what the official SDK @vercel/blob was seen to rely on (tests/interop/vercel_sdk proves it with that SDK), refuses what the
service refuses, and keeps account:

    POST   /_weir/faults   a JSON list of faults (fault/script.py says what they can be; operations: OPERATIONS here)
    GET    /_weir/state    blobs, open uploads, faults with how often each fired, every request as it came
    POST   /_weir/reset    forgets everything

Known only from the SDK's source or assumed: HTTP statuses of errors other than 412, the words of messages, what an unknown
upload is answered with. Not there: images (put-optimized, put-from-url), OIDC.
"""

import argparse
import hashlib
import json
import secrets
import socket
import sys
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import parse_qsl, unquote

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fault.script import BadScript, Script  # noqa: E402
from fault.wire import Gone, Reply, Wire, encode  # noqa: E402
from vercel.service import Options, Service, bad  # noqa: E402
from vercel.tokens import Refused, Tokens, hmac_hex  # noqa: E402

API, BLOBS = "/api/blob", "/_blob/"
OPERATIONS = ("put", "copy", "rename", "head", "list", "delete", "create", "upload", "complete", "sign", "get", "*")
SENT_ALWAYS = ("host", "connection", "user-agent", "accept", "accept-language", "accept-encoding", "sec-fetch-mode", "expect")
LOG_LIMIT = 10000


def json_reply(value, status=200, headers=None):
    return Reply(status, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())


def refused(error, headers=None):
    status, code, message = error.args
    if not code:
        return Reply(status, {"Content-Type": "text/html", **(headers or {})}, b"<html>no JSON at all</html>")
    return json_reply({"error": {"code": code, "message": message}}, status, headers)


def operation(request):
    """What an API request asks for, or None."""
    if request.path.startswith(BLOBS):
        return "get" if request.method in ("GET", "HEAD") else None
    path = request.path.removeprefix(API)
    if path == request.path:
        return None
    path = path.strip("/")
    if path == "mpu" and request.method == "POST":
        action = request.header("x-mpu-action")
        return action if action in ("create", "upload", "complete") else None
    named = {("POST", "delete"): "delete", ("POST", "rename"): "rename", ("POST", "signed-token"): "sign"}
    if path:
        return named.get((request.method, path))
    if request.method == "GET":
        return "head" if "url" in request.query else "list"
    if request.method == "DELETE":
        return "delete"
    return ("copy" if "fromUrl" in request.query else "put") if request.method == "PUT" else None


class Double:
    """What all connections share."""

    def __init__(self, options):
        store = options.token.split("_")[3]
        self.service, self.tokens = Service(store, options.access, options.min_part, options.page), Tokens(options.token, store)
        self.script, self.lock, self.log = Script(OPERATIONS), threading.Lock(), []

    def note(self, request, op, status, fault):
        headers = {name: value for name, value in request.headers.items() if name not in SENT_ALWAYS}
        body = {"length": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest()}
        if op in ("complete", "delete", "sign"):
            body["text"] = request.body.decode("utf-8", "replace")
        with self.lock:
            if len(self.log) < LOG_LIMIT:
                self.log.append({"op": op, "method": request.method, "path": request.path, "query": request.query, "headers": headers,
                                 "body": body, "status": status, "fault": fault and fault["action"], "at": time.monotonic()})

    def control(self, request):
        """The test's own requests."""
        if request.path == "/_weir/state" and request.method == "GET":
            with self.lock:
                return json_reply({**self.service.state(), "faults": self.script.state(), "log": self.log})
        if request.path == "/_weir/reset" and request.method == "POST":
            with self.lock:
                self.service.clear()
                self.script.clear()
                self.log.clear()
            return Reply(204)
        if request.path == "/_weir/faults" and request.method == "POST":
            try:
                self.script.add(json.loads(request.body))
                return Reply(204)
            except (BadScript, json.JSONDecodeError, TypeError) as error:
                return Reply(400, {"Content-Type": "text/plain"}, f"{error}\n".encode())
        return Reply(404)

    # --- operations ---

    def run(self, op, request):
        if op == "get":
            return self._get(request)
        headers, query, service = request.headers, request.query, self.service
        right = self.tokens.right_of(request.method, headers, query)
        if "vercel-blob-signature" not in query:
            self._check_headers(headers)
        if op is None:
            raise bad(f"{request.method} {request.path} is no operation")
        pathname = query.get("pathname", "")
        right.check(op, pathname)
        if op in ("list", "head"):
            return json_reply(service.list(query) if op == "list" else service.head(query["url"]))
        if op == "sign":
            return json_reply(self.tokens.sign(json.loads(request.body)))
        if op == "delete":
            urls = json.loads(request.body)["urls"] if request.method == "POST" else [pathname]
            service.delete(urls, headers.get("x-if-match") or query.get("vercel-blob-if-match"))
            return json_reply(None)
        service.check_pathname(pathname)
        if "vercel-blob-signature" not in query and headers.get("x-vercel-blob-access") != service.access:
            raise bad(f"Cannot use {headers.get('x-vercel-blob-access')} access on a {service.access} store")
        options = Options(headers, right.payload)
        if op in ("copy", "rename"):
            return json_reply(service.copy(pathname, options, query["fromUrl"], op == "rename"))
        if op == "create":
            return json_reply(service.create(pathname, options))
        if op == "upload":
            return json_reply(service.upload(headers, request.body))
        result = service.put(pathname, options, right, request.body) if op == "put" else service.complete(headers, request.body, right)
        if options.completed:
            threading.Thread(target=self._tell, args=(options.completed, result), daemon=True).start()
        return json_reply(result)

    def _check_headers(self, headers):
        if headers.get("x-api-version") != "12":
            raise bad("x-api-version must be 12")
        if headers.get("x-vercel-blob-store-id", self.service.store) != self.service.store:
            raise Refused(404, "store_not_found", "This store does not exist")
        if not headers.get("x-api-blob-request-id") or not headers.get("x-api-blob-request-attempt", "").isdigit():
            raise bad("x-api-blob-request-id and x-api-blob-request-attempt are required")

    def _tell(self, completed, result):
        """The callback that an upload with a client token asked for."""
        event = {"type": "blob.upload-completed", "payload": {"blob": result, "tokenPayload": completed.get("tokenPayload")}}
        # The receiver checks the signature against what JSON.stringify makes of it.
        body = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
        call = urllib.request.Request(completed["callbackUrl"], body.encode(), method="POST", headers={
            "Content-Type": "application/json", "x-vercel-signature": hmac_hex(self.tokens.token, body)})
        try:
            urllib.request.urlopen(call, timeout=10).close()
        except OSError as error:
            print(f"callback: {error}", file=sys.stderr, flush=True)

    def _get(self, request):
        """A blob at its own URL: RFC 9110 with ranges and conditions."""
        access, store, pathname = (unquote(request.path[len(BLOBS):]).split("/", 2) + ["", ""])[:3]
        blob = self.service.get(pathname) if (access, store) == (self.service.access, self.service.store.lower()) else None
        if access == "private":
            self.tokens.may_read(request.method, request.headers, request.query, pathname)
        if blob is None:
            return Reply(404, {"Content-Type": "text/plain"}, b"The requested blob does not exist")
        headers = self.service.read_headers(pathname, blob)
        if request.header("if-match", blob.etag) not in (blob.etag, "*"):
            return Reply(412, headers)
        if request.header("if-none-match") == blob.etag:
            return Reply(304, headers)
        wanted = request.header("range").removeprefix("bytes=")
        if not wanted:
            return Reply(200, headers, blob.data)
        first, _, last = wanted.partition("-")
        size = len(blob.data)
        begin = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        if begin > end:
            return Reply(416, {**headers, "Content-Range": f"bytes */{size}"})
        return Reply(206, {**headers, "Content-Range": f"bytes {begin}-{end}/{size}"}, blob.data[begin:end + 1])


class Session:
    """Serves one connection."""

    def __init__(self, double, connection):
        self.double, self.wire = double, Wire(connection)

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
        _, _, query = request.target.partition("?")
        request.query = dict(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))
        extra = {"Server": "weir-vercel-double", "x-vercel-id": f"weir1::{secrets.token_hex(8)}"}
        if request.path.startswith("/_weir/"):
            request.body = self._body(request)
            self._send(self.double.control(request), request, None, extra)
            return True
        op = operation(request)
        part = request.header("x-mpu-part-number")
        name = unquote(request.path) if op == "get" else request.query.get("pathname") or request.query.get("url", "")
        fault = self.double.script.next(op, name, int(part) if part.isdigit() else None) if op else None
        action = fault["action"] if fault else ""
        if action == "reset_request_at":
            self.wire.expect(request)
            self.wire.read_raw(min(int(request.header("content-length", "0")), max(0, fault["at"] - request.head_length)))
            self.double.note(request, op, 0, fault)
            self.wire.reset()
        if action == "status" and fault["early"]:
            reply = refused(Refused(fault["status"], fault["code"], fault["message"]), fault["headers"])
            self.double.note(request, op, reply.status, fault)
            self._send(reply, request, fault, {**extra, "Connection": "close"})
            return False
        request.body = self._body(request, fault)
        reply = self._answer(op, request, fault)
        self.double.note(request, op, reply.status, fault)
        if action == "lost_reply":
            self.wire.reset()
        self._send(self._falsify(reply, fault), request, fault, extra)
        return request.header("connection").lower() != "close"

    def _body(self, request, fault=None):
        self.wire.expect(request)
        if fault and fault["action"] == "stall" and fault["when"] == "request":
            self.wire.stall(fault["seconds"])
        if request.header("transfer-encoding").lower() == "chunked":
            body = self._chunks()
        else:
            body = self.wire.read_raw(int(request.header("content-length", "0")))
        if fault and fault["action"] == "flip_byte" and body:
            body = flipped(body, fault["at"])
        return body

    def _line(self):
        line = b""
        while not line.endswith(b"\r\n"):
            line += self.wire.read_raw(1)
        return line[:-2]

    def _chunks(self):
        pieces = []
        while (size := int(self._line().split(b";")[0], 16)) > 0:
            pieces.append(self.wire.read_raw(size))
            self._line()
        while self._line():
            pass
        return b"".join(pieces)

    def _answer(self, op, request, fault):
        action = fault["action"] if fault else ""
        if action == "status":
            return refused(Refused(fault["status"], fault["code"], fault["message"]), fault["headers"])
        if action == "replaced_object":
            self.double.service.replace(self.double.service.pathname_of(request.query.get("fromUrl") or "http://x" + request.path))
        if action == "lost_upload":
            self.double.service.uploads.pop(request.header("x-mpu-upload-id"), None)
        if action == "ignore_range":
            request.headers.pop("range", None)
        try:
            return self.double.run(op, request)
        except Refused as error:
            return refused(error)
        except (KeyError, ValueError) as error:
            return refused(bad(f"malformed request: {error!r}"))

    @staticmethod
    def _falsify(reply, fault):
        action = fault["action"] if fault else ""
        if action in ("no_etag", "wrong_etag"):
            reply.headers.pop("ETag", None)
            if reply.headers.get("Content-Type") == "application/json":
                value = json.loads(reply.body)
                value["etag"] = '"00000000000000000000000000000000"' if action == "wrong_etag" else None
                reply.body = json.dumps(value).encode()
            elif action == "wrong_etag":
                reply.headers["ETag"] = '"00000000000000000000000000000000"'
        elif action == "wrong_range" and "Content-Range" in reply.headers:
            first, rest = reply.headers["Content-Range"].removeprefix("bytes ").split("-")
            reply.headers["Content-Range"] = f"bytes {int(first) + 1}-{rest}"
        elif action == "wrong_length":
            reply.length = max(0, len(reply.body) + fault["delta"])
        return reply

    def _send(self, reply, request, fault, extra):
        head, body = encode(reply, time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()), request.method == "HEAD", extra)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="vercel_blob_rw_WeirTest1_secret")
    parser.add_argument("--access", choices=("public", "private"), default="public")
    parser.add_argument("--min-part", type=int, default=5 * 1024 * 1024)
    parser.add_argument("--page", type=int, default=1000)
    options = parser.parse_args()
    double = Double(options)
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.create_server((options.host, options.port), family=family, backlog=128)
    port = listener.getsockname()[1]
    double.service.base = f"http://[{options.host}]:{port}" if ":" in options.host else f"http://{options.host}:{port}"
    print(f"listening on {port}", flush=True)
    while True:
        try:
            connection, _ = listener.accept()
        except KeyboardInterrupt:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=Session(double, connection).run, daemon=True).start()


if __name__ == "__main__":
    main()
