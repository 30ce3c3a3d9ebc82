"""Copies, uploads and downloads of what Python has."""

import io
import threading

import pytest
from conftest import eventually, pattern

import weir
from weir import _hosts

DATA = pattern(5_000_007)


def test_a_copy_gives_the_proof(tmp_path):
    (tmp_path / "in").write_bytes(DATA)
    seen = []
    receipt = weir.copy(tmp_path / "in", tmp_path / "out.zst", through="sha256 | zstd", progress=seen.append)
    assert receipt.bytes_read == len(DATA) and receipt.checksum.startswith("crc64nvme:") and len(receipt.facts["sha256"]) == 64
    assert seen[-1].state is weir.State.DONE and seen[-1].bytes_total == len(DATA)
    assert weir.download(str(tmp_path / "out.zst"), through="unzstd") == DATA


@pytest.mark.parametrize("given", [DATA, bytearray(DATA), memoryview(DATA)], ids=["bytes", "bytearray", "memoryview"])
def test_buffers_are_stored(tmp_path, given):
    assert weir.upload(given, tmp_path / "out").bytes_stored == len(DATA)
    assert (tmp_path / "out").read_bytes() == DATA
    eventually(lambda: _hosts.count() == 0)


def test_iterators_generators_and_files_are_stored(tmp_path):
    pieces = [DATA[:10], b"", DATA[10:3_000_000], bytearray(DATA[3_000_000:])]
    for given in (pieces, iter(pieces), (piece for piece in pieces), io.BytesIO(DATA)):
        weir.upload(given, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == DATA
    with open(tmp_path / "out", "rb") as file:
        weir.upload(file, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == DATA
    weir.upload([], tmp_path / "empty")
    assert (tmp_path / "empty").read_bytes() == b""


def test_a_stage_that_has_enough_ends_an_endless_iterable(tmp_path):
    endless = iter(lambda: DATA, b"")
    receipt = weir.upload(endless, tmp_path / "out", through="take bytes=7000000 | sha256")
    assert receipt.bytes_stored == 7_000_000 and receipt.facts["sha256"]
    assert (tmp_path / "out").read_bytes() == (DATA + DATA)[:7_000_000]
    with weir.open(tmp_path / "file", "wb", through="take bytes=7000000") as file:
        for _ in range(20):
            assert file.write(DATA) == len(DATA)
    assert file.receipt.bytes_stored == 7_000_000
    assert weir.upload(DATA, tmp_path / "out", through="take bytes=3").bytes_stored == 3


def test_an_iterator_that_raises_stores_nothing(tmp_path):
    def rows():
        yield DATA
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        weir.upload(rows(), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_downloads_go_where_they_are_wanted(tmp_path):
    weir.upload(DATA, tmp_path / "in")
    out = io.BytesIO()
    assert weir.download(tmp_path / "in", out) == len(DATA) and out.getvalue() == DATA
    buffer = bytearray(len(DATA) + 1)
    assert weir.download(tmp_path / "in", buffer) == len(DATA) and buffer[:-1] == DATA
    with pytest.raises(weir.Limit):
        weir.download(tmp_path / "in", bytearray(10))
    assert weir.download(tmp_path / "in", tmp_path / "out").bytes_stored == len(DATA)


def test_chunks_are_the_jobs_memory_and_outlive_it(tmp_path):
    weir.upload(DATA, tmp_path / "in")
    kept = list(weir.file(tmp_path / "in") | "zstd | unzstd")
    assert b"".join(kept) == DATA and all(chunk.readonly for chunk in kept)


def test_who_breaks_off_ends_the_job():
    before = threading.active_count()
    for chunk in weir.source("gen:1GiB") | weir.zstd():
        assert chunk
        break
    eventually(lambda: _hosts.count() == 0)
    assert threading.active_count() <= before


def test_a_pipeline_is_run(tmp_path):
    pipe = weir.source("gen:3MiB") | weir.sha256() | weir.stage("zstd", level=1) | weir.to(tmp_path / "out")
    assert str(pipe).startswith("gen:3MiB | sha256 | zstd level=1 | file:")
    assert pipe.run().bytes_read == 3 << 20
    both = weir.source("gen:1MiB") | weir.tee(tmp_path / "a b", tmp_path / "c")
    both.run()
    assert (tmp_path / "a b").read_bytes() == (tmp_path / "c").read_bytes() != b""


def test_a_bar_is_drawn(capsys, tmp_path):
    weir.copy("gen:3MiB", tmp_path / "out", progress=True)
    assert "100%" in capsys.readouterr().err
