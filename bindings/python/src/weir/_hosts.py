"""What the library holds of ours: objects by number, until it releases them.

Callbacks get the number as their `host`. They come on threads of the library's, which must not find the interpreter gone:
at exit the jobs that may still call are stopped, and waited for a while.
"""

from __future__ import annotations

import _thread
import atexit
import itertools
import os
import sys
import threading
import time
from typing import Any, Callable

from ._native import ffi, lib

# How long the end of the program waits for jobs that have functions of ours.
EXIT_SECONDS = 10.0

_objects: dict[int, Any] = {}
_numbers = itertools.count(1)  # next() of it is atomic
_stoppers: dict[int, Callable[[], None]] = {}
_lock = threading.Lock()


def keep(held: Any, stop: Callable[[], None] | None = None) -> Any:
    """The `host` that stands for it. `stop` is called at exit, if it is still held then."""
    number = next(_numbers)
    with _lock:
        _objects[number] = held
        if stop is not None:
            _stoppers[number] = stop
    return ffi.cast("void *", number)


def held_by(host: Any) -> Any:
    """None: it was released."""
    return _objects.get(int(ffi.cast("uintptr_t", host)))


def forget(host: Any) -> None:
    number = int(ffi.cast("uintptr_t", host))
    with _lock:
        _objects.pop(number, None)
        _stoppers.pop(number, None)


def in_spite_of_signals(_kind: Any, error: BaseException, trace: Any) -> None:
    """Of callbacks that may come on the main thread: there a signal's exception may come before their first line. What
    was released is released all the same, and Ctrl-C is heard a moment later."""
    forget(trace.tb_frame.f_locals["host"])
    if isinstance(error, KeyboardInterrupt):
        _thread.interrupt_main()
    else:
        sys.excepthook(type(error), error, trace)


@ffi.callback("void(void *)", onerror=in_spite_of_signals)  # type: ignore[untyped-decorator]
def release(host: Any) -> None:
    held = held_by(host)
    forget(host)
    ended = getattr(held, "released", None)
    if ended is not None:
        ended()


def _at_exit() -> None:
    with _lock:
        stoppers = list(_stoppers.values())
    for stop in stoppers:
        stop()
    deadline = time.monotonic() + EXIT_SECONDS
    while _stoppers and time.monotonic() < deadline:
        time.sleep(0.002)


def _in_the_child() -> None:
    """Nothing will be released here."""
    global _lock
    _lock = threading.Lock()
    _objects.clear()
    _stoppers.clear()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_in_the_child)


def count() -> int:
    """How many objects the library holds; for tests."""
    return len(_objects)


_ = lib  # opened before anything is registered
