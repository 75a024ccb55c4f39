"""The Fitbit face: one WSGI application, and the levers that tests pull."""

import hashlib
import string
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from threading import RLock
from typing import TYPE_CHECKING

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException

from hometrial_ingest.simulators.clock import Clock
from hometrial_ingest.simulators.fitbit import subscription_calls
from hometrial_ingest.simulators.fitbit.authorising import SCOPES
from hometrial_ingest.simulators.fitbit.calls import Call
from hometrial_ingest.simulators.fitbit.endpoints import ENDPOINTS, URLS, scope_of
from hometrial_ingest.simulators.fitbit.faults import FitbitFaults
from hometrial_ingest.simulators.fitbit.limits import HourlyLimit, Standing
from hometrial_ingest.simulators.fitbit.oauth import OAuth, bearer
from hometrial_ingest.simulators.fitbit.replies import RefusedError
from hometrial_ingest.simulators.fitbit.subscribing import Notices
from hometrial_ingest.simulators.fitbit.tokens import Answer, Application, Grants, Mint
from hometrial_ingest.simulators.fitbit.wearer import Wearer
from hometrial_ingest.simulators.truth import Truth

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SCOPE_OF_STREAM = {
    "heart_rate": "heartrate",
    "resting_heart_rate": "heartrate",
    "steps": "activity",
    "sleep": "sleep",
    "weight": "weight",
}
"""The scope that opens each stream of the house; the others were not to be had here."""

_ALL_SCOPES = ("activity", "heartrate", "profile", "settings", "sleep", "weight")
_DIGITS = string.digits + string.ascii_uppercase

CLIENT_ID = "hometrial-fitbit"
CLIENT_SECRET = "hometrial-fitbit-secret"  # noqa: S105 - a double's


