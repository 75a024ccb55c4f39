"""Headers of every answer: nothing from elsewhere, scripts from our own files alone, nothing kept (trust.md T-HDR)."""

from flask import Flask, Response, request

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; worker-src 'self'; "
    "img-src 'self'; form-action 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'"
)
FIXED = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ONE_YEAR = "max-age=31536000; includeSubDomains"


def strict(app: Flask, *, https: bool) -> None:
    """Set the headers after every request."""

    def set_headers(answer: Response) -> Response:
        answer.headers.update(FIXED)
        file = request.endpoint == "static" and answer.status_code in (200, 304)
        answer.headers["Cache-Control"] = "no-cache" if file else "no-store"
        if https:
            answer.headers["Strict-Transport-Security"] = ONE_YEAR
        return answer

    app.after_request(set_headers)
