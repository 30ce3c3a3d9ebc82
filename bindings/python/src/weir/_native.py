"""The library: found, opened, and its functions by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import _declarations  # written by declare.py out of weir.h

ffi: Any = _declarations.ffi


def _open() -> Any:
    """$WEIR_LIBRARY, else the library beside this file, else the system's."""
    beside = Path(__file__).with_name("libweir.so")
    name = os.environ.get("WEIR_LIBRARY") or (str(beside) if beside.exists() else "libweir.so.1")
    try:
        library = ffi.dlopen(name)
        running = int(library.weir_version())
    except (OSError, AttributeError) as error:
        raise ImportError(f"cannot load weir's library: {error}") from error
    if running < int(library.WEIR_VERSION_NUMBER):
        raise ImportError(f"{name} is version {ffi.string(library.weir_version_text()).decode()}, older than this package")
    return library


lib: Any = _open()
NULL: Any = ffi.NULL

version: str = ffi.string(lib.weir_version_text()).decode()


def features() -> list[str]:
    """The places and stages that this build of the library knows."""
    return str(ffi.string(lib.weir_features()).decode()).split()


def struct(kind: str) -> Any:
    """A zeroed struct of the header that says its size."""
    made = ffi.new(f"{kind} *")
    lib.weir_init(made, ffi.sizeof(kind))
    return made


def result(kind: str, clear: Any) -> Any:
    """A struct that the library fills; what it owns is freed with it."""
    made = struct(kind)
    return ffi.gc(made, clear)
