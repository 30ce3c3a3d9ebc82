"""One tree of errors, which are Python's own too."""

import errno
import os
import pickle

import pytest

import weir
from weir.errors import BY_STATUS


def test_what_is_not_there(tmp_path):
    for attempt in (lambda: weir.open(tmp_path / "no"), lambda: weir.copy(tmp_path / "no", tmp_path / "out"),
                    lambda: weir.head(tmp_path / "no"), lambda: weir.download(tmp_path / "no")):
        with pytest.raises(FileNotFoundError) as caught:
            attempt()
        error = caught.value
        assert isinstance(error, weir.NotFound) and isinstance(error, weir.Error)
        assert error.status == "not_found" and error.errno == errno.ENOENT and error.retry == weir.Retry.NEVER
        assert str(error).startswith("cannot ") and error.operation and error.cause
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_cannot_be_meant_says_where():
    with pytest.raises(weir.InvalidArgument) as caught:
        weir.copy("gen:1KiB", "null:", through="zzstd")
    assert isinstance(caught.value, ValueError) and 'Did you mean "zstd"' in str(caught.value)


def test_a_budget_that_is_too_small_says_what_would_fit():
    with pytest.raises(weir.BudgetTooSmall) as caught:
        weir.copy("gen:64MiB", "null:", through="buffered 1000", budget_bytes=8 << 20)
    assert caught.value.needed_bytes > 8 << 20


def test_errors_survive_pickling():
    for kind in BY_STATUS.values():
        error = kind("cannot do it", cause="why", offset=7, retry=2)
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind and str(again) == "cannot do it" and (again.cause, again.offset, again.retry) == ("why", 7, 2)


def test_damaged_input_is_corrupt(tmp_path):
    weir.upload(os.urandom(300000), tmp_path / "in", through="zstd")
    data = bytearray((tmp_path / "in").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "in").write_bytes(data)
    with pytest.raises(weir.Corrupt):
        weir.download(tmp_path / "in", through="unzstd")
    with pytest.raises(weir.Corrupt), weir.open(tmp_path / "in", through="unzstd") as file:
        file.read()


def test_a_writer_says_why_its_job_failed(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(weir.Error, match="Not a directory"):
        weir.upload((b"x" * 100000 for _ in range(1000)), tmp_path / "file" / "below")
