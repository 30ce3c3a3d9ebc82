"""What the tests share. They run against the package as it is laid out or installed:

    lay_out.py HEADER LIBRARY FOLDER && PYTHONPATH=FOLDER pytest bindings/python/tests
    tests/servers/servers.py run fault -- pytest bindings/python/tests      # also those that need an S3 server
"""

import ctypes
import gc
import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
S3 = os.environ.get("WEIR_TEST_S3_ENDPOINT")
skipped = []


def pytest_collection_modifyitems(items):
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "s3" in names:
            item.add_marker(pytest.mark.server)
            if not S3:
                item.add_marker(pytest.mark.skip(reason="needs a server: servers.py run fault -- pytest ..."))
        if "script" in names:
            item.add_marker(pytest.mark.scripted)


def pytest_runtest_logreport(report):
    if report.skipped:
        skipped.append(f"{report.nodeid}: {report.longrepr[2]}")


def pytest_collectreport(report):
    pytest_runtest_logreport(report)


def pytest_sessionfinish(session):
    """Where all is meant to be there, what is missing is told. With sanitizers, leaks are looked for."""
    if "libclang_rt.asan" in os.environ.get("LD_PRELOAD", ""):  # see tests/bindings/under_asan.py
        gc.collect()
        ctypes.CDLL(None).__lsan_do_recoverable_leak_check()
    if skipped and os.environ.get("WEIR_TEST_NO_SKIPS"):
        print("\nnot run, which is an error here:", *skipped, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def s3(request):
    """s3("key") → the name of an object of this test's own."""
    bucket = os.environ["WEIR_TEST_S3_BUCKET"]
    place = f"{request.node.name}-{uuid.uuid4().hex[:8]}"
    return lambda key="": f"s3://{bucket}/{place}/{key}"


@pytest.fixture(scope="session")
def s3_context():
    import weir

    return weir.Context(s3_endpoint_url=S3)


@pytest.fixture
def script():
    """Tells the scripted server what to do wrong."""
    if os.environ.get("WEIR_TEST_S3_SERVER") != "fault":
        pytest.skip("needs the scripted server: servers.py run fault -- pytest ...")

    def post(*faults):
        request = urllib.request.Request(S3 + "/_weir/faults", json.dumps(faults).encode(), method="POST")
        urllib.request.urlopen(request).read()

    return post


def pattern(size):
    block = bytes((i * 31 + (i >> 8)) & 255 for i in range(65521))
    return (block * (size // len(block) + 1))[:size]


def eventually(condition, seconds=20):
    """Waits until it is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.002)


def python(program, *words, **options):
    """Another Python, with what `program` says; for what must not be done to this one."""
    return subprocess.Popen([sys.executable, "-c", program, *[str(word) for word in words]], **options)
