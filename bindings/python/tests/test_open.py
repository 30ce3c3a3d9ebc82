"""open(): file objects that behave as Python's own."""

import csv
import gc
import io
import signal

import pytest
from conftest import eventually, pattern

import weir
from weir.chunks import Pull

DATA = pattern(3_000_017)


@pytest.fixture
def data_file(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(DATA)
    return path


def test_what_is_read_is_what_is_there(data_file):
    with weir.open(data_file) as file:
        assert isinstance(file, io.BufferedReader) and file.readable() and file.seekable() and not file.writable()
        assert file.read(10) == DATA[:10]
        assert file.read() == DATA[10:]
        assert file.read() == b""
    assert file.closed


def test_seeks_are_those_of_a_file(data_file):
    with weir.open(data_file, buffering=0) as file:
        assert file.size == len(DATA)
        for offset, whence in ((-7, io.SEEK_END), (5, io.SEEK_SET), (2_000_000, io.SEEK_CUR), (10, io.SEEK_SET), (0, io.SEEK_END)):
            at = file.seek(offset, whence)
            expected = {io.SEEK_SET: 0, io.SEEK_END: len(DATA)}.get(whence, 8) + offset
            assert at == expected == file.tell()
            if whence == io.SEEK_SET:
                assert file.read(3) == DATA[at : at + 3]
        assert file.read(3) == b""
        assert file.seek(len(DATA) + 5) == len(DATA) + 5 and file.read(1) == b""
        with pytest.raises(ValueError):
            file.seek(-1)
        with pytest.raises(ValueError):
            file.seek(0, 9)


def test_any_buffer_is_read_into(data_file):
    import array

    with weir.open(data_file) as file:
        numbers = array.array("I", [0] * 1000)
        assert file.readinto(numbers) == 4000 and numbers.tobytes() == DATA[:4000]
        with pytest.raises((TypeError, BufferError)):
            file.readinto(b"read-only")


def test_a_file_is_read_as_csv(tmp_path):
    path = tmp_path / "table.csv"
    with weir.open(path, "w", newline="") as file:
        csv.writer(file).writerows([["name", "size"], ["ä", 1], ["b", 2]])
    assert file.receipt.bytes_stored == len(path.read_bytes())
    with weir.open(path, "r", newline="") as file:
        assert list(csv.DictReader(file)) == [{"name": "ä", "size": "1"}, {"name": "b", "size": "2"}]


def test_stages_stand_between(tmp_path):
    path = tmp_path / "data.zst"
    with weir.open(path, "wb", through="zstd level=1") as file:
        for at in range(0, len(DATA), 12345):
            assert file.write(DATA[at : at + 12345]) == len(DATA[at : at + 12345])
    assert path.stat().st_size < len(DATA) and file.receipt.bytes_read == len(DATA)
    with weir.open(path, through=weir.unzstd()) as file:
        assert not file.seekable()
        with pytest.raises(io.UnsupportedOperation):
            file.seek(0)
        assert file.read() == DATA


def test_an_exception_inside_with_stores_nothing(tmp_path):
    for mode, words in (("wb", b"half"), ("w", "half")):
        with pytest.raises(KeyError):
            with weir.open(tmp_path / "out", mode) as file:
                file.write(words)
                raise KeyError("mine")
        assert file.closed and list(tmp_path.iterdir()) == []


def test_what_is_dropped_stores_nothing(tmp_path):
    for mode, words in (("wb", b"half"), ("w", "half")):
        file = weir.open(tmp_path / "out", mode)
        file.write(words)
        file.flush()
        del file
        gc.collect()
        eventually(lambda: list(tmp_path.iterdir()) == [])


def test_a_read_that_is_broken_off_loses_no_byte(data_file, monkeypatch):
    """A signal's exception, where it hurts most: the bytes have come, and nobody knows of them."""
    read_into = Pull.read_into
    calls = 0

    def broken(self, view):
        nonlocal calls
        calls += 1
        size = read_into(self, view)
        if calls % 3 == 0:
            raise KeyError("mine")
        return size

    monkeypatch.setattr(Pull, "read_into", broken)
    got = b""
    with weir.open(data_file, buffering=0) as file:
        while len(got) < len(DATA):
            try:
                got += file.read(100_000)
            except KeyError:
                pass
    assert got == DATA and calls > 5
    with weir.open(data_file, buffering=0, through="zstd | unzstd") as file:  # this cannot be read again
        with pytest.raises(KeyError):
            for _ in range(3):
                file.read(10)
        with pytest.raises(weir.InputOutput, match="broken off"):
            file.read(10)


@pytest.mark.parametrize("buffering", [0, -1])
def test_a_write_that_is_broken_off_stores_nothing(tmp_path, buffering):
    def interrupt(*_):
        raise KeyError("mine")

    file = weir.open(tmp_path / "out", "wb", buffering, through="rate_limit 1MiB")
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyError):
            file.write(b"x" * (20 << 20))
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(weir.InputOutput, match="broken off"):
        file.close()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_replaced_by_x(data_file):
    with pytest.raises(FileExistsError) as caught:
        with weir.open(data_file, "xb") as file:
            file.write(b"other")
    assert isinstance(caught.value, weir.AlreadyExists) and data_file.read_bytes() == DATA


def test_closing_twice_is_nothing_and_using_after_is_an_error(data_file, tmp_path):
    file = weir.open(data_file)
    file.close()
    file.close()
    with pytest.raises(ValueError):
        file.read(1)
    out = weir.open(tmp_path / "out", "wb", buffering=0)
    out.write(b"x")
    out.close()
    out.close()
    with pytest.raises(ValueError):
        out.write(b"y")
    assert (tmp_path / "out").read_bytes() == b"x"


def test_a_file_that_is_replaced_meanwhile_is_not_mixed(data_file):
    with weir.open(data_file, buffering=0) as file:
        file.seek(2_000_000)
        assert file.read(1)
        data_file.write_bytes(b"x" * len(DATA))
        file.seek(10)
        with pytest.raises(weir.SourceChanged):
            file.read(1)


def test_a_seek_reads_what_is_there_and_not_what_lies_before(tmp_path):
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(8 << 30)
        file.seek((4 << 30) + 5)
        file.write(b"here")
    with weir.open(large, buffering=0) as file:
        file.seek((4 << 30) + 5)
        assert file.read(4) == b"here"
        assert file._job.progress().bytes_read <= 1 << 20
        # Read on from there, it asks for more each time, across where one request ends and the next begins.
        while file.tell() < (4 << 30) + (8 << 20):
            assert not any(file.read(1 << 20)[:4])
        file.seek((4 << 30) + (8 << 20) + 1000)
        assert file.read(4) == bytes(4)
        file.seek(-3, 2)
        assert file.read() == bytes(3)


def test_what_says_that_it_is_empty_and_is_not_is_read(tmp_path):
    with weir.open("/proc/self/status") as file:
        assert b"VmRSS" in file.read()
    (tmp_path / "empty").write_bytes(b"")
    with weir.open(tmp_path / "empty") as file:
        assert file.read() == b"" and file.seek(0) == 0 and file.read() == b""


@pytest.mark.parametrize("mode", ["", "q", "rw", "r+", "rbt", "a"])
def test_modes_that_there_are_not(data_file, mode):
    with pytest.raises(ValueError):
        weir.open(data_file, mode)


def test_a_file_is_a_file_whatever_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("count", "a b", 'quote"d', "it's", "back\\slash", "pipe|d", "ünï"):
        weir.upload(name.encode(), tmp_path / name)
        assert weir.open(name).read() == name.encode()
        assert weir.download(tmp_path / name) == name.encode()
