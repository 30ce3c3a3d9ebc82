"""The same for asyncio. Nothing here blocks the loop, and no thread of the library's calls into it: data flows by the
handles' file descriptors. Cancelling a task stops its job and waits until what was begun is removed (or, with a ledger,
safe)."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, overload

from . import ledger, many, store
from ._texts import Name, place, quoted
from .chunks import start_pull
from .context import Context
from .copy import Progression, Readable, _Paced, _reporter, read_pieces
from .errors import BrokenPipe, Error, InputOutput
from .feeding import PIECE, Push, bytes_of
from .job import Job, start_copy, start_line
from .options import Options
from .pipeline import Pipeline, Text, between
from .progress import Progress, Receipt

if TYPE_CHECKING:
    import os

    from typing_extensions import Unpack

T = TypeVar("T")
Uploadable = Union["os.PathLike[str]", bytes, bytearray, memoryview, Readable, Iterable[bytes], AsyncIterable[bytes]]


async def _elsewhere(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work)


async def _polls_readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(fd, wake)
    try:
        await ready
    finally:
        loop.remove_reader(fd)


class _Turns:
    """Lets others of the loop run, also where data never keeps us waiting: every 1 MiB."""

    def __init__(self) -> None:
        self._bytes = 0

    async def moved(self, size: int) -> None:
        self._bytes += size
        if self._bytes >= PIECE:
            self._bytes = 0
            await asyncio.sleep(0)


async def _stopped(job: Job) -> None:
    """Suspends it, and waits for that."""
    job.suspend()
    await job._end_in_loop()


async def result(job: Job, progress: Callable[[Progress], object] | None = None) -> Receipt:
    """`await job`, with reports on the way."""
    if progress is None:
        return await job
    ended = asyncio.ensure_future(job._wait_in_loop())
    try:
        while not (await asyncio.wait({ended}, timeout=0.1))[0]:
            progress(job.progress())
        progress(job.progress())
    except BaseException:
        job.suspend()
        await asyncio.wait({ended})
        ended.exception()  # seen
        raise
    return ended.result()


class Reader:
    """Reads a place from front to back. `async for` gives chunks of the job's memory, without a copy; read() gives bytes."""

    def __init__(self, name: Name | Pipeline, options: Options) -> None:
        begin = name if isinstance(name, Pipeline) else Pipeline(Text(quoted(place(name))))
        pipeline, rest = between(begin, options)
        self._pull, self._job = start_pull(pipeline, rest)
        self._rest = memoryview(b"")
        self._ended = False
        self._turns = _Turns()

    async def chunk(self) -> memoryview:
        """The next chunk; an empty one is the end. It is the job's memory until the view is gone."""
        if self._rest:
            rest, self._rest = self._rest, memoryview(b"")
            return rest
        while not self._ended:
            try:
                found = self._pull.try_chunk()
            except BrokenPipe:
                await self._job  # says why
                raise
            if found:
                await self._turns.moved(len(found))
                return found
            if found is None:
                await _polls_readable(self._pull.fd())
                continue
            self._ended = True
            await self._job
        return memoryview(b"")

    async def read(self, size: int = -1) -> bytes:
        """At most so many bytes, and at least one before the end; with -1 all that is left."""
        if size < 0:
            parts = []
            while chunk := await self.chunk():
                parts.append(bytes(chunk))
            return b"".join(parts)
        chunk = await self.chunk()
        self._rest = chunk[size:]
        return bytes(chunk[:size])

    async def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        chunk = await self.chunk()
        size = min(len(chunk), len(view))
        view[:size] = chunk[:size]
        self._rest = chunk[size:]
        return size

    async def __aiter__(self) -> AsyncIterator[memoryview]:
        while chunk := await self.chunk():
            yield chunk

    async def close(self) -> None:
        self._ended = True
        self._rest = memoryview(b"")
        self._pull.free()
        await _stopped(self._job)

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class Writer:
    """Writes a place. close() stores it; leaving the `async with` block with an exception stores nothing."""

    def __init__(self, name: Name, options: Options, exact_bytes: int | None = None) -> None:
        pipeline, rest = between(Pipeline(Text(b"push")), options)
        self._push = Push(exact_bytes)
        self._job = start_line(pipeline | Pipeline(Text(quoted(place(name)))), rest, push=self._push.handle)
        self._closed = False
        self._broken = False
        self.has_enough = False  # a stage takes only a part of what comes: what is written now is dropped
        self._turns = _Turns()
        self.receipt: Receipt | None = None

    async def write(self, data: Any) -> int:
        """All of it. Waits while there is no room."""
        view = bytes_of(data)
        at = 0
        self._broken = True  # until all of it has gone
        try:
            while at < len(view) and not self.has_enough:
                taken = self._push.try_piece(view[at : at + PIECE])
                at += taken
                await self._turns.moved(taken)
                if not taken:
                    await _polls_readable(self._push.fd())
        except BrokenPipe:
            await self._job  # says why, if it has failed
            self.has_enough = True
        self._broken = False
        return len(view)

    async def close(self) -> None:
        """Waits until it is stored; `receipt` is the proof."""
        if self._closed:
            return
        if self._broken:
            await self.abort()
            raise InputOutput("cannot store it: a write was broken off, and half a stream is none", status="io")
        self._closed = True
        try:
            try:
                self._push.close()
            except BrokenPipe:
                pass  # the job has ended
            self.receipt = await self._job
        finally:
            self._push.free()

    async def abort(self) -> None:
        """Stops, and waits until what was begun is removed."""
        if not self._closed:
            self._closed = True
            self._push.free()
            await _stopped(self._job)

    async def __aenter__(self) -> Writer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await (self.close() if kind is None else self.abort())


