"""Texts on their way into the library and out of it."""

from __future__ import annotations

import os
import re
from typing import Any, Union

from ._native import NULL, ffi
from .errors import InvalidArgument

# What names a file or an object: text as people type it, or a path.
Name = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

_PLAIN = re.compile(rb"[A-Za-z0-9_./:=@%+,-]+")


def to_bytes(text: str | bytes, what: str = "text") -> bytes:
    """UTF-8. Names of files that are none survive, as they do everywhere in Python."""
    try:
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"cannot take the {what}: {error}") from error
    if b"\0" in data:
        raise InvalidArgument(f"cannot take the {what}: it has a NUL in it")
    return data


def c_text(text: str | bytes | None, what: str = "text") -> Any:
    """`char[]`, to be kept while the call runs; NULL for None."""
    return NULL if text is None else ffi.new("char[]", to_bytes(text, what))


def from_c(text: Any) -> str:
    """"" for NULL."""
    return "" if text == NULL else ffi.string(text).decode("utf-8", "surrogateescape")


def name_bytes(name: Name) -> bytes:
    """A path is a file, whatever it is called; text is what it says: s3://bucket/key, file:PATH, PATH."""
    if isinstance(name, (str, bytes)):
        if not name:
            raise InvalidArgument("cannot take the name: it is empty")
        return to_bytes(name, "name")
    path = os.fspath(name) if isinstance(name, os.PathLike) else None
    if path is None:
        raise TypeError(f"a name is a str, bytes or a path, not {type(name).__name__}")
    return b"file:" + to_bytes(path, "path")


def place(name: Name) -> bytes:
    """A name that no pipeline takes for a stage: a file that is called "count" is a file."""
    data = name_bytes(name)
    return data if b":" in data or data == b"-" else b"file:" + data


def quoted(word: bytes) -> bytes:
    """One word of a line of text."""
    if _PLAIN.fullmatch(word):
        return word
    return b'"' + word.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
