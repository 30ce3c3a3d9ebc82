"""One tree of exceptions. Each also derives from the built-in one that fits, so `except FileNotFoundError` works."""

from __future__ import annotations

import enum
import errno as numbers
from typing import Any


class Retry(enum.IntEnum):
    """What may be done about an error."""

    NEVER = 0
    TRANSIENT = 1  # the same call may work in a moment
    THROTTLED = 2  # as transient, and slow down
    CREDENTIALS = 3  # fetch credentials anew, then the same call
    CLOCK = 4  # correct the clock, then the same call


class Error(Exception):
    """What went wrong, in full. Decide by class, `status` and `retry`, never by the text.

    status        the name of its kind: "not_found"
    retry         a Retry
    http_status   0: no HTTP answer was seen
    offset        into the stream, file or object; None: not known
    retry_after   seconds, as the service asked; None: it did not
    needed_bytes  of BudgetTooSmall: the budget that would fit
    kept_bytes    of an unfinished upload at the store: the same call goes on with it
    operation, cause, advice, stage, service_code, request_id: texts, "" where there is nothing to say
    """

    status: str = "internal"
    retry: int = Retry.NEVER
    http_status: int = 0
    offset: int | None = None
    retry_after: float | None = None
    needed_bytes: int = 0
    kept_bytes: int = 0
    operation: str = ""
    cause: str = ""
    advice: str = ""
    stage: str = ""
    service_code: str = ""
    request_id: str = ""
    _errno: int | None = None  # of classes that are OSErrors

    def __init__(self, message: str = "", **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.__dict__.update(fields)
        if isinstance(self, OSError):
            for name, value in (("errno", self._errno), ("strerror", message)):
                setattr(self, name, value)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> Any:
        return (_again, (type(self), self.message, self.__dict__.copy()))


def _again(kind: type[Error], message: str, fields: dict[str, Any]) -> Error:
    fields.pop("message", None)
    return kind(message, **fields)


class InvalidArgument(Error, ValueError):
    """The input cannot work; nothing was changed."""

    status = "invalid_argument"


class NotFound(Error, FileNotFoundError):
    """The source, bucket, object or upload is not there."""

    _errno = numbers.ENOENT


class AlreadyExists(Error, FileExistsError):
    """The destination is there and must not be replaced."""

    _errno = numbers.EEXIST


class AccessDenied(Error, PermissionError):
    """Credentials or permissions."""

    _errno = numbers.EACCES


class SourceChanged(Error, OSError):
    """The source is no longer what it was when the job began."""

    status = "source_changed"


class Corrupt(Error, OSError):
    """Bytes are not what their checksum or format says."""


class Limit(Error, OverflowError):
    """A limit of the store, the format or the caller would be passed."""


class BudgetTooSmall(Error, ValueError):
    """`needed_bytes` says what would fit."""


class NoSpace(Error, OSError):
    """The disk or quota is full."""

    _errno = numbers.ENOSPC


class InputOutput(Error, OSError):
    """A file, a device or a function of the program's own failed."""

    _errno = numbers.EIO


class Network(Error, ConnectionError):
    """A connection failed, stalled or was cut."""


class Timeout(Error, TimeoutError):
    """No progress for too long."""

    _errno = numbers.ETIMEDOUT


class Unavailable(Error, ConnectionError):
    """The service says it cannot now."""


class Protocol(Error, OSError):
    """The peer's answer makes no sense."""

    _errno = numbers.EPROTO


class Unsupported(Error, NotImplementedError):
    """This build, store or platform cannot do it."""


class BrokenPipe(Error, BrokenPipeError):
    """The reader of our output is gone."""

    _errno = numbers.EPIPE


class Cancelled(Error):
    """Someone asked it to stop."""


class Internal(Error, RuntimeError):
    """A bug in weir."""


class Closed(Error, ValueError):
    """It was closed."""

    status = "handle"


class VersionMismatch(Error, RuntimeError):
    """Library and package do not fit."""


class Forked(Error, RuntimeError):
    """This process is the child of a fork, where weir cannot be used: start it with "spawn" or "forkserver"."""


class OutOfMemory(Error, MemoryError):
    """The system has no memory."""


class WrongState(Error, RuntimeError):
    """The call cannot be made now: from inside a stage, twice, by two threads at once."""

    status = "state"


# By the names of weir_status_name(). What a newer library says is an Error.
BY_STATUS: dict[str, type[Error]] = {
    "invalid_argument": InvalidArgument,
    "not_found": NotFound,
    "already_exists": AlreadyExists,
    "access_denied": AccessDenied,
    "source_changed": SourceChanged,
    "corrupt": Corrupt,
    "limit": Limit,
    "budget_too_small": BudgetTooSmall,
    "no_space": NoSpace,
    "io": InputOutput,
    "network": Network,
    "timeout": Timeout,
    "unavailable": Unavailable,
    "protocol": Protocol,
    "unsupported": Unsupported,
    "broken_pipe": BrokenPipe,
    "cancelled": Cancelled,
    "internal": Internal,
    "handle": Closed,
    "version": VersionMismatch,
    "forked": Forked,
    "no_memory": OutOfMemory,
    "state": WrongState,
}
