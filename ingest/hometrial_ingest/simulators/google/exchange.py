"""The token and revoke endpoints."""

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from werkzeug import Request, Response

from hometrial_ingest.simulators.google.errors import json_reply
from hometrial_ingest.simulators.google.faults import GoogleFaults
from hometrial_ingest.simulators.google.tokens import TokenError, Tokens


@dataclass
class Exchange:
    """Trades codes and refresh tokens for one client."""

    client_id: str
    client_secret: str
    tokens: Tokens
    faults: GoogleFaults
    revoked: Callable[[int], None]

    def owner(self, request: Request) -> int | None:
        """Return whose tokens a request is about, as far as it says."""
        form = request.form
        return self.tokens.owner(form.get("refresh_token") or form.get("token", ""))

    def token(self, request: Request) -> Response:
        """Answer a request for tokens; the client's secret stands in the form."""
        try:
            self._check_client(request)
            return json_reply(self._traded(request))
        except TokenError as error:
            told = {"error": error.error, "error_description": error.description}
            return json_reply(told, error.status)

    def revoke(self, request: Request) -> Response:
        """Take a grant back; 400 for a token that is unknown or revoked already."""
        token = request.form.get("token") or request.args.get("token", "")
        self.tokens.revoked_at_once = self.faults.revoked_at_once
        person = self.tokens.revoke(token)
        if person is None:
            told = {"error": "invalid_token", "error_description": "Token expired or revoked"}
            return json_reply(told, 400)
        self.revoked(person)
        return json_reply({})

    def _check_client(self, request: Request) -> None:
        if request.mimetype != "application/x-www-form-urlencoded":
            raise TokenError(400, "invalid_request", "Bad Request")
        if request.form.get("client_id") != self.client_id:
            raise TokenError(401, "invalid_client", "The OAuth client was not found.")
        if not compare_digest(request.form.get("client_secret", ""), self.client_secret):
            raise TokenError(401, "invalid_client", "Unauthorized")

    def _traded(self, request: Request) -> dict[str, object]:
        form = request.form
        kind = form.get("grant_type")
        if kind == "authorization_code":
            code, uri = form.get("code", ""), form.get("redirect_uri", "")
            return self.tokens.exchange(code, uri, form.get("code_verifier"))[1]
        if kind == "refresh_token":
            rotate = self.faults.rotate_refresh_tokens
            return self.tokens.refresh(form.get("refresh_token", ""), rotate=rotate)[1]
        raise TokenError(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")
