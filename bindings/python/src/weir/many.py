"""Many files and objects in one call: trees, patterns, lists of names.

    summary = weir.copy_many("photos/", "s3://bucket/photos/", recursive=True)
    weir.copy_many(["a.csv", "logs/*.gz"], "s3://bucket/in/", globs=True, on_item=print)
"""

from __future__ import annotations

import dataclasses
import enum
import os
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Union

from . import _hosts
from ._call import OK, PENDING, call, deadline_of, exception, passed, slice_ms
from ._native import NULL, ffi, lib, struct
from ._texts import Name, c_text, from_c, name_bytes
from .errors import Error, Forked
from .options import Options, Prepared
from .progress import Receipt, receipt_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

Update = Literal["all", "size_and_time", "checksum"]
UPDATES = {"all": lib.WEIR_UPDATE_ALL, "size_and_time": lib.WEIR_UPDATE_SIZE_AND_TIME, "checksum": lib.WEIR_UPDATE_CHECKSUM}
# Of failed items, so many are kept for who asks; all are counted, and told to on_item.
KEPT_FAILURES = 100


class Outcome(enum.Enum):
    DONE = lib.WEIR_COPY_DONE  # copied, and proven
    KEPT = lib.WEIR_COPY_KEPT  # the destination had it
    PLANNED = lib.WEIR_COPY_PLANNED  # of a dry run: it would be copied
    FAILED = lib.WEIR_COPY_FAILED
    SKIPPED = lib.WEIR_COPY_SKIPPED  # it was not to be copied, for `reason`
    OTHER = -1  # of a newer library

    @classmethod
    def _missing_(cls, _value: object) -> Outcome:
        return cls.OTHER


@dataclasses.dataclass(frozen=True)
class Item:
    """One file or object, when it is done."""

    outcome: Outcome
    source: str
    destination: str
    bytes: int
    reason: str  # why it was skipped
    error: Error | None  # why it failed
    receipt: Receipt | None  # of what was copied


@dataclasses.dataclass(frozen=True)
class Summary:
    """Counts of items, so far or in all."""

    copied: int
    kept: int
    planned: int
    failed: int
    skipped: int
    found: int  # the total, once all_found
    all_found: bool
    under_way: int
    bytes_found: int
    bytes_done: int  # of bytes_found
    bytes_copied: int
    bytes_read: int
    retries: int
    elapsed: float  # seconds
    bytes_per_second: float
    eta: float | None  # seconds
    stalled: float  # seconds in which nothing has moved


class Incomplete(Error):
    """Some items were not copied: `summary` counts them, `failures` has the first of them."""

    def __init__(self, summary: Summary, failures: list[Item]) -> None:
        told = failures[0].error if failures else None
        of = summary.copied + summary.kept + summary.planned + summary.failed + summary.skipped
        super().__init__(f"{summary.failed} of {of} were not copied; the first: {told}", status="incomplete")
        self.summary, self.failures = summary, failures


def _summary_of(filled: Any) -> Summary:
    counts = ("copied", "kept", "planned", "failed", "skipped", "found", "under_way", "bytes_found", "bytes_done",
              "bytes_copied", "bytes_read", "retries")  # fmt: skip
    return Summary(
        **{name: int(getattr(filled, name)) for name in counts},
        all_found=bool(filled.all_found),
        elapsed=filled.elapsed_ns / 1e9,
        bytes_per_second=float(filled.bytes_per_second),
        eta=float(filled.eta_seconds) if filled.has_eta else None,
        stalled=float(filled.stalled_seconds),
    )


class _Told:
    """What the library tells of items: kept, and given on."""

    def __init__(self, on_item: Callable[[Item], object] | None) -> None:
        self.failures: list[Item] = []
        self.raised: BaseException | None = None
        self._on_item = on_item

    def item(self, told: Any) -> None:
        error = exception(int(told.error.status), told.error) if told.error != NULL else None
        receipt = receipt_of(told.receipt) if told.receipt != NULL else None
        item = Item(
            Outcome(int(told.outcome)),
            from_c(told.source),
            from_c(told.destination),
            int(told.bytes),
            from_c(told.reason),
            error,
            receipt,
        )
        if error is not None and len(self.failures) < KEPT_FAILURES:
            self.failures.append(item)
        if self._on_item is not None and self.raised is None:
            self._on_item(item)


@ffi.callback("void(void *, weir_copied *)")  # type: ignore[untyped-decorator]
def _on_item(host: Any, told: Any) -> None:
    keeper = _hosts.held_by(host)
    try:
        keeper.item(told)
    except BaseException as error:  # noqa: B902 (raised where the copies are waited for)
        keeper.raised = error


