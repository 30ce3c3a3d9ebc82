#!/usr/bin/env python3
"""A plain HTTP server of objects in memory, as careful as a good one is: PUT, GET and HEAD, nothing else.

    http_objects.py [--port 0] [--host 127.0.0.1]

Prints "listening on PORT". A path is an object, byte for byte as it comes, without its query. Ranges, strong ETags,
If-Match and If-None-Match (RFC 9110), Repr-Digest (RFC 9530); what describes an object comes back with it. Objects is also what
tests derive servers of their own from.
"""

import argparse
import base64
import hashlib
import http.server
import re
import threading

KEPT = ("Content-Type", "Content-Encoding", "Cache-Control", "Content-Disposition")


class Objects(http.server.BaseHTTPRequestHandler):
    """The server has `files` (bytes by path), `kept` (headers by path) and `lock`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def name(self):
        return self.path.partition("?")[0]

    def sent(self):
        """The request's body."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def described(self, name, body):
        digest = hashlib.sha256(body).digest()
        return {"ETag": f'"{digest.hex()[:32]}"', "Accept-Ranges": "bytes",
                "Repr-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:", **self.server.kept.get(name, {})}

    def give(self, name):
        body = self.server.files.get(name)
        if body is None:
            return self.answer(404, b"nothing there", {"Content-Type": "text/plain"})
        more = self.described(name, body)
        if self.headers.get("If-Match", more["ETag"]) != more["ETag"]:
            return self.answer(412)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not wanted:
            return self.answer(200, body, more)
        first, last = int(wanted[1]), min(int(wanted[2]), len(body) - 1)
        if first > last:
            return self.answer(416, headers={"Content-Range": f"bytes */{len(body)}"})
        return self.answer(206, body[first:last + 1], {**more, "Content-Range": f"bytes {first}-{last}/{len(body)}"})

    def take(self, name, body):
        with self.server.lock:
            there = self.server.files.get(name)
            wanted = self.headers.get("If-Match")
            if (there is not None and self.headers.get("If-None-Match") == "*") or (
                    wanted and (there is None or self.described(name, there)["ETag"] != wanted)):
                return self.answer(412)
            self.server.kept[name] = {header: self.headers[header] for header in KEPT if header in self.headers}
            self.server.files[name] = body
        return self.answer(201, headers={"ETag": self.described(name, body)["ETag"]})

    def do_GET(self):
        self.give(self.name())

    do_HEAD = do_GET

    def do_PUT(self):
        self.take(self.name(), self.sent())


def make(handler=Objects, host="127.0.0.1", port=0):
    server = http.server.ThreadingHTTPServer((host, port), handler)
    server.handle_error = lambda *_: None  # who has seen enough hangs up
    server.files, server.kept, server.lock = {}, {}, threading.Lock()
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = make(host=options.host, port=options.port)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
