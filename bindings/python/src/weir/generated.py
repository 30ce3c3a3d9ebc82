"""Generator functions as stages. The library pushes pieces, a generator pulls them: it runs on a thread of its own, and
the two take turns."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator


class Stopped(BaseException):
    """Ends a generator whose job has ended. No Exception: nobody is to catch it."""


class _End:
    """No more is to come, or comes."""


class _Stop:
    """The job is over."""


_END, _STOP = _End(), _Stop()


class _Turn:
    """What the generator's thread gives back: what was yielded, and whether it is done."""

    def __init__(self, made: list[bytes], done: bool, error: BaseException | None = None) -> None:
        self.made, self.done, self.error = made, done, error


class GeneratorWork:
    def __init__(self, work: Callable[[Iterator[bytes]], Iterable[bytes]]) -> None:
        self._work = work
        self._pieces: queue.SimpleQueue[bytes | _End | _Stop] = queue.SimpleQueue()
        self._turns: queue.SimpleQueue[_Turn] = queue.SimpleQueue()
        self._made: list[bytes] = []
        self._done = False
        self._thread: threading.Thread | None = None

    def process(self, data: bytes) -> Iterable[bytes]:
        before = self._begin()
        if self._done:
            return before
        self._pieces.put(data)
        return before + self._take_turn()

    def finish(self) -> Iterable[bytes]:
        before = self._begin()
        if self._done:
            return before
        self._pieces.put(_END)
        made = before + self._take_turn()
        return made

    def close(self) -> None:
        self._pieces.put(_STOP)

    def _begin(self) -> list[bytes]:
        """Lets the generator run to the first piece that it asks for."""
        if self._thread is not None:
            return []
        self._thread = threading.Thread(target=self._run, name="weir-generator", daemon=True)
        self._thread.start()
        return self._take_turn()

    def _take_turn(self) -> list[bytes]:
        turn = self._turns.get()
        self._done = turn.done
        if turn.error is not None:
            raise turn.error
        return turn.made

    # On the generator's thread.

    def _hand_over(self, done: bool, error: BaseException | None = None) -> None:
        made, self._made = self._made, []
        self._turns.put(_Turn(made, done, error))

    def _input(self) -> Iterator[bytes]:
        while True:
            self._hand_over(done=False)
            piece = self._pieces.get()
            if isinstance(piece, _Stop):
                raise Stopped
            if isinstance(piece, _End):
                return
            yield piece

    def _run(self) -> None:
        try:
            for made in self._work(self._input()):
                self._made.append(made)
            self._hand_over(done=True)
        except Stopped:
            self._hand_over(done=True)
        except BaseException as error:  # noqa: B902 (raised again on the library's thread)
            self._hand_over(done=True, error=error)
