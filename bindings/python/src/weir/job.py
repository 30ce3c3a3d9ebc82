"""Job: a pipeline at work."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from types import TracebackType
from typing import Any, NoReturn

from . import _hosts, own_stage
from ._call import OK, call, deadline_of, exception, new_error, passed, slice_ms
from ._native import NULL, ffi, lib
from ._texts import c_text, name_bytes, Name
from .errors import Error, Forked
from .options import Options, Prepared
from .pipeline import Pipeline
from .progress import Progress, Receipt, new_progress, new_receipt, progress_of, receipt_of


# Removing what was begun takes a request or two. A store that does not answer holds nobody up for longer.
STOP_SECONDS = 10.0


class _Ended:
    """What the library tells: that the job has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._has_ended = False

    def listen(self, listener: Callable[[], None]) -> None:
        """Calls it once, now or when the job ends, on any thread."""
        with self._lock:
            if not self._has_ended:
                self._listeners.append(listener)
                return
        listener()

    def ended(self) -> None:
        with self._lock:
            self._has_ended = True
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()


@ffi.callback("void(void *)")  # type: ignore[untyped-decorator]
def _on_end(host: Any) -> None:
    _hosts.held_by(host).ended()


class Job:
    """Any thread may call any of it. One that is dropped while it runs is cancelled; one that runs when the program ends
    is suspended."""

    def __init__(self, handle: Any, ended: _Ended, failures: own_stage.Failures) -> None:
        self._handle = handle
        self._ended = ended
        self._failures = failures
        self._receipt: Receipt | None = None

    # ---- waiting

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for its end, however it ends; False: it has not within `timeout` seconds. Ctrl-C is heard."""
        deadline = deadline_of(timeout)
        while True:
            error = new_error()
            if int(lib.weir_job_wait(self._handle, slice_ms(deadline), NULL, error)) != lib.WEIR_PENDING:
                if int(error.status) in (lib.WEIR_E_HANDLE, lib.WEIR_E_FORKED, lib.WEIR_E_STATE):
                    raise exception(int(error.status), error)
                return True
            if passed(deadline):
                return False

    def result(self, timeout: float | None = None, on_progress: Callable[[Progress], object] | None = None) -> Receipt:
        """Waits for the proof, or raises why it failed. TimeoutError: it goes on. `on_progress` is called about ten times
        a second, on this thread; what it raises stops the job, as Ctrl-C does."""
        deadline = deadline_of(timeout)
        try:
            while not self.wait(_within(deadline, 0.1 if on_progress else 3600.0)):
                if on_progress is not None:
                    on_progress(self.progress())
                if passed(deadline):
                    break
            else:
                if on_progress is not None:
                    on_progress(self.progress())
                return self._answer()
        except Error:
            raise
        except BaseException as error:
            self.stop_for(error)
            raise
        raise TimeoutError(f"the job has not ended within {timeout} seconds; it goes on")

    def _answer(self) -> Receipt:
        """Of a job that has ended."""
        if self._receipt is None:
            receipt, error = new_receipt(), new_error()
            status = int(lib.weir_job_wait(self._handle, -1, receipt, error))
            if status != OK:
                self._failures.explain(exception(status, error))
            self._receipt = receipt_of(receipt)
        return self._receipt

    def explain(self, error: Error) -> NoReturn:
        """A handle that is broken says that its job has ended; the job says why."""
        if error.status == "broken_pipe":
            self.result()
        raise error

    def __await__(self) -> Generator[Any, None, Receipt]:
        return self._wait_in_loop().__await__()

    async def _wait_in_loop(self) -> Receipt:
        try:
            await self._end_in_loop()
        except asyncio.CancelledError:
            self.suspend()
            await self._end_in_loop()  # what was begun is removed, or safe
            raise
        return self._answer()

    async def _end_in_loop(self) -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def tell() -> None:
            if not future.done():
                future.set_result(None)

        def from_anywhere() -> None:
            try:
                loop.call_soon_threadsafe(tell)
            except RuntimeError:  # the loop is closed: nobody waits
                pass

        self._ended.listen(from_anywhere)
        await future

    # ---- looking

    def progress(self) -> Progress:
        filled = new_progress()
        call(lib.weir_job_progress, self._handle, filled)
        return progress_of(filled)

    @property
    def done(self) -> bool:
        """It has ended, well or not."""
        return self.wait(0)

    def watch(self, interval: float = 0.1) -> Iterator[Progress]:
        """Snapshots until its end; the last one is of the end. result() says how it ended."""
        while not self.wait(interval):
            yield self.progress()
        yield self.progress()

    async def __aiter__(self) -> AsyncIterator[Progress]:
        """As watch()."""
        while not self.done:
            yield self.progress()
            await asyncio.sleep(0.1)
        yield self.progress()

    # ---- steering

    def pause(self) -> None:
        """Takes nothing more from the source and starts no new request; what is under way ends."""
        call(lib.weir_job_pause, self._handle)

    def resume(self) -> None:
        call(lib.weir_job_resume, self._handle)

    def cancel(self) -> None:
        """Stops, and removes what was begun; result() then raises Cancelled. Does not wait for that."""
        call(lib.weir_job_cancel, self._handle)

    def suspend(self) -> None:
        """As cancel, but an upload with a ledger stays at the store: the same call goes on with it."""
        call(lib.weir_job_suspend, self._handle)

    def stop_for(self, error: BaseException | None) -> None:
        """Suspends it. What was begun is removed (or safe) when this returns; but who presses Ctrl-C does not wait for
        that: it goes on behind, and the end of the program waits."""
        self.suspend()
        if error is None or isinstance(error, Exception):
            self.wait(STOP_SECONDS)

    def close(self) -> None:
        """Cancels it if it runs. Does not wait."""
        lib.weir_job_free(self._handle)

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for its end; raises why it failed. After an exception: stops it."""
        if kind is None:
            self.result()
        else:
            self.stop_for(error)

    def __del__(self) -> None:
        lib.weir_job_free(self._handle)

    def __repr__(self) -> str:
        try:
            return f"<weir.Job {self.progress().state.name.lower()}>"
        except Error as error:
            return f"<weir.Job {error.status}>"