class FitbitFace:
    """The legacy Fitbit Web API over one truth; mount it below any address.

    `faults`: what shall go wrong. `notices`: subscribers and notices. `limits`: the hourly limit.
    `calls`: how often each person called each endpoint, (person, endpoint) -> times.
    """

    def __init__(self, truth: Truth, clock: Clock, faults: FitbitFaults) -> None:
        """Serve the people of a truth; ids and secrets follow from its seed."""
        mint = Mint(truth.scene.seed)
        self._clock, self.faults, self.limits = clock, faults, HourlyLimit()
        self.client_id, self.client_secret = CLIENT_ID, CLIENT_SECRET
        self.public_client_id = f"24{mint.hex(4).upper()}"
        """An application of the kind Client: no secret, `client_id` in the body, PKCE."""
        self.calls: Counter[tuple[int | None, str]] = Counter()
        self.grants, self.notices = Grants(mint), Notices(mint, self.client_secret)
        applications = {
            self.client_id: Application(self.client_id, self.client_secret),
            self.public_client_id: Application(self.public_client_id, None),
        }
        seed, count = truth.scene.seed, truth.scene.people
        people = {person: encoded_id(seed, person) for person in range(1, count + 1)}
        self.oauth = OAuth(self.grants, applications, people)
        self._wearer = lru_cache(maxsize=None)(lambda person: Wearer(truth, person))
        self._told_until: dict[int, int] = {}
        self._lock = RLock()

    def account_id(self, person: int) -> str:
        """Return the encoded user id of a person."""
        return self.oauth.people[person]

    def grant(
        self, person: int = 1, scopes: Iterable[str] | None = None, client_id: str | None = None
    ) -> Answer:
        """Let a person agree now, past the browser; return what the token endpoint answers.

        `scopes` may hold scopes and names of streams; None is all that the house reads.
        """
        wanted = {SCOPE_OF_STREAM.get(name, name) for name in scopes or _ALL_SCOPES}
        chosen = tuple(scope for scope in SCOPES if scope in wanted)
        with self._lock:
            consent = self.oauth.consent(person, client_id or self.client_id, chosen)
            return self.grants.issue(consent, self._clock.now()).answer()

    def revoke(self, person: int) -> None:
        """Let a person take access back in the account's settings; subscribers hear of it."""
        with self._lock:
            self.grants.revoke_person(person)
            now = self._clock.now()
            self.notices.revoked(person, self._wearer(person).clock.today(_seconds(now)))

    def expire(self, person: int) -> None:
        """Let the person's access tokens end now; the refresh tokens go on."""
        with self._lock:
            self.grants.expire(person, self._clock.now())

    @property
    def refreshes(self) -> Counter[int]:
        """How often a refresh token of each person came over the wire, good or not."""
        return self.grants.refreshes

    def most_in_an_hour(self, person: int) -> int:
        """Return the most calls of a person in one hour of the clock, those refused not counted."""
        return self.limits.most_in_an_hour(person)

    def deliver(self) -> int:
        """Tell subscribers what became different since the last time, or since they subscribed.

        Return the POSTs made.
        """
        now = _seconds(self._clock.now())
        with self._lock:
            subscribed = {one.person for one in self.notices.subscriptions}
            for person in subscribed:
                since = self._told_until.get(person, now)
                for collection, days in self._wearer(person).changed(since, now).items():
                    self.notices.changed(person, collection, days)
            self._told_until = dict.fromkeys(subscribed, now)
        # Without the lock: a subscriber may call back before it answers.
        return self.notices.deliver()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        request = Request(environ)
        try:
            reply = self._answer(request)
        except RefusedError as refused:
            reply = refused.reply()
        return reply(environ, start_response)

    def _answer(self, request: Request) -> Response:
        now = self._clock.now()
        gone = self.faults.retired(request, now)
        if gone is not None:
            return gone
        person = self._person(request)
        with self._lock:
            instead = self.faults.take(request.path, person, before=True)
        if instead is not None:
            return instead(request, Response())
        reply = self._work(request, person, now)
        with self._lock:
            after = self.faults.take(request.path, person, before=False)
        return after(request, reply) if after is not None else reply

    def _person(self, request: Request) -> int | None:
        """Return whom a request is about, whether or not its token is still good."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        form = request.form if request.path.startswith("/oauth2/") else {}
        pair = self.grants.by_access.get(token)
        pair = pair or self.grants.by_refresh.get(form.get("refresh_token", ""))
        if pair is not None:
            return pair.consent.person
        code = self.grants.codes.get(form.get("code", ""))
        return code.consent.person if code else None

    def _work(self, request: Request, person: int | None, now: datetime) -> Response:
        try:
            name, words = URLS.bind_to_environ(request.environ).match()
        except HTTPException as error:
            message = "The API you are requesting could not be found."
            raise RefusedError(404, "not_found", message) from error
        with self._lock:
            self.calls[person, name] += 1
            if name in _OAUTH:
                return _OAUTH[name](self.oauth, request, now)
            consent = self.grants.holder(bearer(request), now)
            standing = self.limits.take((consent.client_id, consent.person), now)
        wearer = self._wearer(consent.person)
        call = Call(request, words, consent, wearer, self.faults, _seconds(now))
        try:
            reply = self._checked(name, call, standing)
        except RefusedError as refused:
            reply = refused.reply()
        reply.headers.update(standing.headers())
        return reply

    def _checked(self, name: str, call: Call, standing: Standing) -> Response:
        if not standing.allowed:
            return self.faults.too_many_reply(standing.reset)
        if call.words["user"] not in ("-", call.consent.user_id):
            message = "This application does not have permission to see another user's data."
            raise RefusedError(403, "insufficient_permissions", message)
        _check_scope(name, call)
        if name in ENDPOINTS:
            return ENDPOINTS[name].handler(call)
        with self._lock:
            if name == "subscriptions":
                return subscription_calls.listed(call, self.notices)
            self._told_until.setdefault(call.wearer.number, call.now)
            return subscription_calls.changed(call, self.notices)


def encoded_id(seed: int, person: int) -> str:
    """Return the vendor's id of a person: six letters and digits."""
    number = int.from_bytes(hashlib.sha256(f"{seed} {person}".encode()).digest()[:8])
    return "".join(_DIGITS[number // 36**place % 36] for place in range(6))


def _check_scope(name: str, call: Call) -> None:
    needed = scope_of(name, call.words)
    if needed is not None and needed not in call.consent.scopes:
        message = (
            f"This application does not have permission to access {needed} data. Visit "
            "https://dev.fitbit.com/docs/oauth2 for more information on the authorization process."
        )
        raise RefusedError(403, "insufficient_scope", message)


def _seconds(now: datetime) -> int:
    return int(now.timestamp())


_OAUTH: dict[str, Callable[[OAuth, Request, datetime], Response]] = {
    "authorise": OAuth.authorise,
    "token": OAuth.token,
    "revoke": OAuth.revoke,
    "introspect": OAuth.introspect,
}
