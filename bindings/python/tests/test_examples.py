"""The examples are run as they stand."""

import hashlib
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT, S3

import weir

EXAMPLES = ROOT / "bindings/python/examples"


@pytest.fixture
def start(tmp_path):
    """start(NAME, WORDS...) → the example at work, with a state directory and keys of the test's."""
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), **({"AWS_ENDPOINT_URL": S3} if S3 else {})}

    def begin(name, *words):
        command = [sys.executable, EXAMPLES / name, *map(str, words)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    return begin


@pytest.fixture
def run(start):
    """run(NAME, WORDS...) → what it says."""

    def to_its_end(name, *words):
        example = start(name, *words)
        out, told = example.communicate(timeout=100)
        assert example.returncode == 0, told
        return out

    return to_its_end


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log").write_bytes(b"fine\nERROR one\nfine\nERROR two\n")
    return tmp_path / "log"


def test_ten_lines(start, run, log, tmp_path):
    assert "bytes stored in" in run("upload_ten_lines.py", log, tmp_path / "out.zst")
    assert weir.download(tmp_path / "out.zst", through="unzstd") == log.read_bytes()
    failing = start("upload_ten_lines.py", tmp_path / "no", tmp_path / "out.zst")
    out, told = failing.communicate(timeout=100)
    assert (failing.returncode, out) == (1, "") and "\ncannot read " in told and "Traceback" not in told


def test_ten_lines_on_s3(s3, s3_context, run, log):
    assert "verified: True" in run("upload_ten_lines.py", log, s3("log.zst"))
    assert weir.download(s3("log.zst"), through="unzstd", context=s3_context) == log.read_bytes()


def test_a_kill_is_survived_on_s3(s3, s3_context, start, run, tmp_path):
    data = os.urandom(64 << 20)
    (tmp_path / "big").write_bytes(data)
    ledger = weir.Context(ledger=True, state_dir=tmp_path / "state/weir", s3_endpoint_url=S3)
    while True:  # until one was killed while it had stored some, and not all
        victim = start("survives_a_kill.py", tmp_path / "big", s3("big.zst"))
        while victim.poll() is None and not any(one.bytes_stored for one in weir.unfinished(context=ledger)):
            time.sleep(0.001)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        if victim.returncode == -signal.SIGKILL and any(one.bytes_stored for one in weir.unfinished(context=ledger)):
            break
    said = run("survives_a_kill.py", tmp_path / "big", s3("big.zst"))
    assert f"sha256 {hashlib.sha256(data).hexdigest()}" in said and " 0 of them" not in said
    assert weir.unfinished(context=ledger) == []
    stored = weir.download(s3("big.zst"), context=s3_context)
    weir.copy(tmp_path / "big", tmp_path / "in one go", through="zstd level=3")
    assert stored == (tmp_path / "in one go").read_bytes()


def test_lines_into_a_bucket_and_back_as_csv(run, tmp_path):
    assert "sha256" in run("lines_into_a_bucket.py", tmp_path / "rows.csv.zst")
    assert run("object_as_csv.py", tmp_path / "rows.csv.zst", "unzstd") == "1000001 rows\n"


def test_a_bucket_as_csv_and_as_tables_on_s3(s3, s3_context, run, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    run("lines_into_a_bucket.py", s3("rows.csv.zst"))
    assert run("object_as_csv.py", s3("rows.csv.zst"), "unzstd") == "1000001 rows\n"
    assert run("object_as_table.py", s3("rows.csv.zst"), s3("rows.parquet")).startswith("1000000 rows")
    weir.copy(s3("rows.parquet"), tmp_path / "rows.parquet", context=s3_context)
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    assert table.num_rows == 1_000_000 and table["square"][999_999].as_py() == 999_999**2


def test_own_stages(run, log, tmp_path):
    assert "bytes stored" in run("own_stages.py", log, tmp_path / "out.zst")
    assert weir.download(tmp_path / "out.zst", through="unzstd") == b"     1  ERROR one\n     2  ERROR two\n"


def test_an_event_loop_of_ones_own(start, run, log, tmp_path):
    (tmp_path / "other").write_bytes(os.urandom(3_000_017))
    both = [log, tmp_path / "other"]
    assert run("own_event_loop.py", *both) == "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path}\n" for path in both)
    failing = start("own_event_loop.py", log, tmp_path / "no")
    assert "cannot " in failing.communicate(timeout=100)[1] and failing.returncode == 1
