"""Where a reader is led after a step: only to pages of this site (trust.md TM12)."""

from urllib.parse import urlsplit

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

LONGEST = 2_000


def inside(path: str, otherwise: str = "/") -> str:
    """Return a path if it is the address of a page of this site that can be looked at; else `otherwise`."""
    if len(path) > LONGEST or not path.startswith("/") or path.startswith("//"):
        return otherwise
    if not path.isprintable() or "\\" in path or not path.isascii():
        return otherwise
    parts = urlsplit(path)
    if parts.scheme or parts.netloc:
        return otherwise
    try:
        current_app.url_map.bind("localhost").match(parts.path, method="GET")
    except (RequestRedirect, HTTPException):
        return otherwise
    return path
