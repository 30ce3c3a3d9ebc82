"""weir: stream any amount of data from any source, through any transforms, into any store.

    import weir

    receipt = weir.copy("big.csv", "s3://bucket/big.csv.zst", through="zstd level=3", progress=True)
    with weir.open("s3://bucket/big.csv") as file: ...
    weir.upload(rows(), "s3://bucket/rows.csv")
    pipe = weir.file("log.txt") | weir.lines() | weir.filter(lambda line: b"ERROR" in line) | weir.to("errors.txt")
    job = pipe.start()

`weir.aio` has the same for asyncio.
"""

from ._native import features, version
from .bar import Bar
from .chunks import Pull
from .context import Context, default_context, set_default_context
from .copy import copy, download, start, upload
from .errors import (
    AccessDenied,
    AlreadyExists,
    BrokenPipe,
    BudgetTooSmall,
    Cancelled,
    Closed,
    Corrupt,
    Error,
    Forked,
    InputOutput,
    Internal,
    InvalidArgument,
    Limit,
    Network,
    NoSpace,
    NotFound,
    OutOfMemory,
    Protocol,
    Retry,
    SourceChanged,
    Timeout,
    Unavailable,
    Unsupported,
    VersionMismatch,
    WrongState,
)
from .files import open
from .job import Job
from .ledger import Unfinished, unfinished
from .many import Copies, Incomplete, Item, Outcome, Summary, copy_many, start_many
from .pipeline import Pipeline
from .progress import Progress, Receipt, State
from .reader import Reader
from .stages import (
    custom,
    file,
    filter,
    generate,
    grep,
    gunzip,
    gzip,
    lines,
    map,
    pieces,
    sha256,
    source,
    stage,
    tee,
    to,
    unzstd,
    zstd,
)
from .store import Entry, ObjectInfo, copy_inside, head, ls, presign, remove
from .writer import Writer

from . import aio  # isort: skip

__version__ = version

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "Bar",
    "BrokenPipe",
    "BudgetTooSmall",
    "Cancelled",
    "Closed",
    "Context",
    "Copies",
    "Corrupt",
    "Entry",
    "Error",
    "Forked",
    "Incomplete",
    "InputOutput",
    "Internal",
    "InvalidArgument",
    "Item",
    "Job",
    "Limit",
    "Network",
    "NoSpace",
    "NotFound",
    "ObjectInfo",
    "OutOfMemory",
    "Outcome",
    "Pipeline",
    "Progress",
    "Protocol",
    "Pull",
    "Reader",
    "Receipt",
    "Retry",
    "SourceChanged",
    "State",
    "Summary",
    "Timeout",
    "Unavailable",
    "Unfinished",
    "Unsupported",
    "VersionMismatch",
    "Writer",
    "WrongState",
    "aio",
    "copy",
    "copy_inside",
    "copy_many",
    "custom",
    "default_context",
    "download",
    "features",
    "file",
    "filter",
    "generate",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "lines",
    "ls",
    "map",
    "open",
    "pieces",
    "presign",
    "remove",
    "set_default_context",
    "sha256",
    "source",
    "stage",
    "start",
    "start_many",
    "tee",
    "to",
    "unfinished",
    "unzstd",
    "upload",
    "version",
    "zstd",
]
