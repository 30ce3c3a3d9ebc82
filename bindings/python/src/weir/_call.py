"""Calls: a status becomes an exception, and nothing waits for longer than a signal may."""

from __future__ import annotations

import _thread
import threading
import time
from typing import Any, Callable, TypeVar

from ._native import ffi, lib, struct
from ._texts import from_c
from .errors import BY_STATUS, Error

OK: int = lib.WEIR_OK
PENDING: int = lib.WEIR_PENDING
END: int = lib.WEIR_END

# Between two looks for Ctrl-C. A tenth of a second feels immediate; this is half of it.
SLICE_MS = 50

T = TypeVar("T")


def new_error() -> Any:
    return ffi.gc(struct("weir_error"), lib.weir_error_clear)


# Those that no call has just now: making one costs as much as a call. Never two calls at once have the same, on whatever threads.
_spare: list[Any] = []


def exception(status: int, error: Any) -> Error:
    """The exception of a status that is an error; `error` is what the call has filled."""
    name = from_c(lib.weir_status_name(status))
    return BY_STATUS.get(name, Error)(
        from_c(error.message) or f"weir says {name}",
        status=name,
        retry=int(error.retry),
        http_status=int(error.http_status),
        offset=int(error.offset) if error.has_offset else None,
        retry_after=error.retry_after_ms / 1000 if error.retry_after_ms else None,
        needed_bytes=int(error.needed_bytes),
        kept_bytes=int(error.kept_bytes),
        operation=from_c(error.operation),
        cause=from_c(error.cause),
        advice=from_c(error.advice),
        stage=from_c(error.stage),
        service_code=from_c(error.service_code),
        request_id=from_c(error.request_id),
    )


def call(function: Any, *arguments: Any) -> int:
    """Calls it with a weir_error at the end. WEIR_OK, WEIR_PENDING and WEIR_END come back, errors are raised."""
    try:
        error = _spare.pop()
    except IndexError:
        error = new_error()
    status = function(*arguments, error)
    if status == OK or status == PENDING or status == END:
        _spare.append(error)
        return int(status)
    raise exception(status, error)


def slice_ms(deadline: float | None) -> int:
    """How long to wait in one go; `deadline` is of time.monotonic()."""
    if deadline is None:
        return SLICE_MS
    return max(0, min(SLICE_MS, int((deadline - time.monotonic()) * 1000) + 1))


def deadline_of(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + max(0.0, timeout)


def passed(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline


def interruptible(function: Callable[[], T]) -> T:
    """Runs what waits in the library without an end of its own. Signals are handled on the main thread alone: there
    it runs on another one, which is left to itself if a signal ends the wait."""
    if threading.current_thread() is not threading.main_thread():
        return function()
    answer: list[T] = []
    failure: list[BaseException] = []
    done = _thread.allocate_lock()  # no Event, no Thread: those do not survive a signal's exception at any place
    done.acquire()

    def work() -> None:
        try:
            answer.append(function())
        except BaseException as error:  # noqa: B902 (raised again on the thread that waits)
            failure.append(error)
        done.release()

    _thread.start_new_thread(work, ())
    while not done.acquire(timeout=SLICE_MS / 1000):
        pass
    if failure:
        raise failure[0]
    return answer[0]