@overload
def open(name: Name, mode: Literal["rb"] = "rb", **options: Unpack[Options]) -> Reader: ...
@overload
def open(name: Name, mode: Literal["wb"], **options: Unpack[Options]) -> Writer: ...
def open(name: Name, mode: str = "rb", **options: Unpack[Options]) -> Reader | Writer:  # noqa: A001 (aio.open)
    """`async with aio.open(name) as file`. Starts at once."""
    if mode == "rb":
        return Reader(name, options)
    if mode == "wb":
        return Writer(name, options)
    raise ValueError(f"mode is rb or wb, not {mode!r}")


def chunks(pipeline: Pipeline, **options: Unpack[Options]) -> Reader:
    """What comes out of a pipeline without a place at its end."""
    return Reader(pipeline, options)


async def copy(source: Name, destination: Name, *, progress: Progression = None, **options: Unpack[Options]) -> Receipt:
    return await result(start_copy(source, destination, options), _reporter(progress, source))


async def copy_many(
    sources: Name | Iterable[Name],
    destination: Name,
    *,
    progress: Callable[[many.Summary], object] | None = None,
    **how: Unpack[many.Many],
) -> many.Summary:
    """As weir.copy_many(), with its other arguments. `on_item` comes on a thread of the library's."""
    copies = many.start_many(sources, destination, **how)
    try:
        while not await _elsewhere(functools.partial(_over, copies)):
            if progress is not None:
                progress(copies.progress())
        return copies.result(progress)
    except asyncio.CancelledError:
        copies.suspend()
        while not await asyncio.shield(_elsewhere(functools.partial(_over, copies))):
            pass
        raise
    finally:
        copies.close()


def _over(copies: many.Copies) -> bool:
    """Waits for a moment. How they ended is for result()."""
    try:
        return copies.wait(0.1)
    except Error:
        return True


async def upload(
    source: Uploadable, destination: Name, *, progress: Progression = None, **options: Unpack[Options]
) -> Receipt:
    """As weir.upload(); also of async iterables. What reads a file object runs on another thread."""
    import os

    if isinstance(source, str):
        raise TypeError("a str may be a name or a text: copy() takes names, and bytes are text that was encoded")
    if isinstance(source, os.PathLike):
        return await copy(source, destination, progress=progress, **options)
    buffer = isinstance(source, (bytes, bytearray, memoryview))
    writer = Writer(destination, options, memoryview(source).nbytes if buffer else None)  # type: ignore[arg-type]
    report = _reporter(progress, destination)
    paced = _Paced(report) if report is not None else None
    try:
        async for piece in _pieces(source):
            await writer.write(piece)
            if writer.has_enough:
                break
            if paced is not None:
                paced.look(writer._job)
    except BaseException:
        await writer.abort()
        raise
    await writer.close()
    assert writer.receipt is not None
    if report is not None:
        report(writer._job.progress())
    return writer.receipt


async def _pieces(source: Any) -> AsyncIterator[Any]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield source
    elif hasattr(source, "read"):
        reading = iter(read_pieces(source))
        while piece := await _elsewhere(functools.partial(next, reading, b"")):
            yield piece
    elif hasattr(source, "__aiter__"):
        async for piece in source:
            yield piece
    else:
        for piece in source:
            yield piece


async def download(source: Name, **options: Unpack[Options]) -> bytes:
    async with Reader(source, options) as reader:
        return await reader.read()


async def head(name: Name, *, context: Context | None = None) -> store.ObjectInfo:
    return await _elsewhere(functools.partial(store.head, name, context=context))


async def remove(name: Name, *, context: Context | None = None) -> None:
    await _elsewhere(functools.partial(store.remove, name, context=context))


async def copy_inside(source: Name, destination: Name, *, context: Context | None = None) -> store.ObjectInfo:
    return await _elsewhere(functools.partial(store.copy_inside, source, destination, context=context))


async def presign(name: Name, *, method: str = "GET", seconds: int = 3600, context: Context | None = None) -> str:
    return await _elsewhere(functools.partial(store.presign, name, method=method, seconds=seconds, context=context))


async def ls(prefix: Name, *, folders: bool = False, context: Context | None = None) -> AsyncIterator[store.Entry]:
    entries = store.ls(prefix, folders=folders, context=context)
    while (entry := await _elsewhere(functools.partial(next, entries, None))) is not None:
        yield entry


async def unfinished(*, context: Context | None = None) -> list[ledger.Unfinished]:
    return await _elsewhere(functools.partial(ledger.unfinished, context=context))
