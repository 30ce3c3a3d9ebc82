"""What is slow holds up what is fast; nothing is kept, nothing leaks."""

import gc
import os
import time

from conftest import eventually

import weir
from weir import _hosts

MIB = 1 << 20


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_slow_sink_holds_up_an_iterable():
    piece = bytes(MIB)
    before = resident()
    most = 0
    taken = 0

    def pieces():
        nonlocal most, taken
        for _ in range(400):
            taken += 1
            most = max(most, resident() - before)
            yield piece + bytes(1)

    job_ended = weir.upload(pieces(), "null:", through="rate_limit 400MiB", budget_bytes=16 * MIB)
    assert job_ended.bytes_read == 400 * (MIB + 1) and taken == 400
    assert most < 64 * MIB, f"{most / MIB:.0f} MiB"


def test_a_reader_that_stands_still_holds_up_its_source():
    with weir.open("gen:1GiB", through="sha256", budget_bytes=16 * MIB) as file:
        file.read(10)
        before = resident()
        time.sleep(0.3)
        assert resident() - before < 48 * MIB


def test_nothing_is_left_over(tmp_path):
    def work():
        weir.upload(b"x" * 100_000, tmp_path / "a")
        weir.download(tmp_path / "a")
        (weir.file(tmp_path / "a") | weir.pieces(bytes.upper) | weir.generate(lambda pieces: pieces) | "null:").run()
        with weir.open(tmp_path / "a") as file:
            file.read(5)
        for _ in weir.source("gen:10MiB"):
            break
        try:
            weir.copy(tmp_path / "no", "null:")
        except FileNotFoundError:
            pass

    for _ in range(20):
        work()
    gc.collect()
    files, before = len(os.listdir("/proc/self/fd")), resident()
    for _ in range(200):
        work()
    gc.collect()
    eventually(lambda: _hosts.count() == 0)
    eventually(lambda: len(os.listdir("/proc/self/fd")) <= files)
    assert resident() - before < 32 * MIB


def test_errors_with_their_frames_are_collected(tmp_path):
    """Cycles of garbage in which buffers were lent to the library."""
    (tmp_path / "bad").write_bytes(b"no zstd" * 1000)

    def fail():
        try:
            with weir.open(tmp_path / "bad", through="unzstd") as file:
                file.read()
        except weir.Error as error:
            error.me = error

        try:
            with weir.open(tmp_path / "no" / "such", "wb") as file:
                for _ in range(100):
                    file.write(bytearray(300_000))
        except OSError as error:
            error.me = error

    gc.collect()
    for _ in range(20):
        fail()
        gc.collect()
