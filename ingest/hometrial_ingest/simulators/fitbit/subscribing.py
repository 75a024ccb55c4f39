"""Subscriptions and the notices that are sent on them: signed, at least once, without values."""

import base64
import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

import requests

from hometrial_ingest.simulators.fitbit.replies import RefusedError
from hometrial_ingest.simulators.fitbit.tokens import Mint

REVOKED = "userRevokedAccess"
COLLECTIONS = ("activities", "body", "foods", "sleep", REVOKED)
PATIENCE = 5.0
"""Seconds within which a subscriber must answer 204."""


@dataclass
class Subscriber:
    """An endpoint of the application; it gets notices once it has passed the verification."""

    subscriber_id: str
    url: str
    code: str
    """What the endpoint must answer 204 to; it is shown where the endpoint is registered."""
    verified: bool = False


@dataclass(frozen=True)
class Subscription:
    """A person's changes in one collection (None: in all of them) for one subscriber."""

    subscription_id: str
    person: int
    user_id: str
    collection: str | None
    subscriber_id: str

    def described(self) -> dict[str, str]:
        """Return it as the API shows it."""
        return {
            "collectionType": self.collection or "user",
            "ownerId": self.user_id,
            "ownerType": "user",
            "subscriberId": self.subscriber_id,
            "subscriptionId": self.subscription_id,
        }

    def covers(self, person: int, collection: str) -> bool:
        """Say whether a change in a collection is to be told on it."""
        return self.person == person and self.collection in (None, collection)


@dataclass(frozen=True)
class Delivery:
    """One POST that was tried: what was sent, the answer's status, None if there was none."""

    url: str
    body: bytes
    signature: str
    status: int | None


Notice = dict[str, str]


@dataclass
class Notices:
    """The subscribers of the application, its subscriptions and what waits to be sent."""

    mint: Mint
    client_secret: str
    subscribers: dict[str, Subscriber] = field(default_factory=dict)
    subscriptions: list[Subscription] = field(default_factory=list)
    waiting: dict[str, list[Notice]] = field(default_factory=lambda: defaultdict(list))
    deliveries: list[Delivery] = field(default_factory=list)
    sign: Callable[[str, bytes], str] | None = None
    """In place of the true signature (client secret, body): to send false ones."""

    def register(self, url: str, subscriber_id: str = "1") -> Subscriber:
        """Register an endpoint, as in the vendor's developer pages; `verify` it next."""
        subscriber = Subscriber(subscriber_id, url, self.mint.hex(64))
        self.subscribers[subscriber_id] = subscriber
        return subscriber

    def verify(self, subscriber_id: str = "1") -> bool:
        """Ask an endpoint twice: 204 to the right code, 404 to a wrong one."""
        subscriber = self.subscribers[subscriber_id]
        right = _ask(subscriber.url, subscriber.code)
        wrong = _ask(subscriber.url, self.mint.hex(64))
        subscriber.verified = (right, wrong) == (204, 404)
        return subscriber.verified

    def subscribe(self, wanted: Subscription) -> int:
        """Add a subscription; return 201, or 200 if it is there already.

        Raises RefusedError: 409 if its id or its stream is taken, 400 for an unknown subscriber.
        """
        if wanted.subscriber_id not in self.subscribers:
            raise RefusedError(400, "validation", "Unknown subscriber", "X-Fitbit-Subscriber-Id")
        if wanted in self.subscriptions:
            return 200
        if any(_conflict(wanted, known) for known in self.subscriptions):
            raise RefusedError(409, "request", "Subscription id or stream is used already")
        self.subscriptions.append(wanted)
        return 201

    def unsubscribe(self, person: int, collection: str | None, subscription_id: str) -> None:
        """Remove a subscription. Raises RefusedError (404) if there is none."""
        key = (person, collection, subscription_id)
        kept = [s for s in self.subscriptions if (s.person, s.collection, s.subscription_id) != key]
        if len(kept) == len(self.subscriptions):
            raise RefusedError(404, "not_found", "Subscription not found")
        self.subscriptions = kept

    def of(self, person: int, collection: str | None) -> list[dict[str, str]]:
        """Return a person's subscriptions, those of one collection or all."""
        return [
            one.described()
            for one in self.subscriptions
            if one.person == person and collection in (None, one.collection)
        ]

    def changed(self, person: int, collection: str, days: Iterable[date]) -> None:
        """Have it told that a person's days changed; one notice a day and subscription."""
        told = [one for one in self.subscriptions if one.covers(person, collection)]
        for day in days:
            for one in told:
                notice = {
                    "collectionType": collection,
                    "date": day.isoformat(),
                    "ownerId": one.user_id,
                    "ownerType": "user",
                    "subscriptionId": one.subscription_id,
                }
                self.waiting[one.subscriber_id].append(notice)

    def revoked(self, person: int, day: date) -> None:
        """Have it told that a person took access back, and end the person's subscriptions."""
        self.changed(person, REVOKED, [day])
        self.subscriptions = [one for one in self.subscriptions if one.person != person]

    def deliver(self) -> int:
        """Send what waits, one POST a subscriber; what is not answered 204 stays. Return the POSTs."""
        ready = [one for one in self.subscribers.values() if one.verified]
        due = [one for one in ready if self.waiting.get(one.subscriber_id)]
        for subscriber in due:
            notices = self.waiting.pop(subscriber.subscriber_id)
            if self._post(subscriber.url, notices) != 204:
                self.waiting[subscriber.subscriber_id][:0] = notices
        return len(due)

    def _post(self, url: str, notices: list[Notice]) -> int | None:
        body = json.dumps(notices, separators=(",", ":")).encode()
        signature = (self.sign or signature_of)(self.client_secret, body)
        headers = {"X-Fitbit-Signature": signature, "Content-Type": "application/json"}
        status: int | None
        try:
            status = requests.post(url, body, headers=headers, timeout=PATIENCE).status_code
        except requests.RequestException:
            status = None
        self.deliveries.append(Delivery(url, body, signature, status))
        return status


def signature_of(client_secret: str, body: bytes) -> str:
    """Return the signature of a notice: base64 of HMAC-SHA1 under the client secret and an `&`."""
    digest = hmac.new(f"{client_secret}&".encode(), body, hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _ask(url: str, code: str) -> int | None:
    try:
        return requests.get(url, params={"verify": code}, timeout=PATIENCE).status_code
    except requests.RequestException:
        return None


def _conflict(wanted: Subscription, known: Subscription) -> bool:
    same_person = (wanted.person, wanted.subscriber_id) == (known.person, known.subscriber_id)
    same_stream = wanted.collection == known.collection
    return same_person and (same_stream or wanted.subscription_id == known.subscription_id)
