"""Connections that keep a deadline: no server can hold a call longer by sending a byte now and then.

A read time-out bounds the wait for the next byte only. Here every read from the socket, of headers and
of the body, also looks at when the whole call must be over.
"""

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter

_ends: ContextVar[float] = ContextVar("_ends", default=float("inf"))


@contextmanager
def over_by(ends: float) -> Iterator[None]:
    """Bound the calls made inside; `ends` is a reading of time.monotonic()."""
    before = _ends.set(ends)
    try:
        yield
    finally:
        _ends.reset(before)


class _TimedStream(io.RawIOBase):
    """What comes from a socket until the deadline. Raises TimeoutError after it."""

    def __init__(self, connection: socket.socket, ends: float) -> None:
        self.connection, self.ends = connection, ends
        self.stream = connection.makefile("rb", buffering=0)
        self.patience = connection.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the reply took too long")
        self.connection.settimeout(left if self.patience is None else min(left, self.patience))
        return self.stream.readinto(buffer)

    def close(self) -> None:
        self.stream.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedStream(sock, _ends.get()))


class TimedAdapter(HTTPAdapter):
    """An adapter of requests whose connections keep the deadline of `over_by`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool of connections."""
        super().init_poolmanager(*args, **kwargs)
        _time(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pool of connections through a proxy."""
        return _time(super().proxy_manager_for(proxy, **kwargs))


def _time(manager: Any) -> Any:
    """Let the manager's connections read by `_TimedResponse`, whatever their scheme."""
    manager.pool_classes_by_scheme = {
        scheme: _timed_pool(pool) for scheme, pool in manager.pool_classes_by_scheme.items()
    }
    return manager


def _timed_pool(pool: Any) -> Any:
    if pool.ConnectionCls.__dict__.get("response_class") is _TimedResponse:
        return pool
    timed = {"response_class": _TimedResponse}
    connection = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), timed)
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})
