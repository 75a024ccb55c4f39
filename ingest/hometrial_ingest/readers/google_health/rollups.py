"""Daily totals, as `dailyRollUp` answers them: the merged stream, added up by the provider.

Only a window of exactly one civil day is a daily total. Windows of other lengths (of `rollUp`, or of
several days) repeat what the points say, and heart-rate roll-ups and personal ranges are no day's value:
they are not source rows.
"""

from dataclasses import dataclass, field

from msgspec import Raw, Struct, ValidationError
from msgspec.json import Decoder

from hometrial_ingest.frame import Frame, SampleColumns, Unreadable, nonempty
from hometrial_ingest.json_text import unreadable
from hometrial_ingest.readers.google_health.points import Date, Whole
from hometrial_ingest.readers.google_health.sources import RECONCILED
from hometrial_ingest.readers.google_health.times import DAY, midnight
from hometrial_ingest.signals import Signal


class _TimeOfDay(Struct, frozen=True, gc=False):
    """{"hours": 17, "minutes": 29}; {} is midnight."""

    hours: int = 0
    minutes: int = 0
    seconds: int = 0
    nanos: int = 0


class _CivilTime(Struct, gc=False):
    """{"date": {"year": 2026, "month": 6, "day": 16}, "time": {}}."""

    date: Date
    time: _TimeOfDay = _TimeOfDay()


class _StepsSum(Struct, rename="camel", gc=False):
    count_sum: Whole = 0


class _DistanceSum(Struct, rename="camel", gc=False):
    millimeters_sum: Whole = 0


class _Rollup(Struct, rename="camel", gc=False):
    """{"civilStartTime": {...}, "civilEndTime": {...}, "steps": {"countSum": "8000"}}."""

    civil_start_time: _CivilTime | None = None
    civil_end_time: _CivilTime | None = None
    steps: _StepsSum | None = None
    distance: _DistanceSum | None = None


class _NoSuchDayError(ValueError):
    def __init__(self, name: str, day: Date) -> None:
        self.name, self.day = name, f"{day.year}-{day.month}-{day.day}"
        super().__init__(f"{name}: {self.day}")


_decoder = Decoder(_Rollup, strict=False)


@dataclass
class DailyTotals:
    """Daily totals, grown roll-up by roll-up."""

    rows: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    steps: SampleColumns = field(default_factory=lambda: SampleColumns(Signal.STEPS_DAILY))
    distance: SampleColumns = field(default_factory=lambda: SampleColumns(Signal.DISTANCE_DAILY))

    def add(self, row: int, raw: Raw) -> None:
        """Count one roll-up if it is a daily total of steps or distance, and keep it or say why not."""
        try:
            rollup = _decoder.decode(raw)
            local = _day(rollup)
        except ValidationError as error:
            self._refuse(unreadable(row, raw, error))
        except _NoSuchDayError as error:
            self._refuse(Unreadable(row, error.name, error.day, "not a day of the calendar"))
        else:
            if local is not None and (rollup.steps or rollup.distance):
                self._keep(row, local, rollup)

    def _refuse(self, fault: Unreadable) -> None:
        self.rows += 1
        self.unreadable.append(fault)

    def _keep(self, row: int, local: int, rollup: _Rollup) -> None:
        self.rows += 1
        shared = {"row": row, "local": local, "duration": 0, "source": RECONCILED}
        if rollup.steps:
            self.steps.add(**shared, value=rollup.steps.count_sum)
        if rollup.distance:
            self.distance.add(**shared, value=rollup.distance.millimeters_sum / 1000)

    def frames(self) -> list[Frame]:
        """Return what was added as frames and start again empty."""
        return nonempty([self.steps.frame(), self.distance.frame()])


def _day(rollup: _Rollup) -> int | None:
    """Return the midnight of a window of exactly one civil day, else None."""
    if not (rollup.civil_start_time and rollup.civil_end_time):
        return None
    start = _midnight("civilStartTime", rollup.civil_start_time)
    end = _midnight("civilEndTime", rollup.civil_end_time)
    return start if start is not None and end is not None and end - start == DAY else None


def _midnight(name: str, civil: _CivilTime) -> int | None:
    if civil.time != _TimeOfDay():
        return None
    local = midnight(civil.date)
    if local is None:
        raise _NoSuchDayError(f"{name}.date", civil.date)
    return local
