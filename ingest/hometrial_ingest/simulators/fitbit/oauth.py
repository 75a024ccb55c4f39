"""The OAuth addresses: authorise, token, revoke, introspect."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from werkzeug import Request, Response

from hometrial_ingest.simulators.fitbit import authorising
from hometrial_ingest.simulators.fitbit.authorising import SIGNED_IN, Asked
from hometrial_ingest.simulators.fitbit.replies import RefusedError, json_reply
from hometrial_ingest.simulators.fitbit.tokens import Application, Consent, Grants

_KEPT_SIGNED_IN = 86_400  # seconds


@dataclass
class OAuth:
    """What the OAuth addresses know: what was granted, the applications, the people."""

    grants: Grants
    applications: Mapping[str, Application]
    people: Mapping[int, str]
    """Encoded user ids by number."""
    redirect_uris: dict[str, frozenset[str]] = field(default_factory=dict)
    """Registered addresses by client id; an empty set, as at first, accepts any."""

    def __post_init__(self) -> None:
        """Accept any address of every application at first."""
        for client_id in self.applications:
            self.redirect_uris.setdefault(client_id, frozenset())

    def authorise(self, request: Request, now: datetime) -> Response:
        """Show the page, or take the person's answer and send the browser back with it."""
        wanted = authorising.asked(request, self.redirect_uris)
        if request.method == "POST":
            return self._answered(request, wanted, now)
        signed_in = self._signed_in(request)
        silent = self._silently(wanted, signed_in, now)
        return silent or authorising.page(self.people, wanted, signed_in)

    def token(self, request: Request, now: datetime) -> Response:
        """Exchange a code or a refresh token."""
        client_id = self._client(request)
        form = request.form.to_dict()
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return json_reply(self.grants.exchange(form, client_id, now))
        if kind == "refresh_token":
            return json_reply(self.grants.refresh(form.get("refresh_token", ""), client_id, now))
        raise RefusedError(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")

    def revoke(self, request: Request, now: datetime) -> Response:  # noqa: ARG002 - as the others
        """Take back all that the application has of the person; a token nobody knows is no error."""
        client_id = self._client(request)
        if "token" not in request.form:
            raise RefusedError(400, "invalid_request", "Missing parameters: token")
        self.grants.revoke(request.form["token"], client_id)
        return Response("", 200)

    def introspect(self, request: Request, now: datetime) -> Response:
        """Tell an application what a token of its own is good for."""
        holder = self.grants.holder(bearer(request), now)
        token = request.form.get("token", "")
        return json_reply(self.grants.introspect(token, holder.client_id, now))

    def consent(self, person: int, client_id: str, scopes: tuple[str, ...]) -> Consent:
        """Return a consent of a person; nothing is issued by that."""
        return Consent(person, self.people[person], client_id, scopes)

    def _answered(self, request: Request, wanted: Asked, now: datetime) -> Response:
        person = request.form.get("person", type=int)
        if person is None or person not in self.people:
            raise RefusedError(400, "invalid_request", "Nobody is signed in")
        scopes = authorising.chosen(request, wanted)
        if request.form.get("answer") != "allow" or not scopes:
            return wanted.denied()
        reply = self._back_with_code(wanted, person, scopes, now)
        reply.set_cookie(SIGNED_IN, str(person), max_age=_KEPT_SIGNED_IN, httponly=True)
        return reply

    def _back_with_code(
        self, wanted: Asked, person: int, scopes: tuple[str, ...], now: datetime
    ) -> Response:
        consent = self.consent(person, wanted.client_id, scopes)
        code = self.grants.new_code(consent, wanted.redirect_uri, wanted.challenge, now)
        return wanted.back(code=code)

    def _silently(self, wanted: Asked, signed_in: int | None, now: datetime) -> Response | None:
        """Go back at once where the person is signed in and has agreed to all of it before."""
        known = self.grants.live(signed_in, wanted.client_id) if signed_in else None
        agreed = known is not None and set(wanted.scopes) <= set(known.scopes)
        if signed_in and agreed and wanted.prompt in ("", "none"):
            return self._back_with_code(wanted, signed_in, wanted.scopes, now)
        if wanted.prompt == "none":
            return wanted.back(error="consent_required" if signed_in else "login_required")
        return None

    def _signed_in(self, request: Request) -> int | None:
        if "login" in request.args.get("prompt", ""):
            return None
        person = request.cookies.get(SIGNED_IN, type=int)
        return person if person in self.people else None

    def _client(self, request: Request) -> str:
        """Return the client id: of the Basic credentials, or of the body for one without a secret."""
        given = _basic(request) or (request.form.get("client_id", ""), None)
        application = self.applications.get(given[0])
        if application is None or application.client_secret != given[1]:
            message = "Invalid authorization header or client_id. The client is invalid"
            raise RefusedError(400, "invalid_client", message)
        return application.client_id


def bearer(request: Request) -> str:
    """Return the access token of a request. Raises RefusedError (401) if it has none."""
    header = request.headers.get("Authorization", "")
    if not header.startswith("Bearer "):
        raise RefusedError(401, "invalid_request", "Authorization header is missing or malformed")
    return header.removeprefix("Bearer ")


def _basic(request: Request) -> tuple[str, str] | None:
    header = request.headers.get("Authorization", "")
    if not header.startswith("Basic "):
        return None
    try:
        client_id, _, secret = b64decode(header.removeprefix("Basic ")).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RefusedError(400, "invalid_client", "Invalid authorization header format") from error
    return client_id, secret
