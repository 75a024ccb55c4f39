"""Headers of every answer: nothing from elsewhere, nothing kept, nothing told (trust.md T-HDR)."""

from flask import Flask, Response, request

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""GX's page brings its own styles; it may do nothing else."""
PUBLIC_FILES = frozenset({"static", "bootstrap.static", "assets.vega"})


def strict(app: Flask) -> None:
    """Set the headers after every request."""
    app.after_request(_set)


def _set(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    # The program's own files hold nothing of the study; asking again each time is enough for them.
    public = request.endpoint in PUBLIC_FILES and answer.status_code in (200, 304)
    answer.headers["Cache-Control"] = "no-cache" if public else "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Frame-Options"] = "DENY"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    answer.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    return answer
