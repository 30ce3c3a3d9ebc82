"""Copies: from a name to a name, from what Python has into a store, and back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, Union, overload, runtime_checkable

from ._texts import Name
from .bar import Bar
from .feeding import PIECE
from .job import Job, start_copy
from .options import Options
from .progress import Progress, Receipt
from .writer import Writer

if TYPE_CHECKING:
    from typing_extensions import Buffer, Unpack


@runtime_checkable
class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Writable(Protocol):
    def write(self, data: bytes, /) -> object: ...


# True: a bar on standard error. A function: called about ten times a second on the caller's thread.
Progression = Union[bool, Callable[[Progress], object], None]
# What upload() takes: a path, a buffer, a file object, or an iterable of buffers.
Uploadable = Union["os.PathLike[str]", bytes, bytearray, memoryview, Readable, Iterable[bytes]]


class _Paced:
    """Ten times a second, and at the end."""

    def __init__(self, report: Callable[[Progress], object]) -> None:
        self._report, self._next = report, 0.0

    def look(self, job: Job) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 0.1
            self._report(job.progress())


def _reporter(progress: Progression, title: object) -> Callable[[Progress], object] | None:
    if progress is True:
        return Bar(os.path.basename(str(title).rstrip("/")) or str(title))
    return progress if callable(progress) else None


def start(source: Name, destination: Name, **options: Unpack[Options]) -> Job:
    """Starts a copy."""
    return start_copy(source, destination, options)


def copy(source: Name, destination: Name, *, progress: Progression = None, **options: Unpack[Options]) -> Receipt:
    """Copies one file or object, and gives the proof. Ctrl-C stops it: with a ledger, the same call goes on later."""
    return start_copy(source, destination, options).result(on_progress=_reporter(progress, source))


def upload(
    source: Uploadable, destination: Name, *, progress: Progression = None, **options: Unpack[Options]
) -> Receipt:
    """Stores a path, a buffer, what a file object reads, or what an iterable gives, piece by piece in bounded memory.

    If the iterable raises, nothing is stored and the exception goes on."""
    if isinstance(source, str):
        raise TypeError("a str may be a name or a text: copy() takes names, and bytes are text that was encoded")
    if isinstance(source, os.PathLike):
        return copy(source, destination, progress=progress, **options)
    report = _reporter(progress, destination)
    exact: int | None = None
    pieces: Iterable[Any]
    if isinstance(source, (bytes, bytearray, memoryview)):
        exact = memoryview(source).nbytes
        pieces = (source,)
    elif isinstance(source, Readable):
        pieces = read_pieces(source)
    else:
        pieces = iter(source)
    writer = Writer(destination, options, exact)
    paced = _Paced(report) if report is not None else None
    try:
        for piece in pieces:
            writer.write(piece)
            if writer.has_enough:
                break
            if paced is not None:
                paced.look(writer._job)
    except BaseException as error:
        writer.abort(error)
        raise
    writer.close()
    assert writer.receipt is not None
    if report is not None:
        report(writer._job.progress())
    return writer.receipt


def read_pieces(source: Readable) -> Iterable[bytes]:
    while piece := source.read(PIECE):
        yield piece


@overload
def download(
    source: Name, destination: None = None, *, progress: Progression = None, **options: Unpack[Options]
) -> bytes: ...
@overload
def download(
    source: Name, destination: str | os.PathLike[str], *, progress: Progression = None, **options: Unpack[Options]
) -> Receipt: ...
@overload
def download(
    source: Name, destination: Writable | Buffer, *, progress: Progression = None, **options: Unpack[Options]
) -> int: ...
def download(source: Name, destination: Any = None, *, progress: Progression = None, **options: Unpack[Options]) -> Any:
    """Reads a file or object.

    Into nothing: gives its bytes. Into a path: gives the Receipt, as copy(). Into a writable buffer that is large
    enough, or a file object: gives how many bytes came."""
    if isinstance(destination, (str, os.PathLike)):
        return copy(source, destination, progress=progress, **options)
    report = _reporter(progress, source)
    if destination is None:
        parts: list[bytes] = []
        _drain(source, options, lambda view: parts.append(bytes(view)), report)
        return b"".join(parts)
    if hasattr(destination, "write"):
        return _drain(source, options, lambda view: _write_all(destination, view), report)
    return _drain(source, options, _Filler(memoryview(destination).cast("B")), report)


class _Filler:
    """Fills a buffer."""

    def __init__(self, buffer: memoryview) -> None:
        if buffer.readonly:
            raise TypeError("the buffer cannot be written")
        self._buffer, self._at = buffer, 0

    def __call__(self, view: memoryview) -> None:
        end = self._at + len(view)
        if end > len(self._buffer):
            from .errors import Limit

            raise Limit(f"cannot read it into a buffer of {len(self._buffer)} bytes: it is larger", status="limit")
        self._buffer[self._at : end] = view
        self._at = end


def _write_all(out: Writable, view: memoryview) -> None:
    data = bytes(view)
    while data:
        taken = out.write(data)
        if not isinstance(taken, int) or taken >= len(data):
            return
        data = data[taken:]


def _drain(
    source: Name,
    options: Options,
    take: Callable[[memoryview], object],
    report: Callable[[Progress], object] | None,
) -> int:
    from ._texts import place, quoted
    from .chunks import start_pull
    from .pipeline import Pipeline, Text, between

    pipeline, rest = between(Pipeline(Text(quoted(place(source)))), options)
    pull, job = start_pull(pipeline, rest)
    size = 0
    paced = _Paced(report) if report is not None else None
    try:
        while chunk := pull.chunk():
            size += len(chunk)
            take(chunk)
            if paced is not None:
                paced.look(job)
        job.result(on_progress=report)
    finally:
        pull.free()
        job.close()
    return size
