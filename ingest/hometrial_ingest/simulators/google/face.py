"""The Google face: sign-in, tokens, the Health API and its notifications over one truth."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from werkzeug import Request, Response

from hometrial_ingest.simulators.google.api import Api
from hometrial_ingest.simulators.google.authorise import Consents
from hometrial_ingest.simulators.google.catalogue import (
    ACTIVITY,
    METRICS,
    PROFILE,
    SETTINGS,
    SLEEP,
)
from hometrial_ingest.simulators.google.deliveries import Deliveries, everything
from hometrial_ingest.simulators.google.errors import RefusedError, html_reply, json_reply
from hometrial_ingest.simulators.google.exchange import Exchange
from hometrial_ingest.simulators.google.faults import SAME_PAGE, GoogleFaults
from hometrial_ingest.simulators.google.keyset import Keyset
from hometrial_ingest.simulators.google.listing import Listing
from hometrial_ingest.simulators.google.notices import RIGHT, Post, Shape
from hometrial_ingest.simulators.google.quotas import Quotas
from hometrial_ingest.simulators.google.subscribers import Subscribers
from hometrial_ingest.simulators.google.tokens import Consent, Tokens
from hometrial_ingest.simulators.truth import GOOGLE_TYPE, Truth

CLIENT_ID = "hometrial-google"
CLIENT_SECRET = "hometrial-google-secret"  # noqa: S105 - a double's
WEBHOOK_SECRET = "Bearer simulated-webhook-secret-0123456789abcdef"  # noqa: S105 - a double's
SERVICE_TOKEN = "simulated-service-account"  # noqa: S105 - a double's
_STREAM_SCOPES = {"steps": ACTIVITY, "distance": ACTIVITY, "sleep": SLEEP}
_ALL = (ACTIVITY, METRICS, SLEEP, PROFILE, SETTINGS)


class GoogleFace:
    """Everything under `/google`; a WSGI callable, and the same things in Python for tests.

    `legacy_of` tells a person's id at the former Fitbit service, None for those who never had one.
    """

    client_id, client_secret = CLIENT_ID, CLIENT_SECRET
    webhook_secret, service_token = WEBHOOK_SECRET, SERVICE_TOKEN

    def __init__(
        self,
        truth: Truth,
        faults: GoogleFaults,
        legacy_of: Callable[[int], str | None] = lambda _: None,
    ) -> None:
        self.truth, self.faults = truth, faults
        clock, seed = truth.clock, truth.scene.seed
        faults.seconds = clock.seconds
        self.tokens = Tokens(seed, clock.seconds)
        self.quotas = Quotas(clock.microseconds)
        self.keyset = Keyset(seed)
        self.subscribers = Subscribers(SERVICE_TOKEN, clock)
        self.deliveries = Deliveries(truth, self.subscribers, Post(self.keyset), self.account_id)
        emails = [f"p{number}@example.org" for number in range(1, truth.scene.people + 1)]
        self.consents = Consents(CLIENT_ID, self.tokens, faults, emails, self.deliveries.consented)
        self._exchange = Exchange(
            CLIENT_ID, CLIENT_SECRET, self.tokens, faults, self.deliveries.revoked
        )
        self._api = Api(
            truth,
            self.tokens,
            faults,
            self.quotas,
            Listing(truth, faults),
            self.account_id,
            legacy_of,
        )

    @property
    def calls(self) -> Counter[tuple[int, str]]:
        """Calls by person and endpoint: (1, 'heart-rate/list'), (1, 'token'); 0 is nobody known."""
        return self.quotas.calls

    def most_in_a_minute(self, person: int | None = None) -> int:
        """Return the most API calls that a person (None: any one person) made within 60 seconds."""
        return self.quotas.most_in_a_minute(person)

    def account_id(self, person: int) -> str:
        """Return a person's healthUserId."""
        return str(7_000_000_000_000 + self.truth.holder(person).person.fitabase_id)

    def grant(self, person: int, streams: Iterable[str] | None = None) -> dict[str, object]:
        """Consent now, past the browser, and return what the token endpoint answers.

        `streams`: names of the house's streams (the scope for devices comes with them) or full scopes;
        None: everything. Raises KeyError for a person that there is not.
        """
        self.truth.holder(person)  # KeyError for nobody
        consent = self._consent(person, _scopes(streams))
        return self.tokens.issue(consent, with_refresh=True)

    def revoke_by_user(self, person: int) -> bool:
        """Let a person take consent back in the Google account; say whether there was any."""
        had_any = self.tokens.revoke_person(person)
        if had_any:
            self.deliveries.revoked(person)
        return had_any

    def lose_refresh_tokens(self, person: int) -> None:
        """Let a person's refresh tokens die: invalid_grant from now on, without a notice to anybody."""
        self.tokens.forget_refresh(person)

    def deliver(
        self,
        url: str,
        person: int,
        data_types: Sequence[str] = ("steps",),
        *,
        window: tuple[datetime, datetime] | None = None,
        shape: Shape = RIGHT,
    ) -> int:
        """Post one notification about types (Google's words or the house's) and return the HTTP status.

        `window`: what it says has changed; default the last 24 hours.
        """
        now = self.truth.clock.now()
        since, until = window or (now - timedelta(days=1), now)
        names = tuple(GOOGLE_TYPE.get(name, name) for name in data_types)
        changes = everything(since, until, names, shape.operation)
        return self.deliveries.post(url, person, changes, WEBHOOK_SECRET, shape)

    def deliver_due(self) -> int:
        """Run one round of the automatic notifications; return how many posts were made."""
        return self.deliveries.due()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        try:
            reply = self._answer(Request(environ))
        except RefusedError as error:
            reply = error.reply()
        reply.headers.pop(SAME_PAGE, None)
        return reply(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path, parts = request.path, request.path.split("/")[3:]
        if self.faults.retired:
            return _gone(self.faults.retired)
        if path.startswith("/v4/users/"):
            return self._api.answer(request, parts)
        if path.startswith("/v4/projects/"):
            return self.subscribers.answer(request, parts)
        pages: dict[str, Callable[[Request], Response]] = {
            "/o/oauth2/v2/auth": self.consents.answer,
            "/token": self._tokens,
            "/revoke": self._tokens,
            "/keyset.json": lambda _: json_reply(self.keyset.published()),
        }
        page = pages.get(path)
        return page(request) if page else html_reply(404, "Not Found")

    def _tokens(self, request: Request) -> Response:
        if request.method != "POST":
            return html_reply(404, "Not Found")
        person = self._exchange.owner(request)
        self.quotas.count(person or 0, request.path[1:])
        struck = self.faults.strike(person, request.path, after=False)
        if struck:
            return struck(request, None)
        work = self._exchange.token if request.path == "/token" else self._exchange.revoke
        reply = work(request)
        struck = self.faults.strike(person, request.path, after=True)
        return struck(request, reply) if struck else reply

    def _consent(self, person: int, scopes: tuple[str, ...]) -> Consent:
        self.deliveries.consented(person)
        return self.tokens.consent(person, scopes, offline=True, testing=self.faults.testing)


def _scopes(streams: Iterable[str] | None) -> tuple[str, ...]:
    if streams is None:
        return _ALL
    given = list(streams)
    full = [name for name in given if name.startswith("https://")]
    named = [_STREAM_SCOPES.get(name, METRICS) for name in given if name not in full]
    return tuple(dict.fromkeys([*full, *named, *([SETTINGS] if named else [])]))


def _gone(form: str) -> Response:
    if form == "html":
        return html_reply(410, "Gone")
    return RefusedError(410, "NOT_FOUND", "This API has been shut down.").reply()
