"""Stages written in Python."""

import threading

import pytest
from conftest import eventually

import weir
from weir import _hosts

LINES = b"".join(b"line %d\n" % i for i in range(60_000)) + b"no end"


@pytest.fixture
def lines_file(tmp_path):
    (tmp_path / "lines").write_bytes(LINES)
    return weir.file(tmp_path / "lines")


def out_of(pipe):
    return b"".join(pipe)


def test_filter_and_map_see_lines(lines_file):
    odd = weir.filter(lambda line: line.strip().endswith(b"7"))
    assert out_of(lines_file | weir.lines() | odd) == b"".join(
        line for line in LINES.splitlines(keepends=True) if line.strip().endswith(b"7"))
    upper = weir.map(bytes.upper)
    assert out_of(lines_file | upper) == LINES.upper()
    twice = weir.map(lambda line: [line, line] if b"7" in line else None)
    got = out_of(lines_file | odd | twice | weir.grep("77"))
    assert got == b"".join(line * 2 for line in LINES.splitlines(keepends=True) if b"77" in line and line.strip().endswith(b"7"))


@pytest.mark.parametrize("stage", [weir.map(lambda line: line), weir.filter(lambda line: True)])
def test_a_line_that_is_longer_than_lines_may_be_ends_the_job(stage):
    mib = 1 << 20
    with pytest.raises(weir.InputOutput) as failed:
        weir.upload(b"short\n" + b"a" * (256 * mib), "null:", through=stage)
    assert isinstance(failed.value.__cause__, weir.Limit)
    assert failed.value.__cause__.offset == 6
    long = b"a" * (mib - 1) + b"\n" + b"b" * mib + b"\n"
    with pytest.raises(weir.InputOutput) as failed:
        weir.upload(long, "null:", through=stage)
    assert failed.value.__cause__.offset == mib
    assert weir.upload(long[: mib + 10], "null:", through=stage).bytes_stored == mib + 10


def test_functions_and_generators_stand_beside_the_bar(lines_file, tmp_path):
    def count(pieces):
        size = 0
        for piece in pieces:
            size += len(piece)
        yield b"%d" % size

    assert out_of(lines_file | count) == b"%d" % len(LINES)
    assert out_of(lines_file | (lambda piece: piece.upper())) == LINES.upper()
    assert weir.copy(tmp_path / "lines", tmp_path / "out", through=weir.generate(count) | weir.sha256()).facts["sha256"]
    assert (tmp_path / "out").read_bytes() == b"%d" % len(LINES)


def test_a_generator_may_end_early_or_begin_late(lines_file):
    def first(pieces):
        yield b"begin "
        yield next(iter(pieces))[:4]

    def nothing(pieces):
        return
        yield

    assert out_of(lines_file | first) == b"begin line"
    assert out_of(lines_file | nothing) == b""
    assert out_of(lines_file | "take bytes=1" | first) == b"begin l"


def test_a_class_of_ones_own(lines_file):
    closed = threading.Event()

    class Count:
        def __init__(self):
            self.size = 0

        def process(self, data):
            self.size += len(data)
            return ()

        def finish(self):
            yield b"%d" % self.size

        def close(self):
            closed.set()

    assert out_of(lines_file | weir.custom(Count)) == b"%d" % len(LINES)
    assert closed.wait(20)


def broken_process(piece):
    raise KeyError("mine")


def broken_generator(pieces):
    next(pieces)
    raise KeyError("mine")
    yield


@pytest.mark.parametrize("stage", [broken_process, broken_generator, weir.filter(broken_process), weir.map(broken_process)])
def test_a_stage_that_raises_fails_the_job_with_its_reason(lines_file, tmp_path, stage):
    with pytest.raises(weir.InputOutput) as caught:
        (lines_file | stage | weir.to(tmp_path / "out")).run()
    assert isinstance(caught.value.__cause__, KeyError) and "KeyError" in str(caught.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(weir.InputOutput) as caught:
        out_of(lines_file | stage)
    assert isinstance(caught.value.__cause__, KeyError)
    eventually(lambda: _hosts.count() == 0)


@pytest.mark.parametrize("answer", ["text", 7, True, object(), ["text"], [None]])
def test_a_stage_that_gives_the_wrong_type(lines_file, answer):
    with pytest.raises(weir.InputOutput) as caught:
        out_of(lines_file | weir.pieces(lambda piece: answer))
    assert isinstance(caught.value.__cause__, TypeError)


def test_a_factory_that_raises(lines_file):
    with pytest.raises(weir.InvalidArgument) as caught:
        (lines_file | weir.custom(lambda: {}["mine"]) | "null:").start()
    assert isinstance(caught.value.__cause__, KeyError)
    eventually(lambda: _hosts.count() == 0)


def test_text_cannot_name_a_function():
    with pytest.raises(weir.InvalidArgument, match="same call again"):
        weir.copy("gen:1KiB", "null:", through="python 0")


def test_what_is_no_stage():
    for wrong in (None, 7, b"bytes"):
        with pytest.raises(TypeError):
            weir.source("gen:1KiB") | wrong
    with pytest.raises(TypeError):
        weir.filter("text")


def test_the_library_cannot_be_waited_for_from_inside(lines_file):
    def inside(piece):
        weir.copy("gen:1KiB", "null:")

    with pytest.raises(weir.InputOutput) as caught:
        out_of(lines_file | inside)
    assert isinstance(caught.value.__cause__, weir.WrongState)


def test_a_generator_whose_job_is_cancelled_is_ended(tmp_path):
    ended = threading.Event()

    def endless(pieces):
        try:
            for piece in pieces:
                yield piece
        finally:
            ended.set()

    job = (weir.source("gen:100GiB") | endless | "rate_limit 1MiB" | "null:").start()
    job.cancel()
    with pytest.raises(weir.Cancelled):
        job.result(30)
    eventually(lambda: _hosts.count() == 0)
