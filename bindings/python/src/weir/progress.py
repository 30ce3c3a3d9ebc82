"""How far a job is, and the proof of one that is done."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

from ._native import lib, result, struct
from ._texts import from_c


class State(enum.Enum):
    RUNNING = lib.WEIR_JOB_RUNNING
    PAUSED = lib.WEIR_JOB_PAUSED
    STOPPING = lib.WEIR_JOB_STOPPING
    DONE = lib.WEIR_JOB_DONE
    FAILED = lib.WEIR_JOB_FAILED

    @classmethod
    def _missing_(cls, _value: object) -> State:
        return cls.RUNNING  # of a newer library: it has not ended


@dataclasses.dataclass(frozen=True)
class Progress:
    """A snapshot. Read, sent, confirmed and durable are four numbers, of bytes."""

    state: State
    bytes_done: int  # how far it is, of bytes_total
    bytes_total: int | None
    bytes_read: int  # by the source
    bytes_received: int  # over the network, repeats included
    bytes_sent: int  # by the sink, repeats included
    bytes_confirmed: int  # the destination said that it has them
    bytes_durable: int  # of those, what survives a loss of power
    bytes_resumed: int  # of those confirmed: sent by an earlier run
    elapsed: float  # seconds
    memory_bytes: int
    memory_limit_bytes: int
    bytes_per_second: float
    eta: float | None  # seconds
    stalled: float  # seconds in which nothing has moved
    parts_done: int
    parts_in_flight: int
    concurrency: int
    retries: int
    limited_by: str  # name of the stage that sets the speed

    @property
    def ended(self) -> bool:
        return self.state in (State.DONE, State.FAILED)


def new_progress() -> Any:
    return struct("weir_progress")


def progress_of(filled: Any) -> Progress:
    return Progress(
        state=State(int(filled.state)),
        bytes_done=int(filled.bytes_done),
        bytes_total=int(filled.bytes_total) if filled.has_total else None,
        bytes_read=int(filled.bytes_read),
        bytes_received=int(filled.bytes_received),
        bytes_sent=int(filled.bytes_sent),
        bytes_confirmed=int(filled.bytes_confirmed),
        bytes_durable=int(filled.bytes_durable),
        bytes_resumed=int(filled.bytes_resumed),
        elapsed=filled.elapsed_ns / 1e9,
        memory_bytes=int(filled.memory_bytes),
        memory_limit_bytes=int(filled.memory_limit_bytes),
        bytes_per_second=float(filled.bytes_per_second),
        eta=float(filled.eta_seconds) if filled.has_eta else None,
        stalled=float(filled.stalled_seconds),
        parts_done=int(filled.parts_done),
        parts_in_flight=int(filled.parts_in_flight),
        concurrency=int(filled.concurrency),
        retries=int(filled.retries),
        limited_by=from_c(filled.limited_by),
    )


@dataclasses.dataclass(frozen=True)
class Receipt:
    """The proof of a finished job."""

    checksum_verified: bool  # the store's own checksum was compared with ours and is equal
    bytes_read: int  # that the source delivered, in this run
    bytes_acked: int  # that the sink acknowledged
    bytes_stored: int  # that the store reports for the finished object
    bytes_resumed: int  # of bytes_acked: an earlier run had sent them
    bytes_skipped: int  # of bytes_resumed: nobody even made them again
    duration: float  # seconds
    parts: int
    retries: int
    destination: str  # without secrets
    etag: str
    checksum: str  # "crc64nvme:rosUhgp5mIg=": ours
    facts: dict[str, str]  # what stages found out: "sha256" and its hex digits


def new_receipt() -> Any:
    return result("weir_receipt", lib.weir_receipt_clear)


def pairs_of(pairs: Any, count: int) -> dict[str, str]:
    return {from_c(pairs[i].name): from_c(pairs[i].value) for i in range(count)}


def receipt_of(filled: Any) -> Receipt:
    return Receipt(
        checksum_verified=bool(filled.checksum_verified),
        bytes_read=int(filled.bytes_read),
        bytes_acked=int(filled.bytes_acked),
        bytes_stored=int(filled.bytes_stored),
        bytes_resumed=int(filled.bytes_resumed),
        bytes_skipped=int(filled.bytes_skipped),
        duration=filled.duration_ns / 1e9,
        parts=int(filled.parts),
        retries=int(filled.retries),
        destination=from_c(filled.destination),
        etag=from_c(filled.etag),
        checksum=from_c(filled.checksum),
        facts=pairs_of(filled.facts, int(filled.fact_count)),
    )
