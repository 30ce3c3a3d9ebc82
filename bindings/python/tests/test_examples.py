"""The examples are run as they stand."""

import subprocess
import sys

from conftest import ROOT

import weir

EXAMPLES = ROOT / "bindings/python/examples"


def run(name, *words, **environment):
    import os

    told = subprocess.run([sys.executable, EXAMPLES / name, *map(str, words)], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_lines_into_a_bucket_and_back_as_csv(tmp_path):
    said = run("lines_into_a_bucket.py", tmp_path / "rows.csv.zst", XDG_STATE_HOME=str(tmp_path / "state"))
    assert "sha256" in said
    assert run("object_as_csv.py", tmp_path / "rows.csv.zst", "unzstd") == "1000000 rows\n"


def test_own_stages(tmp_path):
    (tmp_path / "log").write_bytes(b"fine\nERROR one\nfine\nERROR two\n")
    assert "bytes stored" in run("own_stages.py", tmp_path / "log", tmp_path / "out.zst")
    assert weir.download(tmp_path / "out.zst", through="unzstd") == b"     1  ERROR one\n     2  ERROR two\n"
