"""The pieces that pipelines are made of. docs/stages.md has all that the library brings; stage() makes any of them."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Union

from ._texts import Name, place, quoted, to_bytes
from .errors import Limit
from .generated import GeneratorWork
from .own_stage import Work
from .pipeline import Own, Pipeline, Text

LONGEST_LINE = 1 << 20  # as the library's own `lines` has it

# What a function on a piece may give: bytes, nothing, or several of them.
Given = Union[bytes, bytearray, memoryview, None, Iterable[bytes]]


def place_of(name: Name) -> Pipeline:
    """A place to read from or to write to: s3://bucket/key, a path, https://..., gen:1GiB, null:."""
    return Pipeline(Text(quoted(place(name))))


def file(path: Name) -> Pipeline:
    """A file, whatever its name looks like."""
    data = place(path)
    return Pipeline(Text(quoted(data if data.startswith(b"file:") else b"file:" + data)))


source = place_of
to = place_of


def stage(name: str, *words: Any, **parameters: Any) -> Pipeline:
    """Any stage by its name: stage("zstd", level=3), stage("grep", "ERROR", invert=True), stage("tee", "a", "b")."""
    line = [to_bytes(name)]
    line += [quoted(to_bytes(str(word))) for word in words]
    for key, value in parameters.items():
        word = to_bytes(key.replace("_", "-"))
        if value is True:
            line.append(word)
        elif value is not None and value is not False:
            line.append(word + b"=" + quoted(to_bytes(str(value))))
    return Pipeline(Text(b" ".join(line)))


def lines() -> Pipeline:
    return stage("lines")


def grep(text: str, *, invert: bool = False, regex: bool = False) -> Pipeline:
    return stage("grep", text, invert=invert, regex=regex)


def zstd(level: int | None = None, *, workers: int | None = None) -> Pipeline:
    return stage("zstd", level=level, workers=workers)


def unzstd() -> Pipeline:
    return stage("unzstd")


def gzip(level: int | None = None, *, workers: int | None = None) -> Pipeline:
    return stage("gzip", level=level, workers=workers)


def gunzip() -> Pipeline:
    return stage("gunzip")


def sha256() -> Pipeline:
    return stage("sha256")


def tee(*places: Name) -> Pipeline:
    return Pipeline(Text(b"tee " + b" ".join(quoted(place(name)) for name in places)))


class _Pieces:
    def __init__(self, work: Callable[[bytes], Given]) -> None:
        self._work = work

    def process(self, data: bytes) -> Iterable[bytes]:
        return _pieces_of(self._work(data))

    def finish(self) -> Iterable[bytes]:
        return ()

    def close(self) -> None:
        pass


def _pieces_of(given: Given) -> Iterable[bytes]:
    if given is None:
        return ()
    if isinstance(given, (bytes, bytearray, memoryview)):
        return (bytes(given),)
    if isinstance(given, (str, bool, int)):
        raise TypeError(f"a stage gave a value of type {type(given).__name__}; it gives bytes, None or several of them")
    return given


class _Lines:
    """Cuts at line ends; a line that is begun waits for more."""

    def __init__(self, work: Callable[[Iterable[bytes]], Iterable[bytes]]) -> None:
        self._work = work
        self._begun: list[bytes] = []  # pieces of a line
        self._size = 0  # of them
        self._offset = 0  # of the next line, in the stream

    def process(self, data: bytes) -> Iterable[bytes]:
        end = data.rfind(b"\n") + 1
        given: Iterable[bytes] = ()
        if end:
            whole = b"".join((*self._begun, data[:end]))
            self._begun, self._size = [], 0
            if len(whole) > LONGEST_LINE:
                self._check(io.BytesIO(whole))
            given = (b"".join(self._work(io.BytesIO(whole))),)
            self._offset += len(whole)
        if end < len(data):
            self._begun.append(data[end:])
            self._size += len(data) - end
            self._check_line(self._size, self._offset)
        return given

    def finish(self) -> Iterable[bytes]:
        return (b"".join(self._work((b"".join(self._begun),))),) if self._begun else ()

    def _check(self, lines: Iterable[bytes]) -> None:
        at = self._offset
        for line in lines:
            self._check_line(len(line), at)
            at += len(line)

    def _check_line(self, size: int, at: int) -> None:
        if size > LONGEST_LINE:
            raise Limit(
                f"a line has {size} bytes or more, and the longest allowed is {LONGEST_LINE} (at byte {at})",
                status="limit",
                offset=at,
            )

    def close(self) -> None:
        pass


def _own(make: Callable[[], Work], of_lines: bool = False) -> Pipeline:
    return Pipeline(Own(make, of_lines))


def filter(keep: Callable[[bytes], Any]) -> Pipeline:  # noqa: A001 (weir.filter)
    """The lines, with their ends, for which `keep` is true."""
    _check(keep)
    return _own(lambda: _Lines(lambda some: [line for line in some if keep(line)]), of_lines=True)


def map(change: Callable[[bytes], Given]) -> Pipeline:  # noqa: A001 (weir.map)
    """What `change` makes of each line, with its end: bytes, None, or several of them."""
    _check(change)
    return _own(lambda: _Lines(lambda some: [out for line in some for out in _pieces_of(change(line))]), of_lines=True)


def pieces(work: Callable[[bytes], Given]) -> Pipeline:
    """What `work` makes of each piece of the stream, cut as it happens to come: 256 KiB as a rule."""
    _check(work)
    return _own(lambda: _Pieces(work))


def generate(work: Callable[[Iterator[bytes]], Iterable[bytes]]) -> Pipeline:
    """What a generator function makes of the stream: it gets an iterator of pieces, and yields bytes. On a thread of its
    own; it may end before the stream does, which is then read to its end."""
    _check(work)
    return _own(lambda: GeneratorWork(work))


def custom(make: Callable[[], Work]) -> Pipeline:
    """A stage with process(data), finish() and close(), made anew for each job."""
    _check(make)
    return _own(make)


def function(work: Callable[..., Any]) -> Pipeline:
    """A function that stands beside `|`: generate() for generator functions, else pieces()."""
    return generate(work) if inspect.isgeneratorfunction(work) else pieces(work)


def _check(work: object) -> None:
    if not callable(work):
        raise TypeError(f"a stage is a function, not {type(work).__name__}")
