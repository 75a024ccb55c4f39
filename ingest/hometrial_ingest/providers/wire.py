"""The one way to a vendor's servers: bounded in time and size, patient with passing faults, silent on tokens.

A call ends in what its `judge` makes of the reply, or in an error of the closed set. Only a reply that was
read to its end is judged; a fault that a moment may cure (`PassingError`) is met with a few more tries.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TypeVar

import msgspec
import requests

from hometrial_ingest.provider import (
    OurFaultError,
    ProviderError,
    RateLimitedError,
    ReconnectNeededError,
    RetiredError,
    TryLaterError,
)
from hometrial_ingest.providers.deadlines import TimedAdapter, over_by

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
CALL_SECONDS = 60.0
"""How long a call may take with all its tries."""
LARGEST_BODY = 64 << 20
LONGEST_WAIT = 3600.0
"""A vendor's Retry-After counts up to here."""

_PAUSES = (0.5, 1.0, 2.0)
_CONNECTIONS = 32
_CHUNK = 1 << 16
_TIMED_OUT = 408
_GONE = 410
_TOO_MANY = 429
_REQUEST_IDS = ("X-Request-Id", "X-Goog-Request-Id", "X-Cloud-Trace-Context", "Request-Id")
_LONGEST_ID = 100
_chance = secrets.SystemRandom()

Judged = TypeVar("Judged")


class AccessExpiredError(ReconnectNeededError):
    """The access token is not taken (any more): refresh once, ask once more; a second one is final."""


class PassingError(TryLaterError):
    """A fault that a moment may cure. Tried again; what leaves the wire is a plain TryLaterError."""


@dataclass(frozen=True)
class Call:
    """One request. `words` are what pages and errors say of it: no token, no person."""

    method: str
    url: str
    words: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Reply:
    """An answer, read to its end. `headers` do not mind the case of a name."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        """The vendor's id of the request, to quote when asking the vendor."""
        found = next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), "")
        return "".join(filter(str.isprintable, found))[:_LONGEST_ID] or None

    @property
    def retry_after(self) -> float | None:
        """How many seconds the vendor asks us to wait; None if it does not say."""
        return retry_after(self.headers)


class Wire:
    """A pool of connections that all threads of a process may share.

    `sleep` waits between tries; `seconds` bounds a call with all its tries, `read_seconds` one silence.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], None] = time.sleep,
        seconds: float = CALL_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._sleep, self._seconds, self._read_seconds = sleep, seconds, read_seconds
        self._session = requests.Session()
        # A .netrc of the machine would replace our Authorization header, and cookies mix accounts up.
        self._session.auth = _as_it_is
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, TimedAdapter(pool_maxsize=_CONNECTIONS))

    def send(
        self,
        call: Call,
        judge: Callable[[Reply], Judged],
        before: Callable[[], None] = lambda: None,
    ) -> Judged:
        """Make a call and return what `judge` makes of its reply.

        `before` runs before every request on the wire, tries again included. Raises errors of the
        closed set: those of `judge` and of `before`, and TryLaterError if no whole reply came.
        """
        ends = time.monotonic() + self._seconds
        for pause in _PAUSES:
            before()
            try:
                return judge(self._exchange(call, ends))
            except PassingError as error:
                wait = max(error.retry_after or 0, pause * _chance.uniform(0.5, 1.5))
                if wait > 2 * pause or time.monotonic() + wait >= ends:
                    raise _given_up(error) from error
            self._sleep(wait)
        before()
        try:
            return judge(self._exchange(call, ends))
        except PassingError as error:
            raise _given_up(error) from error

    def _exchange(self, call: Call, ends: float) -> Reply:
        try:
            with (
                over_by(ends),
                self._session.request(
                    call.method,
                    call.url,
                    data=call.body,
                    headers=dict(call.headers),
                    timeout=(CONNECT_SECONDS, self._read_seconds),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                body = _whole(call, response.iter_content(_CHUNK))
                return Reply(response.status_code, response.headers, body)
        except OSError as error:  # which every exception of requests is
            reason = type(error).__name__
            raise PassingError(f"{call.words}: no whole answer came ({reason}).") from error


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _whole(call: Call, chunks: Iterable[bytes]) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > LARGEST_BODY:
            limit = LARGEST_BODY >> 20
            raise TryLaterError(f"{call.words}: the answer is larger than {limit} MiB.")
    return bytes(body)


def _given_up(error: PassingError) -> TryLaterError:
    return TryLaterError(error.text, request_id=error.request_id, retry_after=error.retry_after)


def read_json(reply: Reply, decoder: msgspec.json.Decoder[Judged], words: str) -> Judged:
    """Decode a reply strictly. Raises PassingError if it is no JSON, or none of the expected shape."""
    try:
        reply.body.decode()  # msgspec does not look into the text that it skips
        return decoder.decode(reply.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise mangled(reply, words, "not the JSON that was expected") from error


def mangled(reply: Reply, words: str, what: str) -> PassingError:
    """Return the refusal of a reply that is not what it should be: nobody knows what it left out."""
    return PassingError(f"{words}: the answer is {what}.", request_id=reply.request_id)


def plain_fault(reply: Reply, words: str) -> ProviderError | None:
    """Return what a status means whatever the body says; None if that depends on the body."""
    said, by = f"{words}: the vendor answered {reply.status}", reply.request_id
    if reply.status == _GONE:
        return RetiredError(f"{said}, the service was shut for good.", request_id=by)
    if reply.status == _TOO_MANY:
        wait = reply.retry_after
        return RateLimitedError(f"{said}, too many requests.", request_id=by, retry_after=wait)
    if reply.status >= 500 or reply.status < 400 or reply.status == _TIMED_OUT:
        return PassingError(f"{said}.", request_id=by, retry_after=reply.retry_after)
    return None


def our_fault(reply: Reply, words: str, why: str) -> OurFaultError:
    """Return the error for a request or a set-up of ours that the vendor refused."""
    text = f"{words}: the vendor answered {reply.status}, {why}."
    return OurFaultError(text, request_id=reply.request_id)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return Retry-After in seconds, at most an hour; a date counts from the reply's own Date."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return min(float(said), LONGEST_WAIT)
    try:
        until, sent = (parsedate_to_datetime(text) for text in (said, headers.get("Date", "")))
        seconds = (until - sent).total_seconds()
    except (ValueError, TypeError):  # no date; or one with a zone and one without
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)
