"""The queue of notifications: what changed goes to every subscriber, again and again until it says 204."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock

from hometrial_ingest.simulators.google.notices import RIGHT, Party, Post, Shape, body_of, item
from hometrial_ingest.simulators.google.subscribers import Subscriber, Subscribers
from hometrial_ingest.simulators.records import Change
from hometrial_ingest.simulators.truth import Truth

_LONGEST = 7 * 86_400
_FIRST_WAIT, _LONGEST_WAIT = 60, 6 * 3_600


@dataclass
class Delivery:
    """One body for one subscriber; `next_at` and `given_up_at` in seconds UTC."""

    subscriber: str
    person: int
    items: list[dict[str, object]]
    next_at: int
    given_up_at: int
    attempts: int = 0
    statuses: list[int] = field(default_factory=list)


@dataclass
class Deliveries:
    """Notices changes of the truth and posts them; `due` runs one round on the simulators' clock."""

    truth: Truth
    subscribers: Subscribers
    sender: Post
    user_of: Callable[[int], str]
    shape: Shape = RIGHT
    """How notifications of the automatic round are sent."""
    waiting: list[Delivery] = field(default_factory=list)
    done: list[Delivery] = field(default_factory=list)
    lost: list[Delivery] = field(default_factory=list)
    _told_until: dict[int, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def consented(self, person: int) -> None:
        """Begin to tell a person's changes from now on; there is no backfill."""
        self._told_until[person] = self.truth.clock.seconds()

    def revoked(self, person: int) -> None:
        """Queue the DELETE that follows a revocation, for every type that is subscribed to."""
        now = self.truth.clock.seconds()
        self._told_until.pop(person, None)
        first = self.truth.day_start(person, self.truth.scene.first_day)
        for subscriber in list(self.subscribers.known.values()):
            self._queue(
                subscriber,
                person,
                [Change(t, first, now, "DELETE") for t in subscriber.data_types()],
            )

    def due(self) -> int:
        """Notice what changed, post what is due, and return how many posts were made."""
        with self._lock:
            self._notice()
            now = self.truth.clock.seconds()
            ready = [delivery for delivery in self.waiting if delivery.next_at <= now]
            for delivery in ready:
                self._attempt(delivery, now)
        return len(ready)

    def post(self, url: str, person: int, changes: list[Change], secret: str, shape: Shape) -> int:
        """Post changes to an address once, past the queue, and return the HTTP status."""
        return self.sender.send(
            url, body_of(self._items(person, changes, shape), shape), secret, shape
        )

    def _notice(self) -> None:
        now = self.truth.clock.seconds()
        for person, since in list(self._told_until.items()):
            if since >= now:
                continue
            edges = (datetime.fromtimestamp(at, UTC) for at in (since, now))
            changes = self.truth.changes(person, *edges)
            self._told_until[person] = now
            for subscriber in list(self.subscribers.known.values()):
                user = self.user_of(person)
                wanted = [c for c in changes if subscriber.wants(c.data_type, user)]
                self._queue(subscriber, person, wanted)

    def _queue(self, subscriber: Subscriber, person: int, changes: list[Change]) -> None:
        now = self.truth.clock.seconds()
        items = self._items(person, changes, self.shape)
        if items:
            self.waiting.append(Delivery(subscriber.id, person, items, now, now + _LONGEST))

    def _attempt(self, delivery: Delivery, now: int) -> None:
        subscriber = self.subscribers.known.get(delivery.subscriber)
        if subscriber is None or now > delivery.given_up_at:
            self.waiting.remove(delivery)
            self.lost.append(delivery)
            return
        body = body_of(delivery.items, self.shape)
        status = self.sender.send(subscriber.url, body, subscriber.secret, self.shape)
        delivery.statuses.append(status)
        delivery.attempts += 1
        if status == 204:  # 200 is a failure, too
            self.waiting.remove(delivery)
            self.done.append(delivery)
        else:
            delivery.next_at = now + min(_FIRST_WAIT << (delivery.attempts - 1), _LONGEST_WAIT)

    def _items(self, person: int, changes: list[Change], shape: Shape) -> list[dict[str, object]]:
        truth = self.truth
        party = Party(self.user_of(person), truth.offset(person), truth.scene.seed)
        return [item(change, party, shape.missing, n) for n, change in enumerate(changes)]


def everything(
    since: datetime, until: datetime, data_types: tuple[str, ...], operation: str = "UPSERT"
) -> list[Change]:
    """Return one change of each type over a window."""
    start, end = (int(edge.timestamp()) for edge in (since, until))
    return [Change(data_type, start, max(end, start + 1), operation) for data_type in data_types]
