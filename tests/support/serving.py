"""Runs a site's server in a thread until another closes it."""

import contextlib
import threading


def in_background(server) -> threading.Thread:
    """Let a waitress server answer in a thread of its own, which ends when the server is closed."""
    thread = threading.Thread(target=_run, args=(server,), daemon=True)
    thread.start()
    return thread


def _run(server) -> None:
    # Who closes a server takes the sockets away on which it waits.
    with contextlib.suppress(OSError):
        server.run()
