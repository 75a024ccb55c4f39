"""Switches of the Google face: what shall go wrong, for whom, where and how often."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TypedDict, Unpack

from werkzeug import Request, Response

from hometrial_ingest.simulators.google.errors import (
    JSON,
    RefusedError,
    bad_credentials,
    exhausted,
    html_reply,
    incident,
    json_reply,
    server_error,
    service_disabled,
    uber_mint,
)
from hometrial_ingest.simulators.wire import hang_up

SAME_PAGE = "X-Same-Page"
"""An inner header of pages: the token with which the very same page can be asked for once more."""

Effect = Callable[[Request, Response | None], Response]
"""What becomes of a request: given it and, of a fault after the work, the true answer."""


@dataclass
class Planned:
    """A fault that hits `times` of the next `of` requests that fit, evenly spread.

    `person` None: anybody's; `path`: a part of the path; `after`: the work is done, only its answer
    suffers.
    """

    effect: Effect
    person: int | None
    path: str
    times: int
    of: int
    after: bool = False
    seen: int = 0

    def fits(self, person: int | None, path: str) -> bool:
        """Say whether a request is one of those that it may hit."""
        return self.person in (None, person) and self.path in path and self.seen < self.of

    def strikes(self) -> bool:
        """Count a request that fits and say whether it is hit."""
        self.seen += 1
        return self.seen * self.times // self.of > (self.seen - 1) * self.times // self.of


class Where(TypedDict, total=False):
    """Which requests a fault is for: see GoogleFaults."""

    person: int | None
    path: str
    times: int
    of: int


@dataclass
class GoogleFaults:
    """Everything that can go wrong at the Google face: each method plans a fault, attributes are switches.

    Every plan takes `person` (default: anybody's requests), `path` (a part of it: "/v4/", the default, is
    the whole API, "/token" the token endpoint), `times` (1) and `of`: so many of the next `of` requests
    that fit are hit, evenly spread; without `of` the very next ones.
    """

    rotate_refresh_tokens: bool = False
    """Whether a refresh answers with a new refresh token and uses the old one up."""
    testing: bool = False
    """Whether the OAuth project is in testing: refresh tokens of new consents die after 7 days."""
    revoked_at_once: bool = False
    """Whether a revoked grant's access token is refused at once; else it lives until it expires."""
    text_scope_errors: bool = False
    """Whether a missing scope is told as {"error": "insufficient_scope", ...}, a string."""
    civil_filters_empty: bool = False
    """Whether civil-time filters on steps and heart rate find nothing, with 200."""
    page_cap: int = 10_000
    """The most points on a page, whatever is asked; one project saw 5,000."""
    duplicate_at_border: bool = False
    """Whether each page but the first repeats the last point of the page before it."""
    preview_names: bool = False
    """Whether reconcile answers with `reconciledDataPoints` and sleep with `main`, as an early build did."""
    unknown_fields: bool = False
    """Whether replies hold fields and enum values that nobody has heard of."""
    no_third_party_offsets: bool = False
    """Whether points from Health Connect lack their offsets from UTC."""
    service_disabled: bool = False
    """Whether the project's API is switched off: 403 SERVICE_DISABLED."""
    quota_says_when: bool = True
    """Whether the 429 of the true quota carries Retry-After."""
    no_legacy_ids: bool = False
    """Whether identities lack `legacyUserId`."""
    retired: str | None = None
    """Whether the service is shut for good: None, "json" or "html" (410 everywhere)."""
    not_linked: set[int] = field(default_factory=set)
    """People whose Google account has no health profile."""
    uber_mint: set[int] = field(default_factory=set)
    """People who consented with a legacy account: 403 with a text and no details."""
    seconds: Callable[[], int] = lambda: 0
    """The simulators' clock."""
    _planned: list[Planned] = field(default_factory=list)
    _incidents: list[tuple[int | None, int, int | None]] = field(default_factory=list)
    _storm: tuple[float, random.Random] | None = None
    _lock: Lock = field(default_factory=Lock)

    def unavailable(self, status: int = 503, *, html: bool = False, **where: Unpack[Where]) -> None:
        """Answer with a 5xx in place of the work, in JSON or in HTML."""
        self._plan(where, lambda _request, _reply: server_error(status, html=html))

    def rate_limited(self, retry_after: float | None = None, **where: Unpack[Where]) -> None:
        """Answer 429, with Retry-After (seconds) or without."""
        self._plan(where, lambda _request, _reply: exhausted(retry_after).reply())

    def unauthenticated(self, **where: Unpack[Where]) -> None:
        """Answer 401 though the token is good."""
        self._plan(where, lambda _request, _reply: bad_credentials().reply())

    def reset(self, **where: Unpack[Where]) -> None:
        """Break the connection off before any work."""
        self._plan(where, lambda request, _reply: hang_up(request.environ))

    def lost_answer(self, **where: Unpack[Where]) -> None:
        """Do the work, a rotation of tokens for example, and break the connection off."""
        self._plan(where, lambda request, _reply: hang_up(request.environ), after=True)

    def slow(self, seconds: float, **where: Unpack[Where]) -> None:
        """Answer rightly, but only after so many real seconds."""
        self._plan(where, lambda _request, reply: _late(reply, seconds), after=True)

    def truncated(self, **where: Unpack[Where]) -> None:
        """Answer 200 with the first half of the true JSON."""
        self._plan(where, lambda _request, reply: _half(reply), after=True)

    def html_with_200(self, **where: Unpack[Where]) -> None:
        """Answer 200 with a page of HTML."""
        self._plan(where, lambda _request, _reply: _portal())

    def empty_page(self, **where: Unpack[Where]) -> None:
        """Send a page without points that still carries a token; the points come on the next."""
        self._plan(where, lambda _request, reply: _emptied(reply), after=True)

    def incident(
        self, hours: float, person: int | None = None, *, until_consent: bool = False
    ) -> None:
        """Answer 403 on every endpoint for so many hours, as in August 2026.

        With `until_consent` it goes on until the person consents anew.
        """
        now = self.seconds()
        until = None if until_consent else now + round(hours * 3_600)
        self._incidents.append((person, now, until))

    def storm(self, rate: float, seed: int = 0) -> None:
        """Let that share of all API requests suffer a random fault of those above; 0 ends it."""
        self._storm = (rate, random.Random(seed)) if rate else None  # noqa: S311 - no secret

    def clear(self) -> None:
        """Let nothing go wrong any more: plans, incidents and the storm go; switches stay."""
        with self._lock:
            self._planned.clear()
            self._incidents.clear()
            self._storm = None

    def standing(self, person: int, consented_at: int) -> RefusedError | None:
        """Return the refusal that holds for a person just now, if one does."""
        if self.service_disabled:
            return service_disabled()
        if person in self.uber_mint:
            return uber_mint()
        now = self.seconds()
        for whom, since, until in self._incidents:
            over = consented_at > since if until is None else now >= until
            if whom in (None, person) and not over:
                return incident()
        return None

    def strike(self, person: int | None, path: str, *, after: bool) -> Effect | None:
        """Count a request and return what hits it, if anything does."""
        with self._lock:
            for planned in self._planned:
                if planned.after == after and planned.fits(person, path) and planned.strikes():
                    return planned.effect
            if self._storm and "/v4/" in path and self._storm[1].random() < self._storm[0] / 2:
                return self._storm[1].choice(_AFTER if after else _BEFORE)
        return None

    def _plan(self, where: Where, effect: Effect, *, after: bool = False) -> None:
        times = where.get("times", 1)
        path, of = where.get("path", "/v4/"), where.get("of", times)
        with self._lock:
            self._planned.append(Planned(effect, where.get("person"), path, times, of, after))


