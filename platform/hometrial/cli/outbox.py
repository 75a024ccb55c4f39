"""A mail server on this machine for rehearsals: it takes every message and keeps each as a file, and sends none on."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class _Outbox:
    """Keeps what arrives in a folder, numbered in the order of arrival."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library calls it so
        """Keep one message."""
        self._count += 1
        name = f"{self._count:04}-{'-'.join(envelope.rcpt_tos)}.eml".replace("/", "_")
        (self._folder / name).write_bytes(envelope.content)
        return "250 kept"


@contextmanager
def outbox(folder: Path) -> Iterator[int]:
    """Take mail on a free port of this machine, which is given, into a new or an emptied folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.eml"):
        old.unlink()
    port = _free_port()
    controller = Controller(_Outbox(folder), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
