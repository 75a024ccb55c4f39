"""The HTTP server under the faces: HTTP/1.1 with connections that stay open, one thread each."""

import io
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, NoReturn
from urllib.parse import unquote

Environ = dict[str, Any]
StartResponse = Any
App = Callable[[Any, Any], Iterable[bytes]]

_NO_LINGER = struct.pack("ii", 1, 0)
_LARGEST_BODY = 64 << 20


class HungUpError(Exception):
    """The server breaks the connection off instead of answering."""


def hang_up(environ: Environ) -> NoReturn:
    """Break the connection off without an answer: the client sees a reset."""
    connection: socket.socket = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    raise HungUpError


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: "Server"

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        try:
            super().finish()
        except OSError:
            return  # the client has gone, or was made to

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY:
            self.send_error(413)
            return
        environ = self._environ(self.rfile.read(length))
        told: list[tuple[str, list[tuple[str, str]]]] = []
        try:
            chunks = self.server.app(environ, lambda *words: told.append(words[:2]))
            body = b"".join(chunks)
        except (HungUpError, ConnectionError):
            self.close_connection = True
            return
        self._send(*told[-1], body)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_HEAD = _answer  # noqa: N815

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        bodiless = int(code) in (204, 304) or self.command == "HEAD"
        if int(code) not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(body)
        self.wfile.flush()

    def _environ(self, body: bytes) -> Environ:
        path, _, query = self.path.partition("?")
        environ: Environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": self.path,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "werkzeug.socket": self.connection,
        }
        for name, value in self.headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return environ

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: what the doubles were asked stands in their own counts."""


class Server(ThreadingHTTPServer):
    """A server on 127.0.0.1 that hands every request to a WSGI callable."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, port: int, app: App) -> None:
        """Listen on a port; 0 takes a free one."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.app = app
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        self._thread = Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        """Serve in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close every connection."""
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in list(self._open):
                _shut(connection)
        self._thread.join()

    def opened(self, connection: socket.socket) -> None:
        """Note an open connection."""
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Leave clients that went away alone; show everything else."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was closed already


def mounted(faces: Mapping[str, App]) -> App:
    """Return one WSGI callable that hands `/name/...` to the face of that name."""

    def dispatch(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        _, name, *rest = environ["PATH_INFO"].split("/", 2)
        face = faces.get(name)
        if face is None:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [f"nothing here: {', '.join(f'/{known}' for known in faces)}\n".encode()]
        environ["SCRIPT_NAME"] = f"/{name}"
        environ["PATH_INFO"] = f"/{rest[0]}" if rest else "/"
        return face(environ, start_response)

    return dispatch
