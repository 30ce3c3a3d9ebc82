#!/usr/bin/env python3
"""`weir serve` behind nginx, with the configuration that is given to users (examples/deploy/nginx.conf).

Exits with 77 where there is no nginx.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "conformance"), str(HERE)]
from http_talk import Talk, ask  # noqa: E402
from serve_test import TUS, Reader, form, tus  # noqa: E402
from serving import Serving  # noqa: E402
from tus_suite import OFFSET_TYPE, some_bytes  # noqa: E402

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
EXAMPLE = HERE.parents[1] / "examples/deploy/nginx.conf"
MIB = 1 << 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """The example, with other ports, as this user."""

    def __init__(self, server):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-nginx.")
        port = free_port()
        example = EXAMPLE.read_text()
        site, changed = re.subn(r"listen 80;", f"listen 127.0.0.1:{port};", example)
        assert changed == 1 and "server 127.0.0.1:8080;" in site
        site = site.replace("server 127.0.0.1:8080;", f"server {server.listen};")
        folder = self.folder.name
        temporary = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        conf = Path(folder) / "nginx.conf"
        conf.write_text(f"daemon off;\nerror_log {folder}/error.log;\npid {folder}/pid;\nworker_processes 1;\nevents {{}}\nhttp {{\n  access_log off;\n{temporary}{site}}}\n")
        self.command = [NGINX, "-e", f"{folder}/error.log", "-p", folder, "-c", str(conf)]
        self.url = f"http://127.0.0.1:{port}"
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", int(self.url.rsplit(":", 1)[1])), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("nginx does not start")

    def end(self):
        self.process.terminate()
        self.process.wait(20)

    def __exit__(self, *_):
        self.end()
        self.folder.cleanup()


class BehindNginx(unittest.TestCase):
    def setUp(self):
        self.server = Serving()
        self.server.start()
        self.addCleanup(self.server.__exit__)
        self.nginx = Nginx(self.server)
        self.addCleanup(self.nginx.__exit__)
        self.url = self.nginx.url
        self.files = self.url + "/files"

    def create(self, length):
        answer = tus("POST", self.files, {"Upload-Length": length})
        self.assertEqual(answer.status, 201, answer)
        return urllib.parse.urljoin(self.url, answer["location"])

    def test_uploads_and_ranges(self):
        body = some_bytes(30 * MIB)  # more than nginx takes unless it is told
        for answer in (ask(self.files + "/a", "PUT", {}, body), ask(self.files, "POST", {}, body, chunked=True)):
            self.assertEqual(answer.status, 201, answer)
            url = urllib.parse.urljoin(self.url, answer["location"])
            self.assertTrue(ask(url, "GET").body == body)
            part = ask(url, "GET", {"Range": "bytes=1000-20000000"})
            self.assertEqual((part.status, part.body == body[1000:20000001]), (206, True))
            self.assertEqual(ask(url, "GET", {"If-None-Match": part["etag"]}).status, 304)
        fields, text = form([('name="a"; filename="a"', body)])
        self.assertEqual(ask(self.files, "POST", fields, text).status, 201)

    def test_an_upload_that_is_cut_has_brought_what_came(self):
        body = some_bytes(8 * MIB)
        url = self.create(len(body))
        for cut in (lambda talk: None, lambda talk: self.nginx.process.kill()):
            offset = int(tus("HEAD", url)["upload-offset"])
            with Talk(url) as talk:
                talk.begin("PATCH", {**TUS, "Upload-Offset": offset, "Content-Type": OFFSET_TYPE}, body[offset:], 2 * MIB)
                self.until_it_has(url, offset + MIB)
                cut(talk)
        self.nginx.process.wait(20)
        self.nginx.start()
        offset = int(tus("HEAD", url)["upload-offset"])
        self.assertGreaterEqual(offset, 2 * MIB)
        answer = tus("PATCH", url, {"Upload-Offset": offset, "Content-Type": OFFSET_TYPE}, body[offset:])
        self.assertEqual((answer.status, answer["upload-offset"]), (204, str(len(body))))
        self.assertTrue(ask(url, "GET").body == body)

    def until_it_has(self, url, bytes_there):
        """While the request goes on: nothing is kept back on the way."""
        file = self.server.to / ".weir" / url.rsplit("/", 1)[1]
        for _ in range(400):
            if file.stat().st_size >= bytes_there:
                return
            time.sleep(0.05)
        self.fail(f"{file.stat().st_size} bytes have come of {bytes_there}")

    def test_events_come_at_once(self):
        reader = Reader(self.url + "/events")
        self.addCleanup(reader.close)
        self.assertIn("text/event-stream", reader.head)
        began = time.monotonic()
        url = self.create(10)
        self.assertEqual(reader.event()[1]["id"], url.rsplit("/", 1)[1])
        self.assertLess(time.monotonic() - began, 10)

    def test_a_server_that_is_started_again_is_found(self):
        url = self.create(10)
        self.server.kill()
        self.assertEqual(ask(self.url + "/health", "GET").status, 502)
        self.server.start()
        for _ in range(300):  # nginx leaves it alone for ten seconds
            answer = tus("HEAD", url)
            if answer.status == 200:
                break
            time.sleep(0.1)
        self.assertEqual(answer["upload-offset"], "0")

    def test_pages_of_elsewhere_and_its_own(self):
        self.assertEqual(ask(self.files, "POST", {"Origin": "https://elsewhere.example"}, b"x").status, 403)
        self.assertEqual(ask(self.files, "POST", {"Origin": self.url}, b"x").status, 201)

    def test_tus_as_a_whole(self):
        done = subprocess.run([sys.executable, HERE.parent / "conformance/conformance.py", "tus", self.files], stdout=subprocess.PIPE, text=True, check=False)
        failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
        self.assertEqual([line for line in failed if "as a trailer" not in line], [], done.stdout)  # nginx passes no trailers on
        self.assertIn("ok ", done.stdout)


if __name__ == "__main__":
    if NGINX is None:
        print("behind_nginx.py: there is no nginx (Debian: nginx-light, which also starts one: so it is not installed for the tests)")
        sys.exit(77)
    unittest.main()
