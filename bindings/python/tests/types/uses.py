"""What a type checker says of programs that use weir; read by mypy --strict, never run."""

import io
import os
from collections.abc import AsyncIterator, Iterator
from typing import Optional

from typing_extensions import assert_type

import weir
from weir import aio


def rows() -> Iterator[bytes]:
    yield b"row"


async def rows_later() -> AsyncIterator[bytes]:
    yield b"row"


def copies(path: "os.PathLike[str]") -> None:
    receipt = weir.copy(path, "s3://bucket/key", through="zstd", progress=True, part_bytes=8 << 20)
    assert_type(receipt, weir.Receipt)
    assert_type(receipt.bytes_stored, int)
    assert_type(receipt.facts["sha256"], str)
    assert_type(weir.upload(rows(), "s3://bucket/key", progress=print), weir.Receipt)
    assert_type(weir.download("s3://bucket/key"), bytes)
    assert_type(weir.download("s3://bucket/key", path), weir.Receipt)
    assert_type(weir.download("s3://bucket/key", io.BytesIO()), int)
    assert_type(weir.download("s3://bucket/key", bytearray(5)), int)
    weir.download("s3://bucket/key", 5)  # type: ignore[call-overload]
    weir.copy("a", "b", levle=3)  # type: ignore[call-arg]
    weir.upload("text", "b")  # type: ignore[arg-type]


def files() -> None:
    assert_type(weir.open("a"), io.BufferedReader)
    assert_type(weir.open("a", buffering=0), weir.Reader)
    assert_type(weir.open("a", "wb", 0), weir.Writer)
    assert_type(weir.open("a", "wb").receipt, Optional[weir.Receipt])
    assert_type([entry.size for entry in weir.ls("s3://bucket/")], list[int])
    with weir.open("a", "r") as file:
        for line in file:
            assert_type(line, str)


def pipelines() -> None:
    upper = weir.map(lambda line: line.upper())
    pipe = weir.file("a") | weir.lines() | weir.filter(lambda line: b"x" in line) | upper | weir.to("b")
    assert_type(pipe, weir.Pipeline)
    job = pipe.start()
    assert_type(job, weir.Job)
    for progress in job.watch():
        assert_type(progress.bytes_done, int)
        assert_type(progress.state, weir.State)
    assert_type(job.result(), weir.Receipt)
    for chunk in weir.file("a") | "zstd":
        assert_type(chunk, memoryview)
    weir.source("a") | 7  # type: ignore[operator]


def errors() -> None:
    try:
        weir.head("a")
    except weir.NotFound as error:
        assert_type(error.offset, Optional[int])
        told: FileNotFoundError = error
        print(told.errno)


async def later() -> None:
    assert_type(await weir.start("a", "b"), weir.Receipt)
    assert_type(await aio.upload(rows_later(), "b"), weir.Receipt)
    async with aio.open("a") as file:
        assert_type(await file.read(5), bytes)
        async for chunk in file:
            assert_type(chunk, memoryview)


def keys(refused: bool) -> "tuple[str, str, Optional[str]]":
    return "key", "secret", None


weir.set_default_context(weir.Context(ledger=True, credentials=keys))
