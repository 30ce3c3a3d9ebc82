"""What was not finished: uploads and downloads that were killed, suspended or failed."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ._call import END, call, interruptible
from ._native import ffi, lib, struct
from ._texts import from_c
from .context import Context, handle_of

if TYPE_CHECKING:
    from .job import Job


@dataclasses.dataclass(frozen=True)
class Unfinished:
    id: int
    source: str
    destination: str
    can_resume: bool  # resume() knows how it was started; else make the same call again
    bytes_stored: int
    bytes_total: int | None
    owner_pid: int | None  # of the process that is at it now
    created: datetime
    updated: datetime
    _context: Context | None = dataclasses.field(default=None, repr=False, compare=False)

    def resume(self) -> Job:
        """Goes on with it, as it was started. Its context has `ledger`."""
        from .job import start_unfinished

        return start_unfinished(self.id, {"context": self._context})

    def abort(self) -> None:
        """Removes from the store what was sent of it, and the job from the ledger."""
        shared = handle_of(self._context)
        interruptible(lambda: call(lib.weir_ledger_abort, shared, self.id))


def unfinished(*, context: Context | None = None) -> list[Unfinished]:
    """Oldest first."""
    handle = ffi.new("weir_unfinished **")
    shared = handle_of(context)
    interruptible(lambda: call(lib.weir_ledger_list, shared, handle))
    listing = ffi.gc(handle[0], lib.weir_unfinished_free)
    found = struct("weir_unfinished_job")
    jobs: list[Unfinished] = []
    while call(lib.weir_unfinished_next, listing, found) != END:
        jobs.append(
            Unfinished(
                id=int(found.id),
                source=from_c(found.source),
                destination=from_c(found.destination),
                can_resume=bool(found.can_resume),
                bytes_stored=int(found.bytes_stored),
                bytes_total=int(found.bytes_total) or None,
                owner_pid=int(found.owner_pid) or None,
                created=datetime.fromtimestamp(int(found.created_unix), timezone.utc),
                updated=datetime.fromtimestamp(int(found.updated_unix), timezone.utc),
                _context=context,
            )
        )
    return jobs
