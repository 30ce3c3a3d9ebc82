"""Stages written in Python, as the library sees them: one stage by the name of "python" in each context.

Its argument is the number of the stage in the pipeline that this thread is starting; nobody else's line of text can mean
one. What a stage raises is kept: it is the cause of the error that the job ends with.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Callable, NoReturn, Protocol

from . import _hosts
from ._call import call
from ._native import ffi, lib, struct
from .errors import Error

NAME = "python"


class Work(Protocol):
    """One stage at work. Its functions come one at a time, on threads of the library's."""

    def process(self, data: bytes) -> Iterable[bytes]: ...

    def finish(self) -> Iterable[bytes]: ...

    def close(self) -> None: ...


Maker = Callable[[], Work]


class Failures:
    """What the stages of one job have raised: the first one."""

    def __init__(self) -> None:
        self.first: BaseException | None = None

    def add(self, error: BaseException) -> None:
        if self.first is None:
            self.first = error

    def explain(self, error: Error) -> NoReturn:
        """Raises what the job ended with; Ctrl-C as itself."""
        if self.first is not None and not isinstance(self.first, Exception):
            raise self.first from error
        raise error from self.first


class _Unknown(Exception):
    """A number that means nothing here."""


class _Starting(threading.local):
    """The stages of the pipeline that this thread is about to start."""

    makers: list[Maker] = []
    failures = Failures()


_starting = _Starting()


class starting:
    """with starting(makers, failures): weir_start(...)"""

    def __init__(self, makers: list[Maker], failures: Failures) -> None:
        self._makers, self._failures = makers, failures

    def __enter__(self) -> None:
        _starting.makers, _starting.failures = self._makers, self._failures

    def __exit__(self, *_: object) -> None:
        _starting.makers, _starting.failures = [], Failures()


class _Running:
    """A stage in the library's hands."""

    def __init__(self, work: Work, failures: Failures) -> None:
        self.work, self.failures = work, failures

    def released(self) -> None:
        self.work.close()


def _fail(stage_call: Any, error: BaseException) -> int:
    name = type(error).__name__
    cause = str(error) if isinstance(error, _Unknown) else f"{name}: {error}" if str(error) else name
    lib.weir_stage_fail(stage_call, ffi.new("char[]", cause.replace("\0", "?").encode("utf-8", "replace")))
    return 1


def _emit(stage_call: Any, pieces: Iterable[bytes]) -> int:
    for piece in pieces:
        if isinstance(piece, str):
            raise TypeError("a stage gave a str; it gives bytes: encode it")
        with ffi.from_buffer(piece) as memory:
            if len(memory) and lib.weir_stage_emit(stage_call, memory, len(memory)) != lib.WEIR_OK:
                return 1
    return 0


@ffi.callback("int32_t(void *, void *, size_t, weir_stage_call *)", error=1)  # type: ignore[untyped-decorator]
def _process(host: Any, data: Any, size: int, stage_call: Any) -> int:
    running = _hosts.held_by(host)
    try:
        return _emit(stage_call, running.work.process(ffi.unpack(ffi.cast("char *", data), size)))
    except BaseException as error:  # noqa: B902 (nothing may pass through the library)
        running.failures.add(error)
        return _fail(stage_call, error)


@ffi.callback("int32_t(void *, weir_stage_call *)", error=1)  # type: ignore[untyped-decorator]
def _finish(host: Any, stage_call: Any) -> int:
    running = _hosts.held_by(host)
    try:
        return _emit(stage_call, running.work.finish())
    except BaseException as error:  # noqa: B902
        running.failures.add(error)
        return _fail(stage_call, error)


@ffi.callback("int32_t(void *, char *, weir_stage_call *)", error=1)  # type: ignore[untyped-decorator]
def _make(_host: Any, argument: Any, stage_call: Any) -> int:
    try:
        text = ffi.string(argument).decode()
        makers = _starting.makers
        if not text.isdigit() or int(text) >= len(makers):
            raise _Unknown("a function of a Python program cannot be named in text: make the same call again")
        transform = struct("weir_transform")
        transform.process = _process
        transform.finish = _finish
        transform.release = _hosts.release
        transform.host = _hosts.keep(_Running(makers[int(text)](), _starting.failures))
        return 0 if lib.weir_stage_set(stage_call, transform) == lib.WEIR_OK else 1
    except BaseException as error:  # noqa: B902
        if not isinstance(error, _Unknown):
            _starting.failures.add(error)
        return _fail(stage_call, error)


def add(context: Any) -> None:
    """Gives a context the stage."""
    kind = struct("weir_stage_type")
    name = ffi.new("char[]", NAME.encode())
    text = ffi.new("char[]", b"a function of this Python program")
    kind.name, kind.help, kind.make = name, text, _make
    call(lib.weir_context_add_stage, context, kind)