def _within(deadline: float | None, most: float) -> float:
    return most if deadline is None else max(0.0, min(most, deadline - time.monotonic()))


def _start(prepared: Prepared, function: Any, *arguments: Any) -> Job:
    """`function` of the library's, with arguments, options and job."""
    handle = ffi.new("weir_job **")
    ended = _Ended()
    options = prepared.struct
    options.on_end, options.release = _on_end, _hosts.release
    options.host = _hosts.keep(ended, stop=lambda: _stop(handle))
    try:
        with own_stage.starting(prepared.makers, prepared.failures):
            call(function, *arguments, options, handle)
    except Forked:
        _hosts.forget(options.host)  # nothing was taken
        raise
    except Error as error:
        prepared.failures.explain(error)
    except BaseException:  # a signal's: the job may have been started, or not
        if handle[0] == NULL:
            _hosts.forget(options.host)
        else:
            lib.weir_job_free(handle[0])
        raise
    return Job(handle[0], ended, prepared.failures)


def _stop(handle: Any) -> None:
    lib.weir_job_suspend(handle[0], NULL)


def start_line(pipeline: Pipeline, options: Options, *, push: Any = NULL, pull: Any = NULL) -> Job:
    prepared = Prepared(options)
    if options.get("through") is not None:
        raise TypeError("a pipeline has its stages in it; `through` is for copies")
    prepared.struct.push, prepared.struct.pull = push, pull
    return _start(prepared, lib.weir_start, prepared.text(prepared.line(pipeline), "pipeline"))


def start_copy(source: Name, destination: Name, options: Options) -> Job:
    prepared = Prepared(options)
    prepared.through(options.get("through"))
    names = [c_text(name_bytes(source), "source"), c_text(name_bytes(destination), "destination")]
    return _start(prepared, lib.weir_start_copy, *names)


def start_unfinished(number: int, options: Options) -> Job:
    return _start(Prepared(options), lib.weir_ledger_resume, number)
