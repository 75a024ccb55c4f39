"""The chart library from vl-convert, served from here, and a sign of life."""

import hashlib
from functools import cache

import vl_convert
from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

pages = Blueprint("assets", __name__)


@pages.get("/assets/vega.js")
def vega() -> AnyResponse:
    """Serve Vega, Vega-Lite and vega-embed as one file, made once in a process's life."""
    body, digest = _bundle()
    answer = Response(body, mimetype="text/javascript")
    answer.set_etag(digest)
    return answer.make_conditional(request)


@cache
def _bundle() -> tuple[bytes, str]:
    body = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").encode()
    return body, hashlib.sha256(body).hexdigest()[:16]


@pages.get("/health")
def health() -> Response:
    """Say that the process answers; nothing of the study."""
    return jsonify(status="ok")
