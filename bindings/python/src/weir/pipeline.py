"""Pipelines: places and stages put together with `|`.

    weir.file("log.txt") | weir.lines() | weir.filter(lambda line: b"ERROR" in line) | weir.to("s3://bucket/errors.txt")

A pipeline never changes: `|` makes a new one, so a piece of one is used as often as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Union

from ._texts import to_bytes
from .own_stage import NAME, Maker

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .chunks import Pull
    from .job import Job
    from .options import Options
    from .progress import Receipt


class Text:
    """Stages of the library's, as they are typed."""

    def __init__(self, words: bytes) -> None:
        self.words = words


class Own:
    """A stage of this program's. `of_lines`: it takes lines and gives lines."""

    def __init__(self, make: Maker, of_lines: bool) -> None:
        self.make, self.of_lines = make, of_lines


Part = Union[Text, Own]
# What may stand beside `|`: a pipeline, stages as text, a function (see weir.pieces and weir.generate).
Piece = Union["Pipeline", str, Callable[..., Any]]


class Pipeline:
    def __init__(self, *parts: Part) -> None:
        self._parts = parts

    def __or__(self, right: Piece) -> Pipeline:
        return Pipeline(*self._parts, *stages_of(right)._parts)

    def __ror__(self, left: Piece) -> Pipeline:
        return Pipeline(*stages_of(left)._parts, *self._parts)

    def render(self, makers: list[Maker]) -> bytes:
        """The line of text; what it needs of this program is appended to `makers`."""
        words: list[bytes] = []
        for at, part in enumerate(self._parts):
            if isinstance(part, Text):
                words.append(part.words)
                continue
            words.append(f"{NAME} {len(makers)}".encode())
            makers.append(part.make)
            behind = self._parts[at + 1] if at + 1 < len(self._parts) else None
            if part.of_lines and isinstance(behind, Text) and at + 2 < len(self._parts):
                words.append(b"lines")  # they still are lines, which the library cannot know
        return b" | ".join(words)

    def __str__(self) -> str:
        return self.render([]).decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"<weir.Pipeline {self}>"

    def start(self, **options: Unpack[Options]) -> Job:
        """Starts it. It begins and ends with a place."""
        from .job import start_line

        return start_line(self, options)

    def run(self, **options: Unpack[Options]) -> Receipt:
        """Starts it and waits."""
        return self.start(**options).result()

    def pull(self, **options: Unpack[Options]) -> Pull:
        """Starts it. It has no place at its end: what comes out is taken from the handle, by who has an event loop."""
        from .chunks import start_pull

        return start_pull(self, options)[0]

    def __iter__(self) -> Iterator[memoryview]:
        """What comes out of a pipeline without a place at its end, chunk by chunk, without a copy."""
        from .chunks import chunks_of

        return chunks_of(self, {})


def stages_of(piece: Piece) -> Pipeline:
    if isinstance(piece, Pipeline):
        return piece
    if isinstance(piece, str):
        return Pipeline(Text(to_bytes(piece, "pipeline")))
    if callable(piece):
        from .stages import function

        return function(piece)
    raise TypeError(f"a pipeline is made of pipelines, text and functions, not of {type(piece).__name__}")


def between(begin: Pipeline, options: Options) -> tuple[Pipeline, Options]:
    """`through` belongs to copies: here it becomes a part of the pipeline."""
    through = options.get("through")
    rest = options.copy()
    rest.pop("through", None)
    return (begin if through is None else begin | stages_of(through)), rest