class Copies:
    """Copies under way. Any thread may call any of it. Dropped while they run they are cancelled."""

    def __init__(self, handle: Any, told: _Told) -> None:
        self._handle, self._told = handle, told
        self._sum = struct("weir_copies_progress")
        self._lock = threading.Lock()

    def progress(self) -> Summary:
        filled = struct("weir_copies_progress")
        call(lib.weir_copies_snapshot, self._handle, filled)
        return _summary_of(filled)

    def wait(self, timeout: float | None = None) -> bool:
        """Whether they have ended. Raises what every item would have met."""
        deadline = deadline_of(timeout)
        while True:
            with self._lock:
                status = call(lib.weir_copies_wait, self._handle, slice_ms(deadline), self._sum)
            if status == OK:
                return True
            assert status == PENDING
            if self._told.raised is not None:
                self.suspend()
            if passed(deadline):
                return False

    def result(self, on_progress: Callable[[Summary], object] | None = None) -> Summary:
        """Waits for the end; Incomplete where items failed, what on_item raised where it did."""
        try:
            while not self.wait(0.1 if on_progress is not None else None):
                if on_progress is not None:
                    on_progress(self.progress())
        except Error as error:
            if self._told.raised is not None:
                raise self._told.raised from error
            raise
        except BaseException:  # Ctrl-C
            self.suspend()
            raise
        if self._told.raised is not None:
            raise self._told.raised
        summary = _summary_of(self._sum)
        if on_progress is not None:
            on_progress(summary)
        if summary.failed:
            raise Incomplete(summary, self._told.failures)
        return summary

    def cancel(self) -> None:
        call(lib.weir_copies_cancel, self._handle)

    def suspend(self) -> None:
        """As cancel, but with a ledger the same call goes on with what was under way."""
        call(lib.weir_copies_suspend, self._handle)

    def close(self) -> None:
        lib.weir_copies_free(self._handle)

    def __enter__(self) -> Copies:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.result()
        else:
            self.suspend()

    def __del__(self) -> None:
        lib.weir_copies_free(self._handle)


class Many(Options, total=False):
    """recursive  a source may be a directory, a bucket, or the beginning of keys
    globs      a source may be a pattern
    update     what is kept: "all" is replaced, "size_and_time" or "checksum" keep what has the same
    dry_run    nothing is copied
    files      under way at once; else 16
    filters    ("exclude", "*.tmp") and ("include", ...): the last that matches decides
    on_item    told of each, on a thread of the library's, one at a time; what it raises stops the rest
    """

    recursive: bool
    globs: bool
    update: Update
    dry_run: bool
    files: int
    filters: Iterable[tuple[str, str]]
    on_item: Union[Callable[[Item], object], None]


HOW = frozenset(Many.__annotations__) - frozenset(Options.__annotations__)


def start_many(sources: Union[Name, Iterable[Name]], destination: Name, **how: Unpack[Many]) -> Copies:
    """Starts what copy_many() does."""
    options: Any = {name: value for name, value in how.items() if name not in HOW}
    update = how.get("update", "all")
    names = [sources] if isinstance(sources, (str, bytes, os.PathLike)) else list(sources)
    if update not in UPDATES:
        raise ValueError(f"update is one of {', '.join(UPDATES)}, not {update!r}")
    if options.get("through") is not None:
        raise TypeError("copies of many go through no stages: copy() does")
    prepared = Prepared(options)
    texts = [c_text(name_bytes(name), "source") for name in names]
    array = ffi.new("char *[]", texts or [NULL])
    told = _Told(how.get("on_item"))
    more = struct("weir_copies_options")
    rules = list(how.get("filters", ()))
    pairs = ffi.new("weir_pair[]", max(1, len(rules)))
    for pair, (what, pattern) in zip(pairs, rules):
        pair.name, pair.value = prepared.text(what, "filter"), prepared.text(pattern, "filter")
    more.filters, more.filter_count = pairs, len(rules)
    for name in ("recursive", "globs", "dry_run"):
        setattr(more, name, int(bool(how.get(name))))
    more.update, more.files = UPDATES[update], how.get("files", 0)
    more.on_item, more.release = _on_item, _hosts.release
    handle = ffi.new("weir_copies **")
    to = c_text(name_bytes(destination), "destination")
    more.host = _hosts.keep(told, stop=lambda: _stop(handle))
    try:
        call(lib.weir_start_copies, array, len(names), to, more, prepared.struct, handle)
    except Forked:
        _hosts.forget(more.host)  # nothing was taken
        raise
    except Error:
        raise
    except BaseException:  # a signal's: they may have been started, or not
        if handle[0] == NULL:
            _hosts.forget(more.host)
        else:
            lib.weir_copies_free(handle[0])
        raise
    return Copies(handle[0], told)


def _stop(handle: Any) -> None:
    lib.weir_copies_suspend(handle[0], NULL)


def copy_many(
    sources: Union[Name, Iterable[Name]],
    destination: Name,
    *,
    progress: Callable[[Summary], object] | None = None,
    **how: Unpack[Many],
) -> Summary:
    """Copies files, objects, trees (`recursive`) and patterns (`globs`) to one place, several at once; deletes nothing.

    "photos" goes below the destination with its name, "photos/" without. `update` keeps what is there: "size_and_time",
    "checksum". `filters` are ("exclude", "*.tmp") and ("include", …): the last that matches decides. `on_item` is told
    of each on a thread of the library's, one at a time; what it raises stops the rest. Items that fail stop no other:
    Incomplete tells of them at the end. With a ledger the same call goes on with what was stopped."""
    copies = start_many(sources, destination, **how)
    try:
        return copies.result(progress)
    finally:
        copies.close()
