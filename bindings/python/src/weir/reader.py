"""Reading a place as a raw file object."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from . import store
from ._texts import Name, place, quoted
from .chunks import Pull, start_pull
from .errors import InputOutput, Unsupported
from .options import Options
from .pipeline import Pipeline, Text, between

if TYPE_CHECKING:
    from .job import Job

# Read from the library in one go.
BUFFER_BYTES = 256 << 10
# A seek forward of no more than this reads on; of more, it begins anew there.
READ_ON_BYTES = 1 << 20
# So much is asked for behind a seek; what is read on from there, so many times as much each time, and at last all.
FIRST_SPAN_BYTES = 1 << 20
SPAN_GROWS = 4
MOST_SPAN_BYTES = 64 << 20


class Reader(io.RawIOBase):
    """Reads a place, through stages. Seeks where the place has a length and nothing stands between."""

    def __init__(self, name: Name, options: Options) -> None:
        super().__init__()
        self.name = name
        self._options = options
        self._at = 0
        self._pull: Pull | None = None
        self._job: Job | None = None
        self._pull_at = 0
        self._span = 0  # of what was asked for last; 0: to the end
        self._pull_end: int | None = None
        self._ended = False
        self._unsure = False  # what was read last may be lost
        self._info = self._look()
        if self._info is None:
            self._start(0, 0)

    def _look(self) -> store.ObjectInfo | None:
        """None: it is read from front to back alone."""
        data = place(self.name)
        if self._options.get("through") is not None or data == b"-":
            return None
        try:
            return store.head(self.name, context=self._options.get("context"))
        except (Unsupported, ValueError):
            return None

    def _start(self, offset: int, span: int) -> None:
        self._stop()
        pipeline, rest = between(Pipeline(Text(quoted(place(self.name)))), self._options)
        self._pull_end = None
        if self._info is not None and self._info.size:
            rest["read_offset"], rest["read_bytes"], rest["read_etag"] = offset, span, self._info.etag
            self._pull_end = min(offset + span, self._info.size) if span else self._info.size
        self._pull, self._job = start_pull(pipeline, rest)
        self._pull_at, self._span, self._ended, self._unsure = offset, span, False, False

    def _stop(self) -> None:
        pull, job, self._pull, self._job = self._pull, self._job, None, None
        if pull is not None:
            pull.free()
        if job is not None:
            job.close()

    def readable(self) -> bool:
        self._check_open()
        return True

    def seekable(self) -> bool:
        self._check_open()
        return self._info is not None

    def tell(self) -> int:
        self._check_open()
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check_open()
        if self._info is None:
            raise io.UnsupportedOperation("it is read from front to back alone")
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._info.size}.get(whence)
        if base is None:
            raise ValueError(f"whence is 0, 1 or 2, not {whence}")
        if base + offset < 0:
            raise ValueError(f"there is no position {base + offset}")
        self._at = base + offset
        return self._at

    @property
    def size(self) -> int | None:
        """In bytes; None: not known before its end."""
        return None if self._info is None else self._info.size

    def readinto(self, buffer: Any) -> int:
        self._check_open()
        view = memoryview(buffer).cast("B")
        if not view:
            return 0
        if self._info is not None and self._info.size == 0 and self._pull is None:
            return self._read_empty(view)
        if self._info is not None and self._at >= self._info.size:
            self._prove_end()
            return 0
        pull = self._at_position(len(view))
        size = self._read(pull, view)
        self._at = self._pull_at
        return size

    def _at_position(self, wanted: int) -> Pull:
        """The handle, standing where is read next."""
        ahead = self._at - self._pull_at
        if self._unsure and self._info is None:
            raise InputOutput(f"cannot go on reading {self.name!r}: a read was broken off", status="io")
        behind = self._pull_end is not None and self._at >= self._pull_end
        if self._pull is not None and behind and ahead == 0 and not self._unsure:
            self._prove_end()
            wider = self._span * SPAN_GROWS
            self._start(self._at, wider if wider <= MOST_SPAN_BYTES else 0)
        elif self._pull is None or behind or ahead < 0 or ahead > READ_ON_BYTES or self._unsure:
            self._start(self._at, max(FIRST_SPAN_BYTES, wanted) if self._at else 0)
        assert self._pull is not None
        passed_over = bytearray(min(max(ahead, 0), BUFFER_BYTES)) if self._at > self._pull_at else bytearray()
        while self._pull_at < self._at:
            view = memoryview(passed_over)[: self._at - self._pull_at]
            if not self._read(self._pull, view):
                break
        return self._pull

    def _read_empty(self, view: memoryview) -> int:
        """What is said to be empty is read to its end all the same: files of /proc are not."""
        self._start(0, 0)
        assert self._pull is not None
        size = self._read(self._pull, view)
        if size:
            self._info, self._at = None, size
        return size

    def _prove_end(self) -> None:
        """What was read up to here may be found wrong as a whole: that is told before the end is."""
        if self._pull is not None and self._pull_at == self._at and not self._unsure:
            self._read(self._pull, memoryview(bytearray(1)))

    def _read(self, pull: Pull, view: memoryview) -> int:
        if self._ended:
            return 0
        pull.wait_for_some()
        self._unsure = True  # a signal's exception may come between what follows
        size = pull.read_into(view)
        self._pull_at += size
        self._unsure = False
        if size == 0:
            self._ended = True
            if self._job is not None:
                self._job.result()
        return size

    def readall(self) -> bytes:
        parts = []
        while part := self.read(BUFFER_BYTES):
            parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        if not self.closed:
            self._stop()
            super().close()

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")
