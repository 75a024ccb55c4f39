"""Replies in the vendor's shapes: JSON, the `errors` list, the edge's HTML, a broken connection."""

import json
import socket
import struct
from collections.abc import Mapping
from typing import NoReturn

from werkzeug import Request, Response

_LINGER_NOT = struct.pack("ii", 1, 0)


class RefusedError(Exception):
    """A request that ends in an error of the API: HTTP status, `errorType`, message, perhaps a field."""

    def __init__(self, status: int, kind: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.field = status, kind, message, field

    def reply(self) -> Response:
        """Return the error as the API words it."""
        error = {"errorType": self.kind, "message": self.message}
        if self.field is not None:
            error["fieldName"] = self.field
        return json_reply({"errors": [error], "success": False}, self.status)


def json_reply(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a body as compact JSON, as the API writes it."""
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, status, headers, content_type="application/json;charset=UTF-8")


def html_reply(status: int, title: str) -> Response:
    """Return a page of the servers in front of the API, which know nothing of JSON."""
    text = (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return Response(text, status, content_type="text/html")


def hang_up(request: Request) -> NoReturn:
    """Break the connection off without an answer."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        # The server would otherwise wait for the next request on the same connection.
        connection.shutdown(socket.SHUT_RDWR)
    # werkzeug takes this for a client that went away: it writes nothing and closes.
    raise ConnectionAbortedError("the simulator breaks the connection off")
