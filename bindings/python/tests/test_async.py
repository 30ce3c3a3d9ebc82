"""The twins for asyncio."""

import asyncio
import io
import time

import pytest
from conftest import eventually, pattern

import weir
from weir import _hosts, aio

DATA = pattern(3_000_017)


def test_the_same_by_await(tmp_path):
    async def main():
        receipt = await aio.upload(DATA, tmp_path / "a")
        assert receipt.bytes_stored == len(DATA)
        seen = []
        assert (await aio.copy(tmp_path / "a", tmp_path / "b", progress=seen.append)).bytes_stored == len(DATA)
        assert seen[-1].ended
        assert await aio.download(tmp_path / "b") == DATA
        assert (await aio.head(tmp_path / "b")).size == len(DATA)
        assert sorted([entry.key.rsplit("/")[-1] async for entry in aio.ls(f"{tmp_path}/")]) == ["a", "b"]
        await aio.remove(tmp_path / "b")
        with pytest.raises(FileNotFoundError):
            await aio.head(tmp_path / "b")
        with pytest.raises(FileNotFoundError):
            await aio.copy(tmp_path / "b", tmp_path / "c")
        assert await aio.unfinished(context=weir.Context(state_dir=tmp_path)) == []

    asyncio.run(main())


def test_iterables_of_both_kinds_are_uploaded(tmp_path):
    async def rows():
        for at in range(0, len(DATA), 100_000):
            await asyncio.sleep(0)
            yield DATA[at : at + 100_000]

    async def main():
        for given in (rows(), [DATA[:10], DATA[10:]], io.BytesIO(DATA)):
            await aio.upload(given, tmp_path / "out", through="sha256")
            assert (tmp_path / "out").read_bytes() == DATA

    asyncio.run(main())


def test_a_stage_that_has_enough_ends_an_endless_iterable(tmp_path):
    async def rows():
        while True:
            yield DATA

    async def main():
        assert (await aio.upload(rows(), tmp_path / "out", through="take bytes=7000000")).bytes_stored == 7_000_000
        async with aio.open(tmp_path / "file", "wb", through="take bytes=7000000") as file:
            for _ in range(20):
                await file.write(DATA)
        assert file.receipt.bytes_stored == 7_000_000

    asyncio.run(main())


def test_readers_and_writers(tmp_path):
    async def main():
        async with aio.open(tmp_path / "out", "wb", through="zstd") as file:
            for at in range(0, len(DATA), 70_001):
                await file.write(DATA[at : at + 70_001])
        assert file.receipt.bytes_read == len(DATA)
        async with aio.open(tmp_path / "out", through="unzstd") as file:
            assert await file.read(5) == DATA[:5]
            buffer = bytearray(7)
            assert await file.readinto(buffer) == 7 and buffer == DATA[5:12]
            rest = b"".join([bytes(chunk) async for chunk in file])
            assert rest == DATA[12:] and await file.read() == b""
        with pytest.raises(KeyError):
            async with aio.open(tmp_path / "no", "wb") as file:
                await file.write(DATA)
                raise KeyError("mine")
        assert not (tmp_path / "no").exists()

    asyncio.run(main())


def test_a_job_is_awaited_and_watched():
    async def main():
        job = (weir.source("gen:3MiB") | "rate_limit 20MiB" | "null:").start()
        assert (await job).bytes_read == 3 << 20
        assert (await job).bytes_read == 3 << 20
        seen = [progress async for progress in (weir.source("gen:1MiB") | "null:").start()]
        assert seen[-1].ended
        broken = (weir.source("gen:3MiB") | (lambda piece: piece.nothing) | "null:").start()
        with pytest.raises(weir.InputOutput) as caught:
            await broken
        assert isinstance(caught.value.__cause__, AttributeError)

    asyncio.run(main())


def test_a_cancelled_task_stops_its_job(tmp_path):
    async def rows():
        while True:
            yield DATA

    async def main():
        slow = "rate_limit 1MiB"
        for work in (aio.copy("gen:100GiB", tmp_path / "a", through=slow), aio.upload(rows(), tmp_path / "b", through=slow),
                     aio.download("gen:100GiB", through=slow)):
            task = asyncio.ensure_future(work)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(aio.copy("gen:100GiB", tmp_path / "c", through=slow), 0.05)
        assert list(tmp_path.iterdir()) == []

    asyncio.run(main())
    eventually(lambda: _hosts.count() == 0)


def test_a_write_that_is_cancelled_stores_nothing(tmp_path):
    async def main():
        file = aio.open(tmp_path / "out", "wb", through="rate_limit 1MiB")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(file.write(b"x" * (20 << 20)), 0.1)
        with pytest.raises(weir.InputOutput, match="broken off"):
            await file.close()
        assert list(tmp_path.iterdir()) == []

    asyncio.run(main())


def test_what_a_report_raises_stops_the_job():
    def report(progress):
        raise KeyError("mine")

    async def main():
        with pytest.raises(KeyError):
            await aio.copy("gen:100GiB", "null:", through="rate_limit 1MiB", progress=report)

    asyncio.run(main())


def test_the_loop_goes_on_while_data_flows():
    async def main():
        late = []

        async def ticks():
            while True:
                before = time.monotonic()
                await asyncio.sleep(0.01)
                late.append(time.monotonic() - before - 0.01)

        ticking = asyncio.ensure_future(ticks())
        size = 0
        async with aio.open("gen:256MiB") as file:
            async for chunk in file:
                size += len(chunk)
        stored = await aio.upload((b"x" * 1_000_000 for _ in range(200)), "null:")
        ticking.cancel()
        assert size == 256 << 20 and stored.bytes_read == 200_000_000
        return late

    late = sorted(asyncio.run(main()))
    print(f"{len(late)} ticks, 99 % within {late[len(late) * 99 // 100] * 1000:.1f} ms")
    assert late


def test_a_host_with_its_own_loop_uses_the_file_descriptor():
    """By hand: no coroutine of weir's."""
    from weir.chunks import start_pull

    pull, job = start_pull(weir.source("gen:20MiB"), {})
    loop = asyncio.new_event_loop()
    sizes = []

    def ready():
        chunk = pull.try_chunk()
        if chunk is not None:
            sizes.append(len(chunk))
            if not chunk:
                loop.stop()

    loop.add_reader(pull.fd(), ready)
    loop.run_forever()
    loop.remove_reader(pull.fd())
    loop.close()
    assert sum(sizes) == 20 << 20 and job.result().bytes_read == 20 << 20
