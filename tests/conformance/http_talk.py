"""A client that says just what a test wants said: one request, one answer, over a socket of its own."""

import socket
import urllib.parse
from dataclasses import dataclass, field


@dataclass
class Answer:
    status: int
    fields: list = field(default_factory=list)  # (lower-case name, value)
    body: bytes = b""
    interim: list = field(default_factory=list)  # answers of 1xx that came before
    closed: bool = False  # by the server, behind it

    def __getitem__(self, name):
        """The value of the one field of that name; None where there is none."""
        found = [value for key, value in self.fields if key == name.lower()]
        if len(found) > 1:
            raise AssertionError(f"{name} came {len(found)} times")
        return found[0] if found else None


class Talk:
    """with Talk("http://host:port/path") as talk: talk.send(b"..."); answer = talk.answer("HEAD")."""

    def __init__(self, url, timeout=20):
        self.at = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((self.at.hostname, self.at.port or 80), timeout)
        self.left = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _head(self, method, target, fields):
        return [f"{method} {target} HTTP/1.1", f"Host: {self.at.netloc}",
                *(f"{name}: {value}" for name, value in (fields or {}).items() if value is not None)]

    def begin(self, method, fields, body, sent):
        """A request to the URL of which only the first `sent` bytes of its body leave."""
        head = self._head(method, self.at.path, {**fields, "Content-Length": len(body)})
        self.send("\r\n".join([*head, "", ""]).encode("latin-1") + body[:sent])

    def request(self, method, target, fields=None, body=b"", chunked=False, trailers=None):
        lines = self._head(method, target, fields)
        if chunked:
            lines.append("Transfer-Encoding: chunked")
            if trailers:
                lines.append("Trailer: " + ", ".join(trailers))
            ends = "".join(f"{name}: {value}\r\n" for name, value in (trailers or {}).items())
            middle = body and f"{len(body):x}\r\n".encode() + body + b"\r\n"
            body = middle + b"0\r\n" + ends.encode() + b"\r\n"
        elif body or method in ("POST", "PATCH", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return self.answer(method)

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.left += data

    def _until(self, end):
        while end not in self.left:
            self._more()
        text, self.left = self.left.split(end, 1)
        return text

    def _take(self, count):
        while len(self.left) < count:
            self._more()
        data, self.left = self.left[:count], self.left[count:]
        return data

    def answer(self, method="GET"):
        interim = []
        while True:
            first, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            version, status, *_ = first.split(" ", 2)
            if not version.startswith("HTTP/1."):
                raise AssertionError(f"no HTTP: {first!r}")
            fields = []
            for line in lines:
                name, _, value = line.partition(":")
                fields.append((name.lower(), value.strip()))
            answer = Answer(int(status), fields, interim=interim)
            if answer.status >= 200 or answer.status == 101:
                break
            interim.append(answer)
        if method == "HEAD" or answer.status in (101, 204, 304):
            return answer
        if (answer["transfer-encoding"] or "").lower() == "chunked":
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                answer.body += self._take(size)
                self._take(2)
            while self._until(b"\r\n"):
                pass
        elif answer["content-length"] is not None:
            answer.body = self._take(int(answer["content-length"]))
        else:
            try:
                while True:
                    self._more()
            except ConnectionError:
                answer.body, self.left, answer.closed = self.left, b"", True
        return answer


def ask(url, method, fields=None, body=b"", **how):
    """One request on a connection of its own."""
    with Talk(url) as talk:
        at = talk.at
        return talk.request(method, (at.path or "/") + (f"?{at.query}" if at.query else ""), fields, body, **how)