def _late(reply: Response | None, seconds: float) -> Response:
    time.sleep(seconds)
    return reply or json_reply({})


def _half(reply: Response | None) -> Response:
    body = reply.get_data() if reply else b"{}"
    return Response(body[: max(len(body) // 2, 1)], 200, content_type=JSON)


def _portal() -> Response:
    page = html_reply(200, "OK")
    page.set_data("<!DOCTYPE html><html><title>Sign in</title><body>Please sign in.</body></html>")
    return page


def _emptied(reply: Response | None) -> Response:
    token = reply.headers.get(SAME_PAGE) if reply else None
    if reply is None or token is None:
        return reply or json_reply({})
    return json_reply({"dataPoints": [], "nextPageToken": token})


_BEFORE: tuple[Effect, ...] = (
    lambda _request, _reply: server_error(503, html=False),
    lambda _request, _reply: server_error(502, html=True),
    lambda _request, _reply: server_error(500, html=False),
    lambda _request, _reply: exhausted(None).reply(),
    lambda _request, _reply: exhausted(2).reply(),
    lambda _request, _reply: bad_credentials().reply(),
    lambda request, _reply: hang_up(request.environ),
    lambda _request, _reply: _portal(),
)
_AFTER: tuple[Effect, ...] = (
    lambda _request, reply: _half(reply),
    lambda request, _reply: hang_up(request.environ),
    lambda _request, reply: _emptied(reply),
)
