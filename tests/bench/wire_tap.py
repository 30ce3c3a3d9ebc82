"""Stands between a client and an endpoint, passes every byte on, and keeps what requests say about their bodies' integrity."""

import re
import socket
import threading
from contextlib import suppress

EMPTY_SHA256 = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
LONGEST = 256  # bytes of a line below; so much is looked at again with the next block
LINE = re.compile(
    rb"(?P<method>PUT|POST|GET|HEAD|DELETE) /[^ \r\n]* HTTP/1\.1\r"
    rb"|\n(?P<name>x-amz-content-sha256|x-amz-checksum-(?:crc\w+|sha\w+|xxhash\w+|md5)|content-md5|x-amz-meta-md5chksum)"
    rb": *(?P<value>[^\r\n]{1,120})\r", re.IGNORECASE)


def proof_of(method, name, value):
    """What that header of a request proves about object bytes, or None."""
    name, value = name.lower(), value.strip()
    if name == b"x-amz-meta-md5chksum":
        return "MD5"  # of the whole file; goes with the request that begins an upload
    if method != b"PUT":
        return None
    if name == b"content-md5":
        return "MD5"
    if name == b"x-amz-content-sha256":
        return None if value.startswith((b"UNSIGNED", b"STREAMING-UNSIGNED")) or value == EMPTY_SHA256 else "SHA-256"
    return name.rpartition(b"-")[2].decode().upper().replace("SHA256", "SHA-256").replace("SHA1", "SHA-1")


class WireTap:
    """with WireTap(url) as tap: tap.url, tap.proofs (a set of names as "CRC64NVME", "SHA-256", "MD5")."""

    def __init__(self, url):
        self.upstream = tuple(url.removeprefix("http://").rsplit(":", 1))
        self.proofs = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self.listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, suppress(OSError), socket.create_connection(self.upstream) as server:
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._forward, args=(server, client, None), daemon=True)
            back.start()
            self._forward(client, server, self._look())
            back.join()

    def _look(self):
        """A function that is shown the blocks of one connection in order."""
        method, rest = b"", b""

        def look(block):
            nonlocal method, rest
            text = rest + block
            end = 0
            for found in LINE.finditer(text):
                end = found.end()
                method = found["method"] or method
                proof = found["name"] and proof_of(method, found["name"], found["value"])
                if proof:
                    self.proofs.add(proof)
            rest = text[max(end, len(text) - LONGEST):]

        return look

    def _forward(self, source, target, look):
        with suppress(OSError):
            while block := source.recv(256 * 1024):
                if look:
                    look(block)
                target.sendall(block)
            target.shutdown(socket.SHUT_WR)
            return
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
