"""What an account of the old service holds of one person: the truth, laid on the account's clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from hometrial_ingest.simulate.person import Device, Person
from hometrial_ingest.simulate.timeline import Seconds
from hometrial_ingest.simulators.fitbit import sleep_logs
from hometrial_ingest.simulators.fitbit.account_clock import AccountClock, account_clock
from hometrial_ingest.simulators.fitbit.series import Counts
from hometrial_ingest.simulators.nights import Night
from hometrial_ingest.simulators.records import Records
from hometrial_ingest.simulators.truth import Truth

_MICRO = 1_000_000
_SLEEP_AROUND = timedelta(days=3)  # a jump of the account's zone moves dates by less


@dataclass(frozen=True)
class Weighing:
    """One entry of the weight log: an instant in seconds UTC, and kilograms."""

    at: int
    kilograms: float


class Wearer:
    """One person as the face needs them. Instants are seconds UTC; `now` is what the clock shows."""

    def __init__(self, truth: Truth, number: int) -> None:
        self._truth, self.number = truth, number
        self.clock: AccountClock = account_clock(self.person.zones, self.syncs)

    @property
    def person(self) -> Person:
        """The person of the synthetic study."""
        return self._truth.holder(self.number).person

    @property
    def age(self) -> int:
        """The person's age in years."""
        return self.person.body.age

    @property
    def syncs(self) -> Seconds:
        """When the wearable hands over what it holds, ascending."""
        return self._truth.syncs(self.number)

    def steps(self, day: date, clock: AccountClock, now: int) -> tuple[Seconds, Counts]:
        """Return the minutes with steps of a clock's day: seconds of the day, and steps."""
        return self._on_day("steps", day, clock, now)

    def heart_rate(self, day: date, clock: AccountClock, now: int) -> tuple[Seconds, Counts]:
        """Return the heart-rate samples of a clock's day: seconds of the day, and /min."""
        return self._on_day("heart_rate", day, clock, now)

    def resting_heart_rate(self, day: date, now: int) -> int | None:
        """Return a day's resting heart rate, None until it is known."""
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        found = self._held("resting_heart_rate", (start, start + timedelta(days=1)), now)
        own = found.value[found.local == int(start.timestamp()) * _MICRO]
        return int(own[0]) if len(own) else None

    def nights(self, now: int, first: date | None = None, last: date | None = None) -> list[Night]:
        """Return the finished nights that the account has and that ended on some days, oldest first."""
        window = _window(first or self.person.first_day, last or self.person.last_day)
        found = [night for night in self._held("sleep", window, now).nights if night.ends_at]
        kept = [
            night for night in found if _inside(sleep_logs.wakes_on(night, self.clock), first, last)
        ]
        return sorted(kept, key=lambda night: night.starts_at)

    def weighings(self, now: int, first: date, last: date) -> Iterator[Weighing]:
        """Yield the weight log of some days of the account's calendar, oldest first."""
        found = self._held("weight", _window(first, last), now)
        for at, kilograms in zip((found.at // _MICRO).tolist(), found.value.tolist(), strict=True):
            if _inside(self.clock.today(at), first, last):
                yield Weighing(at, kilograms)

    def devices(self, now: int) -> list[tuple[Device, int]]:
        """Return the devices that have been synchronised, each with its last time."""
        met = self._truth.devices(self.number, datetime.fromtimestamp(now, UTC))
        return [(device, int(last.timestamp())) for device, last in met if last is not None]

    def changed(self, since: int, now: int) -> dict[str, list[date]]:
        """Return the days that became different in (since, now], by collection of subscriptions."""
        first, last = np.searchsorted(self.syncs, [since, now], side="right").tolist()
        told: dict[str, set[date]] = {"activities": set(), "sleep": set(), "body": set()}
        for place in range(first, last):
            before = int(self.syncs[place - 1]) if place else int(self.syncs[place]) - 86_400
            told["activities"].update(self._dates(before, int(self.syncs[place])))
        for night in self.nights(now, *self._lately(since, now)):
            if night.processed and since < night.seen_from <= now:
                told["sleep"].add(sleep_logs.wakes_on(night, self.clock))
        for weighing in self.weighings(now, *self._lately(since, now)):
            if weighing.at + 60 > since:
                told["body"].add(self.clock.today(weighing.at))
        return {collection: sorted(days) for collection, days in told.items()}

    def _lately(self, since: int, now: int) -> tuple[date, date]:
        # A night is handed over up to a week late, and corrected within half a day of that.
        return self.clock.today(since - 8 * 86_400), self.clock.today(now)

    def _dates(self, since: int, until: int) -> list[date]:
        first, last = self.clock.today(since), self.clock.today(until)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def _on_day(
        self, data_type: str, day: date, clock: AccountClock, now: int
    ) -> tuple[Seconds, Counts]:
        first, last = (datetime.fromtimestamp(edge, UTC) for edge in clock.around(day))
        found = self._held(data_type, (first, last), now)
        kept, seconds = clock.seconds_of_day(day, found.at // _MICRO)
        return seconds, found.value[kept].astype(np.int64)

    def _held(self, data_type: str, window: tuple[datetime, datetime], now: int) -> Records:
        at = datetime.fromtimestamp(now, UTC)
        return self._truth.records(self.number, data_type, at, merged=True, window=window)


def _window(first: date, last: date) -> tuple[datetime, datetime]:
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    end = datetime(last.year, last.month, last.day, tzinfo=UTC)
    return start - _SLEEP_AROUND, end + _SLEEP_AROUND


def _inside(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or day >= first) and (last is None or day <= last)
