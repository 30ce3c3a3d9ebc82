"""Draining a pipeline: the handle that pulls, and chunks of its memory without a copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from ._call import END, OK, PENDING, SLICE_MS, call
from ._native import NULL, ffi, lib, struct
from .errors import BrokenPipe, WrongState
from .pipeline import Pipeline, Text

if TYPE_CHECKING:
    from .job import Job
    from .options import Options


class Pull:
    """What comes out of a pipeline, taken by hand (Pipeline.pull). One thread at a time.

    fd() is readable as long as try_chunk() gives something, be it the end or an error: an event loop waits for that. Then
    `job` says how it ended: by await, or result()."""

    def __init__(self) -> None:
        self._job: Job | None = None
        handle = ffi.new("weir_pull **")
        call(lib.weir_pull_new, NULL, handle)
        self.handle = handle[0]

    @property
    def job(self) -> Job:
        """The pipeline's job."""
        if self._job is None:
            raise WrongState("this handle was given to no pipeline", status="state")
        return self._job

    def try_chunk(self) -> memoryview | None:
        """The next chunk; an empty one is the end; None: not yet. Does not wait. It is the job's memory until the view and
        all that was made of it are gone, also after the job: who keeps many holds the job up. BrokenPipe: its job failed."""
        chunk = ffi.new("weir_chunk *")
        status = call(lib.weir_pull_try_read, self.handle, chunk)
        if status == PENDING:
            return None
        if status == END:
            return memoryview(b"")
        memory = ffi.gc(ffi.cast("char *", chunk.data), lambda _: lib.weir_chunk_release(chunk), int(chunk.size))
        return memoryview(ffi.buffer(memory, chunk.size)).toreadonly()

    def chunk(self) -> memoryview:
        """Waits for it."""
        try:
            while not self.wait() or (found := self.try_chunk()) is None:
                pass
            return found
        except BrokenPipe as error:
            self._explain(error)

    def wait(self) -> bool:
        """For a moment; True: there is something."""
        return call(lib.weir_pull_wait, self.handle, SLICE_MS) == OK

    def wait_for_some(self) -> None:
        """Until there is something, the end or an error."""
        try:
            while not self.wait():
                pass
        except BrokenPipe as error:
            self._explain(error)

    def read_into(self, view: memoryview) -> int:
        """What is there, at least 1 byte; 0: that was all. Behind wait_for_some() it does not wait."""
        size = ffi.new("size_t *")
        try:
            with ffi.from_buffer(view, require_writable=True) as memory:
                status = call(lib.weir_pull_read_into, self.handle, memory, len(view), size)
        except BrokenPipe as error:
            self._explain(error)
        return 0 if status == END else int(size[0])

    def _explain(self, error: BrokenPipe) -> NoReturn:
        if self._job is not None:
            self._job.explain(error)
        raise error

    def fd(self) -> int:
        """A file descriptor to wait for; it stays the library's."""
        number = ffi.new("int32_t *")
        call(lib.weir_pull_fd, self.handle, number)
        return int(number[0])

    def free(self) -> None:
        """Ends it. A job that still has something to give fails."""
        handle, self.handle = self.handle, NULL
        lib.weir_pull_free(handle)

    def __del__(self) -> None:
        if getattr(self, "handle", NULL) != NULL:
            self.free()


def start_pull(pipeline: Pipeline, options: Options) -> tuple[Pull, Job]:
    """A pipeline without a place at its end, and the handle that it ends in."""
    from .job import start_line

    pull = Pull()
    pull._job = job = start_line(pipeline | Pipeline(Text(b"pull")), options, pull=pull.handle)
    return pull, job


def chunks_of(pipeline: Pipeline, options: Options) -> Iterator[memoryview]:
    pull, job = start_pull(pipeline, options)
    try:
        while chunk := pull.chunk():
            yield chunk
            del chunk  # before the next is waited for: the job may use its memory
        job.result()
    finally:
        pull.free()
        job.close()
