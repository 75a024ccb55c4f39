"""THE truth: what happened to each person, and what of it the cloud holds at an instant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np

from hometrial_ingest.simulate.person import Device
from hometrial_ingest.simulate.timeline import Seconds, midnight, offset_at
from hometrial_ingest.simulators import changes, columns, derived, gaps
from hometrial_ingest.simulators.clock import Clock, microseconds
from hometrial_ingest.simulators.columns import Span
from hometrial_ingest.simulators.days import Days, Recorded
from hometrial_ingest.simulators.nights import Night, corrected, told
from hometrial_ingest.simulators.people import Holder, draw_holder
from hometrial_ingest.simulators.records import Change, Hour, Records
from hometrial_ingest.simulators.syncs import schedule

GOOGLE_TYPE = {
    "heart_rate": "heart-rate",
    "heart_rate_variability": "heart-rate-variability",
    "oxygen_saturation": "oxygen-saturation",
    "respiratory_rate": "respiratory-rate-sleep-summary",
    "resting_heart_rate": "daily-resting-heart-rate",
    "heart_rate_variability_daily": "daily-heart-rate-variability",
    "oxygen_saturation_daily": "daily-oxygen-saturation",
    "respiratory_rate_daily": "daily-respiratory-rate",
    "skin_temperature_daily": "daily-sleep-temperature-derivations",
}
"""The house's names of streams in the words of Google's paths; the others are the same in both."""
_DAY, _MICRO = 86_400, 1_000_000
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Scene:
    """What a truth is drawn from; `heart_rate_every`: seconds between samples, 5 the device's own.

    `cache_bytes`: about how much memory made days may take.
    """

    seed: int
    people: int
    first_day: date
    days: int
    heart_rate_every: int = 5
    cache_bytes: int = 1 << 29

    @property
    def last_day(self) -> date:
        """The last day on which anything happens."""
        return self.first_day + timedelta(days=self.days - 1)

    def dates(self) -> list[date]:
        """Return all days, in order."""
        return [self.first_day + timedelta(days=number) for number in range(self.days)]


class Truth:
    """The people behind the simulated clouds, by number from 1; their days are made when asked for.

    Instants are aware datetimes; `at` None is the clock's present.
    """

    def __init__(self, scene: Scene, clock: Clock) -> None:
        self.scene, self.clock = scene, clock
        self._days = Days(scene.heart_rate_every, scene.cache_bytes)
        self._deleted: dict[tuple[int, str, str], int] = {}
        self._corrected: dict[tuple[int, str], int] = {}
        self.edits = 0
        """How often people deleted or corrected something by hand."""
        self.holder: Callable[[int], Holder] = lru_cache(maxsize=None)(self._holder)
        """The person of a number. Raises KeyError for a number that nobody has."""
        self.syncs: Callable[[int], Seconds] = lru_cache(maxsize=None)(self._syncs)
        """A person's sync moments (seconds UTC), ascending."""
        self._starts: Callable[[int], Seconds] = lru_cache(maxsize=None)(self._midnights)

    def records(
        self,
        person: int,
        data_type: str,
        at: datetime | None = None,
        *,
        merged: bool = False,
        window: tuple[datetime, datetime] | None = None,
    ) -> Records:
        """Return what the cloud holds of a type (Google's word or the house's) at an instant.

        All sources side by side, or the merged stream. `window` [from, to): by the start of a record,
        by the end of a session (a running one ends now), by the date alone of a daily value.
        """
        now = self._seconds(at)
        start, end = 0, now + _DAY
        if window:
            start, end = (microseconds(edge) // _MICRO for edge in window)
        known = GOOGLE_TYPE.get(data_type, data_type)
        return self.held(person, known, Span(start, end, now), merged=merged)

    def held(self, person: int, data_type: str, span: Span, *, merged: bool) -> Records:
        """Return the same for a span in seconds. Raises KeyError for a type that is not modelled."""
        found = self.traced(person, data_type, span, merged=merged)
        return columns.without_origin(found) if merged else found

    def traced(self, person: int, data_type: str, span: Span, *, merged: bool) -> Records:
        """Return the same with the origin of every record, merged or not."""
        holder, syncs = self.holder(person), self.syncs(person)
        if data_type == "sleep":
            return columns.nights(list(self._nights(person, span)), holder)
        if data_type in derived.DAILY_TYPES:
            rows = derived.daily_rows(data_type, self._dated(person, span), span.at, syncs)
            return derived.found_table(data_type, rows, holder)
        days = self._between(person, span, ahead=int(data_type in derived.SAMPLE_TYPES))
        if data_type in derived.SAMPLE_TYPES:
            return derived.found_table(
                data_type, derived.sample_rows(data_type, days, span), holder
            )
        if data_type == "weight":
            rows = derived.weight_rows(days, span, self._gone(person, data_type, span.at))
            return derived.found_table(data_type, rows, holder)
        if data_type == "heart-rate":
            beats = columns.heart_rate(days, span, syncs, merged=merged)
            return columns.table(data_type, beats, holder, 0)
        return self._walked(holder, data_type, (days, span), merged=merged)

    def daily_total(
        self, person: int, data_type: str, local_day: date, at: datetime | None = None
    ) -> float | None:
        """Return the merged total of a civil day (steps, or distance in m), None if the day is empty."""
        midnight_utc = datetime(local_day.year, local_day.month, local_day.day, tzinfo=UTC)
        around = (midnight_utc - timedelta(days=1), midnight_utc + timedelta(days=2))
        found = self.records(person, data_type, at, merged=True, window=around)
        start = microseconds(midnight_utc)
        own = (found.local >= start) & (found.local < start + _DAY * _MICRO)
        return float(found.value[own].sum()) if own.any() else None

    def last_sync(self, person: int, at: datetime | None = None) -> datetime | None:
        """Return the last moment at which the wearable handed over its memory, None before the first."""
        syncs = self.syncs(person)
        place = int(np.searchsorted(syncs, self._seconds(at), side="right"))
        return datetime.fromtimestamp(int(syncs[place - 1]), UTC) if place else None

    def devices(
        self, person: int, at: datetime | None = None
    ) -> list[tuple[Device, datetime | None]]:
        """Return the wearables that the account has met, oldest first, with their own last sync."""
        found, now = [], self._seconds(at)
        for device in self.holder(person).person.devices:
            since = self.day_start(person, device.first_day)
            until = self.day_start(person, device.last_day) + _DAY + 14_400
            last = self.last_sync(person, datetime.fromtimestamp(min(now, until), UTC))
            if now >= since:
                found.append((device, last if last and last.timestamp() >= since else None))
        return found

    def hours(
        self, person: int, days: tuple[date, date] | None = None, at: datetime | None = None
    ) -> list[Hour]:
        """Return every hour of the local days (first, last) that has begun, with the state of heart rate."""
        first, last = days or (self.scene.first_day, self.scene.last_day)
        now, syncs = self._seconds(at), self.syncs(person)
        wanted = [self.day(person, day) for day in self.scene.dates() if first <= day <= last]
        return [hour for day in wanted for hour in gaps.hours(day, now, syncs)]

    def zone(self, person: int, at: datetime | None = None) -> str:
        """Return the IANA zone in which the person is at an instant."""
        now, periods = self._seconds(at), self.holder(person).person.zones
        return [p.zone for p in periods if p.from_at is None or p.from_at <= now][-1]

    def offset(self, person: int, at: datetime | None = None) -> int:
        """Return local minus UTC in seconds at an instant."""
        return offset_at(self.holder(person).person.zones, self._seconds(at))

    def day(self, person: int, day: date) -> Recorded:
        """Return a local day as the devices recorded it, whether it was handed over or not.

        Raises ValueError for a day outside the scene.
        """
        if not self.scene.first_day <= day <= self.scene.last_day:
            raise ValueError(f"nothing happens on {day}: the scene ends on {self.scene.last_day}")
        return self._days.day(self.holder(person), day, self.syncs(person))

    def day_start(self, person: int, day: date) -> int:
        """Return the first instant (seconds UTC) of a person's local day."""
        return midnight(self.holder(person).person.zones, day)

    def delete(
        self, person: int, data_type: str, record_id: str, at: datetime | None = None
    ) -> None:
        """Let the person delete a session or a weight: it is gone from the cloud from then on."""
        self._deleted[person, data_type, record_id] = self._seconds(at)
        self.edits += 1

    def correct(self, person: int, record_id: str, at: datetime | None = None) -> None:
        """Let the person move the beginning of a session: same name, new update time."""
        self._corrected[person, record_id] = self._seconds(at)
        self.edits += 1

    def changes(self, person: int, since: datetime, until: datetime | None = None) -> list[Change]:
        """Return what became different in (since, until]: handed over, computed, typed, corrected, deleted."""
        old, now, syncs = self._seconds(since), self._seconds(until), self.syncs(person)
        first = self.day_start(person, self.scene.first_day)
        days = list(self._between(person, Span(old - 8 * _DAY, now, now), ahead=1))
        found = [*changes.by_sync(syncs, old, now, first), *changes.by_day(days, syncs, old, now)]
        return [*found, *self._by_hand(person, old, now)]

    def _walked(
        self, holder: Holder, data_type: str, what: tuple[Iterator[Recorded], Span], *, merged: bool
    ) -> Records:
        if data_type not in ("steps", "distance"):
            raise KeyError(data_type)
        gather = columns.merged_steps if merged else columns.steps
        found = columns.table("steps", gather(*what, self.syncs(holder.number)), holder, 60)
        return found if data_type == "steps" else columns.distance(found, holder)

    def _nights(self, person: int, span: Span) -> Iterator[Night]:
        gone = self._gone(person, "sleep", span.at)
        found = []
        for day in self._between(person, span, ahead=1):
            for made in day.nights:
                night = told(self._with_correction(person, made), span.at)
                if night and not gone(night.id):
                    ends_at = span.at if night.ends_at is None else night.ends_at
                    found += [night] * (span.start <= ends_at < span.end)
        return iter(sorted(found, key=lambda night: night.starts_at))

    def _with_correction(self, person: int, made: tuple[Night, ...]) -> tuple[Night, ...]:
        at = self._corrected.get((person, made[0].id))
        return made if at is None else (*made[:3], corrected(made[2], max(at, made[2].seen_from)))

    def _gone(self, person: int, data_type: str, at: int) -> Callable[[str], bool]:
        gone = {
            record_id
            for (number, kind, record_id), since in self._deleted.items()
            if (number, kind) == (person, data_type) and since <= at
        }
        return gone.__contains__

    def _by_hand(self, person: int, since: int, until: int) -> Iterator[Change]:
        for (number, data_type, record_id), at in self._deleted.items():
            if number == person and since < at <= until:
                yield Change(data_type, at - _DAY, at, "DELETE", record_id)
        for (number, record_id), at in self._corrected.items():
            if number == person and since < at <= until:
                yield Change("sleep", at - _DAY, at, record_id=record_id)

    def _between(self, person: int, span: Span, ahead: int = 0) -> Iterator[Recorded]:
        """Yield the days that overlap a span and have begun; `ahead`: one more, whose night began before."""
        starts = self._starts(person)
        first = max(int(np.searchsorted(starts, span.start, side="right")) - 1, 0)
        until = int(np.searchsorted(starts, min(span.end, span.at), side="left")) + ahead
        for number in range(first, min(until, self.scene.days)):
            yield self.day(person, self.scene.first_day + timedelta(days=number))

    def _dated(self, person: int, span: Span) -> Iterator[Recorded]:
        now = min(span.end, span.at + _DAY)
        for day in self.scene.dates():
            at = (day - _EPOCH).days * _DAY
            if span.start <= at < span.end and at <= now + _DAY:
                yield self.day(person, day)

    def _seconds(self, at: datetime | None) -> int:
        return microseconds(at) // _MICRO if at else self.clock.seconds()

    def _holder(self, person: int) -> Holder:
        if not 1 <= person <= self.scene.people:
            raise KeyError(f"person {person}: there are {self.scene.people}")
        return draw_holder(self.scene.seed, person, self.scene.first_day, self.scene.days)

    def _syncs(self, person: int) -> Seconds:
        return schedule(self.holder(person))

    def _midnights(self, person: int) -> Seconds:
        days = range(self.scene.days + 1)
        starts = [self.day_start(person, self.scene.first_day + timedelta(days=n)) for n in days]
        return np.array(starts, np.int64)
