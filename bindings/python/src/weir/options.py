"""What a job may be told, in one place: the keyword arguments of copy(), upload(), open(), start() and their twins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict, Union

from . import own_stage
from ._native import ffi, struct
from ._texts import c_text
from .context import Context, handle_of

if TYPE_CHECKING:
    from .pipeline import Pipeline


class Options(TypedDict, total=False):
    """context       what it shares with other jobs; else the default one
    through       of copies: stages between source and destination, "zstd level=3 | sha256" or a Pipeline
    read_offset   where to begin in the file or object that is read, in bytes
    read_bytes    how much of it; else to its end
    read_etag     its etag (ObjectInfo): if it is another one, SourceChanged
    no_clobber    a destination that is there stays: AlreadyExists
    budget_bytes  memory that the job may hold
    content_type  what an object is stored with; else by its suffix
    metadata      of the object
    part_bytes    of uploads; else chosen
    concurrency   parts or ranges under way at once; else it adapts
    begin_anew    does not go on with an earlier run, and removes what that has sent
    """

    context: Union[Context, None]
    through: Union[str, "Pipeline", None]
    read_offset: int
    read_bytes: int
    read_etag: Union[str, None]
    no_clobber: bool
    budget_bytes: int
    content_type: Union[str, None]
    metadata: Union[Mapping[str, str], None]
    part_bytes: int
    concurrency: int
    begin_anew: bool


KNOWN = frozenset(Options.__annotations__)
NUMBERS = ("read_offset", "read_bytes", "budget_bytes", "part_bytes", "concurrency")
FLAGS = ("no_clobber", "begin_anew")


class Prepared:
    """Options as the library reads them, with what must live while it does."""

    def __init__(self, given: Options) -> None:
        unknown = set(given) - KNOWN
        if unknown:
            raise TypeError(f"there is no option {sorted(unknown)[0]!r}; there are {', '.join(sorted(KNOWN))}")
        self.makers: list[own_stage.Maker] = []
        self.failures = own_stage.Failures()
        self._alive: list[Any] = []
        self.struct = struct("weir_job_options")
        self.context = given.get("context")
        self.struct.context = handle_of(self.context)
        values: Mapping[str, Any] = given
        for name in NUMBERS:
            setattr(self.struct, name, values.get(name) or 0)
        for name in FLAGS:
            setattr(self.struct, name, int(bool(values.get(name))))
        self.struct.read_etag = self.text(given.get("read_etag") or None, "etag")
        self.struct.content_type = self.text(given.get("content_type"), "content type")
        self._set_metadata(given.get("metadata"))

    def text(self, value: str | bytes | None, what: str) -> Any:
        made = c_text(value, what)
        self._alive.append(made)
        return made

    def through(self, stages: str | Pipeline | None) -> None:
        """Of copies: the stages between."""
        if stages is not None and (text := self.line(stages)):
            self.struct.through = self.text(text, "stages")

    def line(self, stages: str | Pipeline) -> bytes:
        """A pipeline as text; its Python functions are numbered from here on."""
        from .pipeline import Pipeline, stages_of

        return (stages if isinstance(stages, Pipeline) else stages_of(stages)).render(self.makers)

    def _set_metadata(self, metadata: Mapping[str, str] | None) -> None:
        if not metadata:
            return
        pairs = ffi.new("weir_pair[]", len(metadata))
        self._alive.append(pairs)
        for pair, (name, value) in zip(pairs, metadata.items()):
            pair.name, pair.value = self.text(name, "metadata"), self.text(value, "metadata")
        self.struct.metadata, self.struct.metadata_count = pairs, len(metadata)
