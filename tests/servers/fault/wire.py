"""One HTTP/1.1 connection, byte by byte, so that it can break at any of them."""

import select
import socket
import struct
import time
from urllib.parse import unquote

import sigv4

MAX_HEAD = 256 * 1024


class Gone(Exception):
    """The connection is over: by the client, or by a fault."""


class Request:
    def __init__(self, method, target, headers, head_length):
        self.method, self.headers, self.head_length = method, headers, head_length
        self.target = target
        self.path, _, query = target.partition("?")
        self.pairs = sigv4.split_query(query)
        self.query = dict(self.pairs)
        self.body, self.trailers = b"", {}
        bucket, _, key = unquote(self.path[1:], errors="surrogateescape").partition("/")
        self.bucket, self.key = bucket, key
        self.name = f"/{bucket}/{key}"

    def header(self, name, default=""):
        return self.headers.get(name, default)

    def checksum(self, algorithm):
        """As header or trailer."""
        name = f"x-amz-checksum-{algorithm}"
        return self.headers.get(name) or self.trailers.get(name)


class Reply:
    def __init__(self, status=200, headers=None, body=b""):
        self.status, self.headers, self.body = status, dict(headers or {}), body
        self.length = None  # Content-Length where it is not that of the body
        self.spaces = 0


REASONS = {200: "OK", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently", 304: "Not Modified",
           307: "Temporary Redirect", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 409: "Conflict",
           411: "Length Required", 412: "Precondition Failed", 416: "Range Not Satisfiable", 429: "Too Many Requests",
           500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable"}


class Wire:
    def __init__(self, connection):
        self.socket = connection
        self.buffer = b""

    def _receive(self):
        try:
            data = self.socket.recv(256 * 1024)
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        return data

    def read_request(self):
        """The next request's head; its body is still to be read."""
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > MAX_HEAD:
                raise Gone
            self.buffer += self._receive()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise Gone
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.lower()
            headers[name] = f"{headers[name]},{value.strip()}" if name in headers else value.strip()
        return Request(words[0], words[1], headers, len(head) + 4)

    def read_raw(self, count):
        while len(self.buffer) < count:
            # Grown in steps, joined once: bodies are some MiB.
            pieces, have = [self.buffer], len(self.buffer)
            while have < count:
                data = self._receive()
                pieces.append(data)
                have += len(data)
            self.buffer = b"".join(pieces)
        raw, self.buffer = self.buffer[:count], self.buffer[count:]
        return raw

    def expect(self, request):
        if request.header("expect").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone from error

    def reset(self):
        """Ends with a TCP reset, as a machine that dies or a middlebox does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def stall(self, seconds):
        """Stands still; ends early where the client leaves."""
        deadline = time.monotonic() + seconds
        poller = select.poll()
        poller.register(self.socket, select.POLLRDHUP)
        while (left := deadline - time.monotonic()) > 0:
            if poller.poll(min(left, 1) * 1000):
                raise Gone


def decode_chunks(raw):
    """The data and the trailers of an aws-chunked body; ValueError where it is malformed."""
    data, trailers, at = [], {}, 0
    while True:
        end = raw.index(b"\r\n", at)
        size = int(raw[at:end].split(b";")[0], 16)
        at = end + 2
        if size == 0:
            break
        data.append(raw[at:at + size])
        if raw[at + size:at + size + 2] != b"\r\n":
            raise ValueError("a chunk does not end where it says")
        at += size + 2
    for line in raw[at:].decode("latin-1").split("\r\n"):
        if line:
            name, _, value = line.partition(":")
            trailers[name.lower()] = value.strip()
    return b"".join(data), trailers


def encode(reply, date, head_only, extra):
    """The bytes of a reply: head, body."""
    body = b" " * reply.spaces + reply.body
    length = len(body) if reply.length is None else reply.length
    headers = {"Date": date, **extra, **reply.headers}
    if reply.status not in (204, 304):
        headers.setdefault("Content-Length", str(length))
    head = f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode("latin-1") + b"\r\n", b"" if head_only else body
