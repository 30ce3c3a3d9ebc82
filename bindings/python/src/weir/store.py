"""Objects by name: look at them, list, remove, copy inside a store, give URLs to anyone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from ._call import END, call, interruptible
from ._native import ffi, lib, result, struct
from ._texts import Name, c_text, from_c, name_bytes
from .context import Context, handle_of
from .progress import pairs_of


@dataclasses.dataclass(frozen=True)
class ObjectInfo:
    name: str  # s3://bucket/key
    size: int  # bytes
    modified: datetime | None
    etag: str
    version: str
    content_type: str
    content_encoding: str
    storage_class: str
    crc64nvme: int | None  # of the whole object
    metadata: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Entry:
    """An object in a listing, or what stands for all below a name."""

    name: str  # s3://bucket/key
    key: str  # behind the bucket
    is_folder: bool
    size: int
    modified: datetime | None
    etag: str


def _time(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, timezone.utc) if seconds else None


def _store_name(name: Name) -> Any:
    """A path is a path here: the store has no need of "file:"."""
    data = name_bytes(name)
    return c_text(data[5:] if data.startswith(b"file:") else data, "name")


def _info_of(filled: Any) -> ObjectInfo:
    return ObjectInfo(
        name=from_c(filled.name),
        size=int(filled.size),
        modified=_time(int(filled.modified_unix)),
        etag=from_c(filled.etag),
        version=from_c(filled.version),
        content_type=from_c(filled.content_type),
        content_encoding=from_c(filled.content_encoding),
        storage_class=from_c(filled.storage_class),
        crc64nvme=int(filled.crc64nvme) if filled.has_crc64nvme else None,
        metadata=pairs_of(filled.metadata, int(filled.metadata_count)),
    )


def head(name: Name, *, context: Context | None = None) -> ObjectInfo:
    """What the store says of an object; NotFound where there is none."""
    info = result("weir_object_info", lib.weir_object_info_clear)
    text, shared = _store_name(name), handle_of(context)
    interruptible(lambda: call(lib.weir_store_head, shared, text, info))
    return _info_of(info)


def remove(name: Name, *, context: Context | None = None) -> None:
    """No error where there was nothing."""
    text, shared = _store_name(name), handle_of(context)
    interruptible(lambda: call(lib.weir_store_remove, shared, text))


def copy_inside(source: Name, destination: Name, *, context: Context | None = None) -> ObjectInfo:
    """A copy that the store makes by itself; Unsupported where it cannot, and copy() can."""
    info = result("weir_object_info", lib.weir_object_info_clear)
    here, there, shared = _store_name(source), _store_name(destination), handle_of(context)
    interruptible(lambda: call(lib.weir_store_copy, shared, here, there, info))
    return _info_of(info)


def presign(name: Name, *, method: str = "GET", seconds: int = 3600, context: Context | None = None) -> str:
    """A URL that lets anyone do `method` for so many seconds."""
    url = ffi.new("char **")
    text, way, shared = _store_name(name), c_text(method, "method"), handle_of(context)
    interruptible(lambda: call(lib.weir_store_presign, shared, way, text, seconds, url))
    try:
        return from_c(url[0])
    finally:
        lib.weir_text_free(url[0])


def ls(prefix: Name, *, folders: bool = False, context: Context | None = None) -> Iterator[Entry]:
    """What begins with `prefix`, in the store's order, as it comes; `folders` folds what lies below the next "/"."""
    options = struct("weir_list_options")
    options.folders = int(folders)
    listing = ffi.new("weir_listing **")
    call(lib.weir_store_list, handle_of(context), _store_name(prefix), options, listing)
    return _entries(ffi.gc(listing[0], lib.weir_listing_free))


# Taken in one go: a page comes whole, and between pages it is waited.
_AT_ONCE = 500


def _entries(listing: Any) -> Iterator[Entry]:
    while True:
        some = interruptible(lambda: _some_entries(listing))
        yield from some
        if len(some) < _AT_ONCE:
            return


def _some_entries(listing: Any) -> list[Entry]:
    found = struct("weir_listed")
    entries: list[Entry] = []
    while len(entries) < _AT_ONCE and call(lib.weir_listing_next, listing, found) != END:
        entries.append(
            Entry(
                name=from_c(found.name),
                key=from_c(found.key),
                is_folder=bool(found.is_folder),
                size=int(found.size),
                modified=_time(int(found.modified_unix)),
                etag=from_c(found.etag),
            )
        )
    return entries
