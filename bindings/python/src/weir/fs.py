"""An fsspec filesystem, for pandas, dask, pyarrow and whoever else asks for one: fsspec.filesystem("weir").

    fsspec.open("weir://s3://bucket/data.csv") is weir.open("s3://bucket/data.csv").
"""

from __future__ import annotations

from typing import Any

from fsspec.spec import AbstractFileSystem

from . import files, store
from .reader import BUFFER_BYTES
from .writer import BufferedWriter, Writer
from .context import Context
from .copy import copy
from .errors import InvalidArgument


class WeirFileSystem(AbstractFileSystem):  # type: ignore[misc, unused-ignore]
    """Names are weir's: s3://bucket/key, vercel://store/path, PATH; with or without weir:// in front."""

    protocol = "weir"
    cachable = False

    def __init__(self, context: Context | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.context = context

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        text = str(path)
        return text[len("weir://") :] if text.startswith("weir://") else text

    @staticmethod
    def _entry(name: str, size: int | None, kind: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "size": size, "type": kind, **more}

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        path = self._strip_protocol(path)
        prefix = path if path.endswith("/") else path + "/"
        found = [
            self._entry(one.name.rstrip("/"), 0, "directory")
            if one.is_folder
            else self._entry(one.name, one.size, "file", ETag=one.etag, LastModified=one.modified)
            for one in store.ls(prefix, folders=True, context=self.context)
        ]
        if not found:
            found = [self.info(path)]
        return found if detail else [one["name"] for one in found]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        path = self._strip_protocol(path)
        try:
            seen = store.head(path, context=self.context)
        except (OSError, InvalidArgument):  # a directory, perhaps
            prefix = path.rstrip("/") + "/"
            if next(store.ls(prefix, folders=True, context=self.context), None) is None:
                raise
            return self._entry(path.rstrip("/"), 0, "directory")
        return self._entry(path, seen.size, "file", ETag=seen.etag, LastModified=seen.modified)

    def _open(self, path: str, mode: str = "rb", block_size: int | None = None, **_: Any) -> Any:
        name = self._strip_protocol(path)
        if mode == "rb":
            return files.open(name, "rb", context=self.context)
        if mode in ("wb", "xb"):
            writer = Writer(name, {"context": self.context, "no_clobber": mode == "xb"})
            return BufferedWriter(writer, BUFFER_BYTES)
        raise ValueError(f"mode is rb, wb or xb, not {mode!r}")

    def rm_file(self, path: str) -> None:
        store.remove(self._strip_protocol(path), context=self.context)

    def _rm(self, path: str) -> None:
        self.rm_file(path)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        copy(self._strip_protocol(path1), self._strip_protocol(path2), context=self.context)

    def get_file(self, rpath: str, lpath: Any, **_: Any) -> None:
        copy(self._strip_protocol(rpath), str(lpath), context=self.context)

    def put_file(self, lpath: Any, rpath: str, **_: Any) -> None:
        copy(str(lpath), self._strip_protocol(rpath), context=self.context)

    def created(self, path: str) -> Any:
        return self.modified(path)

    def modified(self, path: str) -> Any:
        return self.info(path).get("LastModified")
