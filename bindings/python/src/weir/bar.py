"""A bar on standard error."""

from __future__ import annotations

import sys
from typing import TextIO

from .progress import Progress

WIDTH = 20


def size_text(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def line_of(title: str, seen: Progress) -> str:
    rate = f"{size_text(seen.bytes_per_second)}/s"
    if not seen.bytes_total:
        return f"{title}  {size_text(seen.bytes_done)}  {rate}"
    part = min(1.0, seen.bytes_done / seen.bytes_total)
    full = int(part * WIDTH)
    left = "" if seen.eta is None else f"  ETA {seen.eta:.0f}s"
    bar = "━" * full + "╺" * (full < WIDTH) + "─" * (WIDTH - full - 1)
    return f"{title}  {bar} {part:4.0%}  {size_text(seen.bytes_done)}/{size_text(seen.bytes_total)}  {rate}{left}"


class Bar:
    """Given as `progress`. On a terminal it is drawn in one line; elsewhere there is one line at the end."""

    def __init__(self, title: str, out: TextIO | None = None) -> None:
        self._title = "".join(c if c.isprintable() else "?" for c in title)
        self._out = out if out is not None else sys.stderr
        self._live = self._out is not None and self._out.isatty()

    def __call__(self, seen: Progress) -> None:
        if self._out is None or not (self._live or seen.ended):
            return
        start = "\r\x1b[K" if self._live else ""
        self._out.write(start + line_of(self._title, seen) + ("\n" if seen.ended else ""))
        self._out.flush()
