"""What the watch says of each day, with the person's own usual range beside it, and which hours are missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hometrial.models import DailyMetric, Gap
from hometrial.protocol.arms import Anchor
from hometrial.services.metrics.series import Baseline, own_baseline
from hometrial.services.safety import heart
from hometrial.services.viewing.days import Days

RESTING = ("rhr_sleep", "rhr_vendor")
"""Resting heart rate: in sleep, else the source's own; the two are never mixed in one person's row."""
SHOWN = ("steps", "rhr", "sleep_minutes", "hrv_rmssd")
"""The rows of a timeline, in their order; `rhr` is one of RESTING."""
VALID_OF = {
    "steps": "valid_day",
    "rhr": "valid_night",
    "sleep_minutes": "valid_night",
    "hrv_rmssd": "valid_night",
    "time_in_bed_minutes": "valid_night",
}
"""Which metric says of a day that another can be used of it."""
_READ = (
    "steps", *RESTING, "sleep_minutes", "hrv_rmssd", "time_in_bed_minutes", "wear_minutes",
    "valid_day", "valid_night",
)  # fmt: skip
_BEFORE = 28
"""Days before the first dose that stand for a run-in of which too few are on record."""


@dataclass(frozen=True)
class Run:
    """One metric day by day. `baseline`: the person's own usual level, and in words of which days it is, `own` their values.

    `unused`: days on which the watch was worn for too short a time, so that the value is drawn faint and is in
    no baseline. `alert_from`: of resting heart rate in sleep, from which on three nights in a row alert (HR1).
    """

    metric: str
    rule: str
    values: Mapping[date, float]
    unused: frozenset[date]
    baseline: Baseline | None
    of_days: str
    own: Sequence[float]
    alert_from: float | None = None

    @property
    def usual(self) -> tuple[float, float] | None:
        """The own usual range: median ± 3 x 1.4826 x MAD."""
        return None if self.baseline is None else self.baseline.band()

    def change(self, day: date) -> float | None:
        """Return by how much a day is above the own usual level, negative below it."""
        value = self.values.get(day)
        if value is None or self.baseline is None:
            return None
        return value - self.baseline.median


@dataclass(frozen=True)
class Missing:
    """A stretch without samples of a stream, and why."""

    stream: str
    start: datetime
    end: datetime
    cause: str


@dataclass(frozen=True)
class Worn:
    """Everything of a watch over some days."""

    runs: Mapping[str, Run]
    bed: Run
    wear: Mapping[date, float]
    missing: Sequence[Missing]


Values = dict[str, dict[date, float]]


def worn(session: Session, person: UUID, days: Days, anchors: Mapping[Anchor, date]) -> Worn:
    """Return a person's days from the metrics of each, never from samples."""
    values, span = _values(session, person, days, anchors), _baseline_days(anchors)
    resting = next((each for each in RESTING if values.get(each)), RESTING[0])
    values["rhr"] = values.get(resting, {})
    named = {name: resting if name == "rhr" else name for name in VALID_OF}
    runs = {name: _run(values, name, named[name], days, span) for name in VALID_OF}
    bed = runs.pop("time_in_bed_minutes")
    if resting == heart.METRIC:
        limit = _alert_from(values["rhr"], anchors)
        runs["rhr"] = replace(runs["rhr"], alert_from=limit)
    wear = {day: each for day, each in values.get("wear_minutes", {}).items() if _in(days, day)}
    return Worn(
        {name: runs[name] for name in SHOWN if runs[name].values},
        bed,
        wear,
        tuple(_joined(_gaps(session, person, days))),
    )


def _alert_from(nights: Mapping[date, float], anchors: Mapping[Anchor, date]) -> float | None:
    end = anchors.get("run_in_end")
    usual = None if end is None else heart.usual_of(nights, anchors.get("consent"), end)
    if usual is None:
        return None
    return usual.median + max(heart.LEAST_RISE, usual.band(heart.WIDTH)[1] - usual.median)


def _in(days: Days, day: date) -> bool:
    return days.first <= day <= days.last


@dataclass(frozen=True)
class _Span:
    """Days that a baseline is of, in the order in which they are tried; None: all on record."""

    of_days: str
    days: Days | None


def _baseline_days(anchors: Mapping[Anchor, date]) -> tuple[_Span, ...]:
    """Return the run-in, else the days before the first dose; of who takes no drug, all days on record."""
    found = []
    begun, over = anchors.get("run_in_start"), anchors.get("run_in_end")
    if begun is not None and over is not None and begun <= over:
        found.append(_Span("of the run-in", Days(begun, over)))
    dose = anchors.get("first_dose")
    if dose is None:
        return (*found, _Span("of all days on record", None))
    before = Days.ending(dose - timedelta(1), _BEFORE)
    return (*found, _Span(f"of the {_BEFORE} days before the first dose", before))


def _of_alert(anchors: Mapping[Anchor, date]) -> Iterable[Days]:
    """Return the days on which the alert on resting heart rate stands."""
    consent, end = anchors.get("consent"), anchors.get("run_in_end")
    return (
        [Days(consent, end)] if consent is not None and end is not None and consent <= end else []
    )


def _values(session: Session, person: UUID, days: Days, anchors: Mapping[Anchor, date]) -> Values:
    spans = [span.days for span in _baseline_days(anchors)]
    query = select(DailyMetric.metric, DailyMetric.day, DailyMetric.value).where(
        DailyMetric.participant_id == person, DailyMetric.metric.in_(_READ)
    )
    if None not in spans:
        wanted = [days, *(each for each in spans if each is not None), *_of_alert(anchors)]
        query = query.where(
            or_(*(DailyMetric.day.between(each.first, each.last) for each in wanted))
        )
    found: Values = {}
    for metric, day, value in session.execute(query):
        found.setdefault(metric, {})[day] = value
    return found


def _run(values: Values, name: str, metric: str, days: Days, spans: Iterable[_Span]) -> Run:
    known = values.get(name, {})
    # A source that gives totals alone says of no day whether it can be used: then each day counts.
    valid = values.get(VALID_OF[name], {})
    usable = {day: value for day, value in known.items() if valid.get(day, 1)}
    baseline, of_days, own = None, "", []
    for span in spans:
        own = [usable[day] for day in sorted(usable) if span.days is None or _in(span.days, day)]
        baseline = own_baseline(own)
        if baseline is not None:
            of_days = span.of_days
            break
    return Run(
        name,
        metric,
        {day: known[day] for day in sorted(known) if _in(days, day)},
        frozenset(day for day in known if _in(days, day) and day not in usable),
        baseline,
        of_days,
        own if baseline else (),
    )


def _gaps(session: Session, person: UUID, days: Days) -> Sequence[Missing]:
    rows = session.execute(
        select(Gap.stream, Gap.start_at, Gap.end_at, Gap.cause)
        .where(Gap.participant_id == person, Gap.day.between(days.first, days.last))
        .order_by(Gap.stream, Gap.start_at)
    )
    return [Missing(*row) for row in rows]


def _joined(gaps: Iterable[Missing]) -> Iterable[Missing]:
    """Yield gaps of one stream and cause that follow each other at once as one."""
    last: Missing | None = None
    for gap in gaps:
        if last is not None and (last.stream, last.cause, last.end) == (
            gap.stream, gap.cause, gap.start,
        ):  # fmt: skip
            last = Missing(last.stream, last.start, gap.end, last.cause)
            continue
        if last is not None:
            yield last
        last = gap
    if last is not None:
        yield last
