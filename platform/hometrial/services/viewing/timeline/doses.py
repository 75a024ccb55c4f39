"""What was ordered and what was taken, as bands of time: every edge is one of the dose log's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise

from hometrial.protocol.dosing.amounts import TimeOfDay
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.days import DoseDay, dose_day
from hometrial.protocol.dosing.events import Intake, Reason
from hometrial.protocol.dosing.standing import State
from hometrial.services.viewing.timeline.axis import Axis


@dataclass(frozen=True)
class Ordered:
    """What stood from one instant to another: an order holds from the first minute of its day on the person's clock.

    `step` is that of the titration plan, None for a dose that is no step of it. `begins`: the order came
    into force at `start`, and did not stand before the axis.
    """

    start: datetime
    end: datetime
    state: State
    mg: Decimal
    dose: str
    step: int | None
    kind: str
    why: str
    begins: bool


@dataclass(frozen=True)
class Taken:
    """Days in a row on which one amount was taken: at least `least`, at most `most` mg a day.

    Begins at the minute of the first dose of its first day; where nothing was taken, or nobody told when, at
    that day's first minute; `begins` False: before the axis. `reasons`: why doses were missed.
    """

    start: datetime
    end: datetime
    least: Decimal
    most: Decimal
    planned: Decimal
    reasons: tuple[Reason, ...]
    begins: bool

    @property
    def is_known(self) -> bool:
        """Whether the amount taken is known."""
        return self.least == self.most

    @property
    def is_missed(self) -> bool:
        """Whether it is known that nothing was taken of what was planned."""
        return self.planned > 0 and not self.most


@dataclass(frozen=True)
class TakenAt:
    """One dose at the minute at which it was taken; `is_exact` False: at its day's noon, as nobody told when.

    `mg` is None of a cream.
    """

    at: datetime
    day: date
    mg: Decimal | None
    time_of_day: TimeOfDay
    formulation: str
    is_exact: bool


@dataclass(frozen=True)
class Interrupted:
    """A stretch in which nothing was taken, as it was told: why, and whether it goes on."""

    start: datetime
    end: datetime
    reason: Reason
    is_open: bool


@dataclass(frozen=True)
class Doses:
    """A person's doses over the days of an axis."""

    ordered: Sequence[Ordered]
    taken: Sequence[Taken]
    times: Sequence[TakenAt]
    interrupted: Sequence[Interrupted]
    by_day: dict[date, DoseDay]
    highest: Decimal


def doses(course: Course, axis: Axis, now: datetime) -> Doses:
    """Return the bands of a course; nothing of days that have not begun yet."""
    until = min(now, axis.end)
    known = list(_days(course, axis, until))
    ordered, taken = tuple(_ordered(course, axis, until)), tuple(_taken(known, course, axis, until))
    heights = [each.mg for each in ordered] + [each.most for each in taken]
    return Doses(
        ordered,
        taken,
        tuple(_times(course, axis)),
        tuple(_interrupted(course, axis, until)),
        {each.on: each for each in known[1:]},
        max(heights, default=Decimal(0)),
    )


def _ordered(course: Course, axis: Axis, until: datetime) -> Iterator[Ordered]:
    for spell in course.spells:
        after = until if spell.last_on is None else axis.first_instant(spell.last_on + timedelta(1))
        start, end = axis.first_instant(spell.first_on), min(after, until)
        if end <= start:
            continue
        stood = spell.standing
        yield Ordered(
            start,
            end,
            stood.state,
            stood.mg,
            str(stood.dose or ""),
            stood.step,
            str(spell.order.kind),
            spell.order.entry.why,
            spell.first_on >= axis.days.first,
        )


def _days(course: Course, axis: Axis, until: datetime) -> Iterator[DoseDay]:
    """Yield the days that have begun, and the one before; one that goes on counts once something is told of it."""
    yield dose_day(course, axis.days.first - timedelta(1))
    for day in axis.days.each():
        if axis.start(day) >= until:
            return
        goes_on = axis.start(day + timedelta(1)) > until
        if not goes_on or course.intakes_on(day):
            yield dose_day(course, day)


def _taken(
    known: Sequence[DoseDay], course: Course, axis: Axis, until: datetime
) -> Iterator[Taken]:
    runs = [
        list(run) for _, run in groupby(known, lambda day: (day.least, day.most, bool(day.planned)))
    ]
    made = [(_start(run[0], course, axis), run) for run in runs]
    over = axis.first_instant(known[-1].on + timedelta(1)) if known else until
    for (start, run), (after, next_run) in pairwise([*made, (min(over, until), [])]):
        if not run[0].most and not run[0].planned:
            continue
        end = after
        if run[0].most and (not next_run or not next_run[0].most):
            # Taken after midnight, a dose still counts for the evening before: its own day goes on.
            last = _moments(course, run[-1].on)
            end = max([after, *(axis.first_instant(axis.day_of(at) + timedelta(1)) for at in last)])
        reasons = tuple(dict.fromkeys(reason for day in run for reason in day.reasons))
        first = run[0]
        if min(end, until) > axis.origin:
            yield Taken(
                max(start, axis.origin),
                min(end, until),
                first.least,
                first.most,
                first.planned,
                reasons,
                begins=start >= axis.origin,
            )


def _start(day: DoseDay, course: Course, axis: Axis) -> datetime:
    told = _moments(course, day.on)
    taken = sum(each.oral > 0 for each in course.intakes_on(day.on))
    # One of which nobody told when may have been the first.
    return min(told) if told and len(told) == taken else axis.first_instant(day.on)


def _moments(course: Course, day: date) -> list[datetime]:
    records = course.intakes_on(day)
    return [each.taken_at for each in records if each.taken_at is not None and each.oral]


def _times(course: Course, axis: Axis) -> Iterator[TakenAt]:
    for intake in course.intakes:
        if intake.was_taken and axis.days.first <= intake.on <= axis.days.last:
            yield _time(intake, axis)


def _time(intake: Intake, axis: Axis) -> TakenAt:
    begins, ends = axis.start(intake.on), axis.start(intake.on + timedelta(1))
    noon = begins + (ends - begins) / 2
    return TakenAt(
        intake.taken_at or noon,
        intake.on,
        intake.mg,
        intake.time_of_day,
        intake.formulation,
        intake.taken_at is not None,
    )


def _interrupted(course: Course, axis: Axis, until: datetime) -> Iterator[Interrupted]:
    for gap in course.gaps:
        over = until if gap.last_on is None else axis.first_instant(gap.last_on + timedelta(1))
        start, end = axis.first_instant(gap.first_on), min(over, until)
        if end > start:
            yield Interrupted(start, end, gap.reason, gap.last_on is None)
