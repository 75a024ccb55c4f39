"""What a wearable cloud is to the house: streams to read, an account to link, errors of a closed set.

A provider knows its vendor's addresses, words and traps, and no database, no clock and no trial. It
yields pages exactly as the vendor sent them; a reader (`hometrial_ingest.readers`) makes samples of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Protocol

from hometrial_ingest.data_types import DataType
from hometrial_ingest.reader import Reader
from hometrial_ingest.signals import Signal


@dataclass(frozen=True)
class Stream:
    """One of a provider's collections that the trial reads.

    `name` is the house's word for it, the same for every provider (`heart_rate`, `sleep`, ...);
    `data_type` is the consent switch that covers it; `scope` is what a person must grant at the provider.
    `by_day` says that its records belong to calendar days, not to instants.
    """

    name: str
    signals: frozenset[Signal]
    data_type: DataType
    scope: str
    by_day: bool = False
    longest_days: int = 14
    """The most local days that one read asks for; 1 where a day fills pages of its own, so that days which
    did not change are answered the same bytes as before."""


@dataclass(frozen=True)
class Window:
    """What one read is about: whole local days [first_day, last_day], that is the instants [start, end).

    A provider may ask for more than that (a margin), but never for anything before `earliest` or from
    `latest` on: there the person has not consented. All instants are aware and in UTC.
    """

    first_day: date
    last_day: date
    start: datetime
    end: datetime
    earliest: datetime
    latest: datetime


@dataclass(frozen=True)
class Page:
    """One reply with data, untouched.

    `name` is a path such as `steps/list-001.json`: a reader takes its kind from it. `request` is the call
    in words, free of tokens; `request_id` the vendor's, if any.
    """

    name: str
    body: bytes
    request: str
    request_id: str | None = None


@dataclass(frozen=True)
class Grant:
    """Tokens as a token endpoint gave them. `refresh_token` None: keep the one that is known."""

    access_token: str
    expires_in: int
    scopes: frozenset[str]
    refresh_token: str | None = None
    refresh_expires_in: int | None = None
    external_id: str | None = None

    def __repr__(self) -> str:
        """Show nothing that opens an account: representations end up in logs."""
        return f"Grant(scopes={sorted(self.scopes)}, expires_in={self.expires_in})"


@dataclass(frozen=True)
class Account:
    """Who stands behind a token. `zone` is the account's present IANA zone, None if not readable."""

    external_id: str
    zone: str | None = None
    former_id: str | None = None
    """The id under which an older service knew the person (Google's legacyUserId)."""


@dataclass(frozen=True)
class PairedDevice:
    """A device of an account and when it last handed its data over (aware, UTC)."""

    key: str
    model: str
    kind: str  # tracker, scale
    last_sync_at: datetime | None
    battery: str | None = None


@dataclass(frozen=True)
class Hint:
    """A provider's word that something changed: a reason to read, never data.

    `external_id` None: the notification does not say whose; `stream` None: nothing that we read, or a
    notice of another kind (`kind`: changed, deleted, revoked).
    """

    external_id: str | None
    stream: str | None
    start: datetime | None
    end: datetime | None
    kind: str = "changed"


@dataclass
class Caller:
    """One account's right to call: its token, and `spend`, called before every request on the wire.

    `spend` raises RateLimitedError when the budget is used up; the call is then not made.
    """

    token: str = field(repr=False)
    spend: Callable[[], None] = lambda: None
    calls: int = 0

    def before_request(self) -> None:
        """Take one call from the budget and count it."""
        self.spend()
        self.calls += 1


@dataclass(frozen=True)
class Limits:
    """The provider's own limits in requests: per account and per project, each in so many seconds."""

    account: int
    account_seconds: int
    project: int | None = None
    project_seconds: int = 60


class Provider(Protocol):
    """One wearable cloud. Every method raises errors of this module's closed set and no others."""

    name: str
    """As in `wearable_account.provider` and in front of each sample's `source`."""
    reader: Reader
    streams: Mapping[str, Stream]
    limits: Limits
    ends_on: date | None
    """The day on which the vendor shuts (or shut) the service; None while no end is announced."""

    def authorisation_url(
        self, *, state: str, challenge: str, redirect_uri: str, streams: frozenset[str]
    ) -> str:
        """Return where the person signs in and chooses what to share (PKCE, S256)."""

    def exchange(self, *, code: str, verifier: str, redirect_uri: str) -> Grant:
        """Trade an authorisation code for tokens."""

    def refresh(self, refresh_token: str) -> Grant:
        """Get a new access token. Raises ReconnectNeededError only on the vendor's own invalid_grant."""

    def revoke(self, token: str) -> None:
        """Take the grant back at the vendor; a token that is unknown there is revoked already."""

    def account(self, caller: Caller) -> Account:
        """Return who the account is, with its zone where the scopes allow that."""

    def devices(self, caller: Caller) -> list[PairedDevice]:
        """Return the account's devices; an empty list where the scope for them was not granted."""

    def pages(self, caller: Caller, stream: Stream, window: Window) -> Iterator[Page]:
        """Yield every page of a stream in a window. Ends normally only if all of them were read."""

    def hints(self, headers: Mapping[str, str], body: bytes, secret: str) -> list[Hint]:
        """Check a notification's signature and secret and return what it hints at.

        Raises NotificationRefusedError if it is not the provider's.
        """


class ProviderError(Exception):
    """A call that did not end in data. `kind` is the word in tables, logs and pages.

    `text` is one sentence for staff, without a token and without a person; `request_id` the vendor's.
    """

    kind: ClassVar[str]

    def __init__(
        self, text: str, *, request_id: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(text)
        self.text, self.request_id, self.retry_after = text, request_id, retry_after


class ReconnectNeededError(ProviderError):
    """The grant is gone for good; only the person can give a new one."""

    kind = "reconnect_needed"


class ScopeMissingError(ProviderError):
    """This stream was not granted; the others go on."""

    kind = "scope_missing"


class NotLinkedError(ProviderError):
    """The account exists but has no health profile behind it."""

    kind = "not_linked"


class RateLimitedError(ProviderError):
    """Too many calls, by the vendor's word or by our own budget; `retry_after` in seconds."""

    kind = "rate_limited"


class TryLaterError(ProviderError):
    """The vendor is not able just now: 5xx, a broken page, a time-out, no connection."""

    kind = "try_later"


class RetiredError(ProviderError):
    """The vendor has shut the service (410): nobody can reconnect, no call is to be made again."""

    kind = "retired"


class OurFaultError(ProviderError):
    """Our request or set-up is wrong: a person must mend the program or the project's settings."""

    kind = "our_bug"


class NotificationRefusedError(Exception):
    """A notification whose signature or secret is not the provider's."""
