"""A wire between a browser and a site, that can be cut, and that can lose an answer on its way back."""

import contextlib
import socket
import threading
from collections.abc import Callable


class Wire:
    """A TCP relay from `port` to another port of this machine."""

    def __init__(self, port: int, to: int) -> None:
        self.port, self.to = port, to
        self.loses: Callable[[bytes], bool] = lambda _: False
        self.lost = 0
        self._open: set[socket.socket] = set()
        self._door: socket.socket | None = None

    def mend(self) -> None:
        """Let everything through."""
        self._door = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()

    def cut(self) -> None:
        """Break every connection; nobody gets through from now on."""
        door, self._door = self._door, None
        for each in [door, *self._open]:
            if each is not None:
                self._shut(each)

    def _shut(self, end: socket.socket) -> None:
        self._open.discard(end)
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

    def _accept(self, door: socket.socket) -> None:
        while True:
            try:
                near, _ = door.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                return
            self._open |= {near, far}
            talk = _Talk()
            for source, sink, is_request in ((near, far, True), (far, near, False)):
                threading.Thread(
                    target=self._relay, args=(source, sink, talk, is_request), daemon=True
                ).start()

    def _relay(
        self, source: socket.socket, sink: socket.socket, talk: "_Talk", is_request: bool
    ) -> None:
        try:
            while data := source.recv(65536):
                if is_request and self.loses(data):
                    talk.is_lost = True
                if not is_request and talk.is_lost:
                    self.lost += 1
                    break
                sink.sendall(data)
        except OSError:
            pass
        self._shut(source)
        self._shut(sink)


class _Talk:
    """One connection; whether its next answer is lost."""

    is_lost = False
