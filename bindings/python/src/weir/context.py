"""Context: what jobs share. Connections, keys, threads, limits and the ledger."""

from __future__ import annotations

import logging
import os
import threading
from types import TracebackType
from typing import Any, Callable, Optional, Tuple

from . import _hosts, own_stage
from ._call import call
from ._native import NULL, ffi, lib, struct
from ._texts import c_text

# Asked at each attempt of each request, with whether the keys given last were refused as expired: (key id, secret,
# session token or None); None: there are none. Comes on threads of the library's, perhaps several at once.
CredentialsFunction = Callable[[bool], Optional[Tuple[str, str, Optional[str]]]]

_log = logging.getLogger("weir")


@ffi.callback("int32_t(void *, int32_t, weir_credentials *)", error=1)  # type: ignore[untyped-decorator]
def _get_credentials(host: Any, refused: int, to: Any) -> int:
    keys = _hosts.held_by(host)(bool(refused))
    if keys is None:
        return 1
    key, secret, token = keys
    lib.weir_credentials_set(to, c_text(key), c_text(secret), c_text(token))
    return 0


@ffi.callback("void(void *, int32_t, char *)")  # type: ignore[untyped-decorator]
def _log_line(_host: Any, _level: int, line: Any) -> None:
    _log.info("%s", ffi.string(line).decode("utf-8", "replace"))


class Context:
    """Jobs of one context share connections, keys, threads, limits and the ledger. Sends nothing by itself. Any thread.

    threads           that compute; None: the pool that all of the process shares
    budget_bytes      memory of each job that does not say otherwise; None: 64 MiB, at least 8 MiB
    ledger            uploads and downloads are recorded, and the same call goes on with one that was killed or failed
    state_dir         where the ledger is; None: weir/ in $XDG_STATE_HOME, else ~/.local/state
    no_sign_request   S3 without keys, for what anyone may do
    credentials       a function that gives keys
    s3_endpoint_url, s3_region, aws_profile: None: from the environment, then from the profile, then the default
    ca_bundle         a file or directory of certificates
    bytes_per_second  over the network, of all its jobs together, in each direction
    """

    def __init__(
        self,
        *,
        threads: int | None = None,
        budget_bytes: int | None = None,
        ledger: bool = False,
        state_dir: str | os.PathLike[str] | None = None,
        no_sign_request: bool = False,
        credentials: CredentialsFunction | None = None,
        s3_endpoint_url: str | None = None,
        s3_region: str | None = None,
        aws_profile: str | None = None,
        ca_bundle: str | os.PathLike[str] | None = None,
        bytes_per_second: int | None = None,
    ) -> None:
        self._handle: Any = NULL
        options = struct("weir_context_options")
        options.threads = threads or 0
        options.budget_bytes = budget_bytes or 0
        options.ledger = int(ledger)
        options.no_sign_request = int(no_sign_request)
        options.bytes_per_second = bytes_per_second or 0
        texts = {
            "state_dir": os.fspath(state_dir) if state_dir is not None else None,
            "ca_bundle": os.fspath(ca_bundle) if ca_bundle is not None else None,
            "s3_endpoint_url": s3_endpoint_url,
            "s3_region": s3_region,
            "aws_profile": aws_profile,
        }
        alive = {name: c_text(text, name) for name, text in texts.items()}
        for name, text in alive.items():
            setattr(options, name, text)
        logger = struct("weir_logger")
        logger.log = _log_line
        options.logger = logger
        provider = struct("weir_credentials_provider")
        if credentials is not None:
            if not callable(credentials):
                raise TypeError("credentials is a function that gives (key id, secret, session token or None)")
            provider.get = _get_credentials
            provider.release = _hosts.release
            provider.host = _hosts.keep(credentials)
            options.credentials = provider
        handle = ffi.new("weir_context **")
        call(lib.weir_context_new, options, handle)
        self._handle = handle[0]
        self._lock = threading.Lock()
        own_stage.add(self._handle)

    def close(self) -> None:
        """Its jobs go on."""
        handle, self._handle = self._handle, NULL
        lib.weir_context_free(handle)

    def __enter__(self) -> Context:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", NULL) != NULL:
            self.close()


_default: Context | None = None
_default_lock = threading.Lock()


def default_context() -> Context:
    """The one that calls without a context share. Made when first needed."""
    global _default
    with _default_lock:
        if _default is None:
            _default = Context()
        return _default


def set_default_context(context: Context | None) -> None:
    """What calls without a context use from now on; None: a new one when next needed."""
    global _default
    with _default_lock:
        _default = context


def handle_of(context: Context | None) -> Any:
    return (context if context is not None else default_context())._handle
