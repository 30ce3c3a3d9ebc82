"""open(): objects and files as Python's own file objects."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Literal, overload

from ._texts import Name
from .options import Options
from .reader import BUFFER_BYTES, Reader
from .writer import BufferedWriter, TextWriter, Writer

if TYPE_CHECKING:
    from typing_extensions import Unpack


@overload
def open(
    name: Name,
    mode: Literal["rb"] = "rb",
    buffering: Literal[-1, 1] = -1,
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> io.BufferedReader: ...
@overload
def open(
    name: Name,
    mode: Literal["wb", "xb"],
    buffering: Literal[-1, 1] = -1,
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> BufferedWriter: ...
@overload
def open(
    name: Name,
    mode: Literal["r", "rt"],
    buffering: int = -1,
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> io.TextIOWrapper: ...
@overload
def open(
    name: Name,
    mode: Literal["w", "wt", "x", "xt"],
    buffering: int = -1,
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> TextWriter: ...
@overload
def open(
    name: Name,
    mode: Literal["rb"] = "rb",
    *,
    buffering: Literal[0],
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> Reader: ...
@overload
def open(
    name: Name,
    mode: Literal["rb"],
    buffering: Literal[0],
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> Reader: ...
@overload
def open(
    name: Name,
    mode: Literal["wb", "xb"],
    buffering: Literal[0],
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> Writer: ...
@overload
def open(
    name: Name,
    mode: str = "rb",
    buffering: int = -1,
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> Any: ...
def open(  # noqa: A001 (weir.open)
    name: Name,
    mode: str = "rb",
    buffering: int = -1,
    *,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    **options: Unpack[Options],
) -> io.BufferedReader | io.TextIOWrapper | Reader | Writer | BufferedWriter:
    """A place as a file object: mode "rb", "wb", "r" or "w"; "x" for one that must not be there yet; `through` stages.

    What is written is stored when it is closed, and not at all if the `with` block ends with an exception. After close()
    `receipt` is the proof."""
    kind = mode.replace("b", "").replace("t", "")
    binary = "b" in mode
    if kind not in ("r", "w", "x") or ("b" in mode and "t" in mode) or len(mode) > 2:
        raise ValueError(f"mode is rb, wb, xb, r, w or x, not {mode!r}")
    if binary and (encoding or errors or newline is not None):
        raise ValueError("bytes have no encoding, errors or newline")
    if buffering == 0 and not binary:
        raise ValueError("text is buffered")
    size = buffering if buffering > 1 else BUFFER_BYTES
    if kind == "r":
        reader = Reader(name, options)
        if buffering == 0:
            return reader
        buffered: Any = io.BufferedReader(reader, size)
        return buffered if binary else io.TextIOWrapper(buffered, encoding or "utf-8", errors, newline)
    if kind == "x":
        options["no_clobber"] = True
    writer = Writer(name, options)
    if buffering == 0:
        return writer
    out = BufferedWriter(writer, size)
    return out if binary else TextWriter(out, encoding or "utf-8", errors, newline)
