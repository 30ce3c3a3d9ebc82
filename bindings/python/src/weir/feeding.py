"""Feeding a pipeline: the handle that pushes."""

from __future__ import annotations

from typing import Any

from . import _hosts
from ._call import OK, PENDING, SLICE_MS, call
from ._native import NULL, ffi, lib, struct
from ._texts import c_text

# Buffers are released by `with`, not when they happen to be collected: in a cycle of garbage, as errors with their frames
# are, some versions of Python crash on a memoryview that is cleared while it is still lent out.

# What is handed over in one go. Bytes of at least this many are not copied, as nobody can change them.
PIECE = 1 << 20
GIVEN_FROM = 64 << 10


def bytes_of(data: Any) -> memoryview:
    """Any buffer, as bytes."""
    if isinstance(data, str):
        raise TypeError("weir stores bytes, not str: encode it")
    try:
        view = memoryview(data)
    except TypeError as error:
        raise TypeError(f"weir stores bytes, not {type(data).__name__}") from error
    if not view.c_contiguous:
        raise BufferError("the buffer is not contiguous")
    return view.cast("B") if view.nbytes else memoryview(b"")


class Push:
    """One thread at a time. Closed without close() it ends its job with an error: half a stream is none."""

    def __init__(self, exact_bytes: int | None = None) -> None:
        options = struct("weir_handle_options")
        if exact_bytes is not None:
            options.has_exact_bytes, options.exact_bytes = 1, exact_bytes
        handle = ffi.new("weir_push **")
        call(lib.weir_push_new, options, handle)
        self.handle = handle[0]

    def try_piece(self, piece: memoryview) -> int:
        """How much of it was taken; 0: there is no room."""
        if isinstance(piece.obj, bytes) and len(piece) >= GIVEN_FROM:
            return self._give(piece)
        taken = ffi.new("size_t *")
        with ffi.from_buffer(piece) as memory:
            status = call(lib.weir_push_try_write, self.handle, memory, len(piece), taken)
        return int(taken[0]) if status == OK else 0

    def _give(self, piece: memoryview) -> int:
        memory = ffi.from_buffer(piece)
        host = _hosts.keep(memory, stop=_nothing)
        try:
            status = call(lib.weir_push_give, self.handle, memory, len(piece), _given_back, host)
        except BaseException:
            _hosts.forget(host)
            ffi.release(memory)
            raise
        if status != PENDING:
            return len(piece)
        _hosts.forget(host)
        ffi.release(memory)
        return 0

    def wait(self, milliseconds: int = SLICE_MS) -> None:
        call(lib.weir_push_wait, self.handle, milliseconds)

    def write(self, data: Any) -> int:
        """All of it. Waits while there is no room."""
        view = bytes_of(data)
        at = 0
        while at < len(view):
            taken = self.try_piece(view[at : at + PIECE])
            at += taken
            while not taken and call(lib.weir_push_wait, self.handle, SLICE_MS) == PENDING:
                pass
        return len(view)

    def fd(self) -> int:
        number = ffi.new("int32_t *")
        call(lib.weir_push_fd, self.handle, number)
        return int(number[0])

    def close(self) -> None:
        """All was written."""
        call(lib.weir_push_close, self.handle)

    def fail(self, cause: BaseException) -> None:
        """Its job fails."""
        text = f"{type(cause).__name__}: {cause}".replace("\0", "?").encode("utf-8", "replace")
        call(lib.weir_push_fail, self.handle, c_text(text[:4096]))

    def free(self) -> None:
        handle, self.handle = self.handle, NULL
        lib.weir_push_free(handle)

    def __del__(self) -> None:
        if getattr(self, "handle", NULL) != NULL:
            self.free()


@ffi.callback("void(void *, void *)", onerror=_hosts.in_spite_of_signals)  # type: ignore[untyped-decorator]
def _given_back(host: Any, _data: Any) -> None:
    _hosts.forget(host)


def _nothing() -> None:
    """The job that holds the memory is stopped by itself."""
