"""Where a reader is led after a step: only to pages of this site (trust.md TM12)."""

from urllib.parse import urlsplit

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect


def inside(path: str, otherwise: str = "/") -> str:
    """Return a path if it is the address of a page of this site that can be looked at; else `otherwise`."""
    parts = urlsplit(path)
    is_path = path.startswith("/") and not (parts.scheme or parts.netloc) and path.isprintable()
    if not is_path or path.startswith(("//", "/\\")):
        return otherwise
    try:
        current_app.url_map.bind("localhost").match(parts.path, method="GET")
    except (RequestRedirect, HTTPException):
        return otherwise
    return path
