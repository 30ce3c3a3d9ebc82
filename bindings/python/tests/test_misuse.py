"""Slips and hostile input: an error each time."""

import threading

import pytest

import weir
from weir.chunks import Pull
from weir.feeding import Push
from weir.job import start_line


def test_names_and_texts_that_cannot_be():
    for name in ("", "a\0b", b"a\0b"):
        with pytest.raises(weir.InvalidArgument):
            weir.copy(name, "null:")
    for name in (None, 7, ["x"]):
        with pytest.raises(TypeError):
            weir.copy(name, "null:")
    with pytest.raises(weir.InvalidArgument):
        weir.copy("gen:1KiB", "null:", content_type="a\0b")
    with pytest.raises(weir.InvalidArgument):
        weir.copy("gen:1KiB", "null:", through="x" * (2 << 20))
    with pytest.raises(weir.InvalidArgument):
        weir.copy("gen:1KiB", "null:", content_type="\ud800 is no text")


def test_names_that_are_no_utf8(tmp_path):
    path = bytes(tmp_path) + b"/\xff\xfe"
    weir.upload(b"x", __import__("pathlib").Path(__import__("os").fsdecode(path)))
    assert weir.download(path) == b"x"


def test_options_that_there_are_not():
    with pytest.raises(TypeError, match="levle"):
        weir.copy("gen:1KiB", "null:", levle=3)
    with pytest.raises(TypeError, match="through"):
        (weir.source("gen:1KiB") | "null:").run(through="zstd")
    for value in (-1, 1 << 70, "many"):
        with pytest.raises((TypeError, OverflowError, weir.Error)):
            weir.copy("gen:1KiB", "null:", budget_bytes=value)


def test_what_cannot_be_stored(tmp_path):
    for wrong in ("text", 7, None, ["text"], [7], object()):
        with pytest.raises(TypeError):
            weir.upload(wrong, tmp_path / "out")
    with pytest.raises((BufferError, TypeError)):
        weir.upload(memoryview(b"abcdef")[::2], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_buffer_cannot_vanish_while_it_is_read(tmp_path):
    data = bytearray(b"x" * 1_000_000)
    with weir.open(tmp_path / "out", "wb", buffering=0) as file:
        file.write(data)
        data[:] = b"y" * len(data)  # it was copied
        data.clear()
    assert (tmp_path / "out").read_bytes() == b"x" * 1_000_000


def test_one_handle_and_two_threads():
    pull = Pull()
    job = start_line(weir.source("gen:64MiB") | "rate_limit 1MiB" | "pull", {}, pull=pull.handle)
    inside = threading.Event()
    told = []

    def other():
        while not told and not job.done:
            try:
                pull.try_chunk()
            except weir.WrongState as error:
                told.append(error)
        inside.set()

    thread = threading.Thread(target=other)
    thread.start()
    try:
        while not inside.is_set():
            try:
                pull.wait()
            except weir.WrongState as error:
                told.append(error)
    finally:
        job.cancel()
        thread.join()
    assert told


def test_a_handle_serves_one_pipeline():
    push = Push()
    job = start_line(weir.stage("push") | "null:", {}, push=push.handle)
    with pytest.raises(weir.Error):
        start_line(weir.stage("push") | "null:", {}, push=push.handle)
    push.close()
    job.result()
    push.free()
    push.free()
    with pytest.raises(weir.Closed):
        push.write(b"x")


def test_a_context_that_was_closed():
    with weir.Context() as context:
        assert weir.copy("gen:1KiB", "null:", context=context).bytes_read == 1024
    context.close()


def test_contexts_that_cannot_be():
    with pytest.raises(weir.BudgetTooSmall):
        weir.copy("gen:1KiB", "null:", context=weir.Context(budget_bytes=1))
    with pytest.raises(TypeError):
        weir.Context(credentials="AKID")
    with pytest.raises(TypeError):
        weir.Context(colour="red")
