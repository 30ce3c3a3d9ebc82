"""Writing a place as a raw file object, and with io's buffers around it."""

from __future__ import annotations

import io
from types import TracebackType
from typing import Any

from ._texts import Name, place, quoted
from .errors import BrokenPipe, InputOutput
from .feeding import Push, bytes_of
from .options import Options
from .pipeline import Pipeline, Text, between
from .progress import Receipt


class Writer(io.RawIOBase):
    """Writes a place, through stages. close() stores it, and raises what went wrong; anything else leaves nothing.

    Where a stage takes only a part of what comes, as "take" does, `has_enough` says so, and what is written then is dropped."""

    def __init__(self, name: Name, options: Options, exact_bytes: int | None = None) -> None:
        super().__init__()
        from .job import start_line

        self.name = name
        self.receipt: Receipt | None = None
        pipeline, rest = between(Pipeline(Text(b"push")), options)
        self._push = Push(exact_bytes)
        self._job = start_line(pipeline | Pipeline(Text(quoted(place(name)))), rest, push=self._push.handle)
        self._at = 0
        self._broken = False
        self.has_enough = False

    def writable(self) -> bool:
        self._check_open()
        return True

    def tell(self) -> int:
        self._check_open()
        return self._at

    def write(self, data: Any) -> int:
        """All of it."""
        self._check_open()
        view = bytes_of(data)
        self._broken = True  # until all of it has gone
        try:
            size = len(view) if self.has_enough else self._push.write(view)
        except BrokenPipe:
            self._job.result()  # says why, if it has failed
            self.has_enough, size = True, len(view)
        self._broken = False
        self._at += size
        return size

    def close(self) -> None:
        """Waits until it is stored; `receipt` is the proof."""
        if self.closed:
            return
        if self._broken:  # io's buffers close what they could not write: that is half a stream
            self.abort()
            raise InputOutput(f"cannot store {self.name!r}: a write was broken off", status="io")
        try:
            try:
                self._push.close()
            except BrokenPipe:
                pass  # the job has ended
            self.receipt = self._job.result()
        finally:
            self._end()

    def abort(self, error: BaseException | None = None) -> None:
        """Stops, and removes what was begun. `error` is why; for Ctrl-C it does not wait."""
        if not self.closed:
            self._job.stop_for(error)
            self._end()

    def drop(self) -> None:
        """As abort; never waits."""
        if not self.closed:
            self._job.suspend()
            self._end()

    def _end(self) -> None:
        self._push.free()
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort(error)
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_job"):
            self.drop()

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")


def _raw_of(file: object) -> Writer | None:
    """None: it was detached, or never was whole."""
    try:
        inner: Any = file.buffer if isinstance(file, io.TextIOWrapper) else file
        raw = inner.raw
    except (ValueError, AttributeError):
        return None
    return raw if isinstance(raw, Writer) else None


class _StoredWhole:
    """What io's files are here too: an exception inside `with`, and being dropped, store nothing."""

    @property
    def receipt(self) -> Receipt | None:
        raw = _raw_of(self)
        return None if raw is None else raw.receipt

    def abort(self, error: BaseException | None = None) -> None:
        if (raw := _raw_of(self)) is not None:
            raw.abort(error)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort(error)
        else:
            file: Any = self
            file.close()

    def __del__(self) -> None:
        if (raw := _raw_of(self)) is not None:
            raw.drop()


class BufferedWriter(_StoredWhole, io.BufferedWriter):
    """As io's; but an exception inside `with`, and being dropped, store nothing."""


class TextWriter(_StoredWhole, io.TextIOWrapper):
    """As io's; but an exception inside `with`, and being dropped, store nothing."""
