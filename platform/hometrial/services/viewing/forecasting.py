"""Who may miss the valid-day rule before their next visit, why, and what to do about it: a few questions, everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import BadDay, DailyMetric, ExpectedForm, Gap, Participant, Pause
from hometrial.services import forecasting
from hometrial.services.forecasting import HELD_UP, Stretch
from hometrial.services.viewing import diaries
from hometrial.services.viewing.days import Days

REMEMBERED, WEEK, NEED = 42, 7, 4
"""Days that the forecast looks back; days before a visit that are counted; how many of them must be valid."""
AT_RISK, AT_ONCE = 5, 50
"""How many are put first, and how many of the others are on a page."""
LITTLE = 0.1
"""A chance that needs no reason."""
FALLS = 0.75
"""Wear of the last week below this share of the weeks before is falling wear."""
LATELY = timedelta(days=7)
_MISSED = 3

DRIVERS: Mapping[str, tuple[str, str]] = {
    "token_dead": ("the watch's account is not open to us", "send a link to reconnect"),
    "scope_missing": ("a stream is not shared", "send a link; the box must be ticked there"),
    "not_consented": (
        "this is not consented to",
        "ask what they want to share, at the next contact",
    ),
    "retired": ("the provider has ended", "send a link to another provider"),
    "not_synced": ("the watch has not handed over", "ask for its app to be opened"),
    "not_worn": ("the watch is not worn", "ask whether it is comfortable and charged"),
    "bad_days": ("bad days", "ask gently, and press for nothing"),
    "falling_wear": ("worn less from week to week", "ask whether it is comfortable and charged"),
    "unanswered": ("questions go unanswered, too", "call, and ask how it goes"),
    "few_days": ("few valid days so far", "ask what makes it hard to wear"),
    "none": ("nothing stands out", "nothing to do"),
}
"""What drives a forecast, and what to do about it, in words."""


@dataclass(frozen=True)
class Forecast:
    """One person: the chance of missing, for which days, what drives it, and since when nothing valid came."""

    code: str
    chance: float
    first: date
    last: date
    visit: str | None
    valid: int
    driver: str
    silent: int

    @property
    def because(self) -> str:
        """The driver in words."""
        words = DRIVERS[self.driver][0]
        return f"{words}, {self.silent} days by now" if self.silent > 1 else words

    @property
    def action(self) -> str:
        """What to do about it."""
        return DRIVERS[self.driver][1]


@dataclass(frozen=True)
class Outlook:
    """The most at risk, a page of the others (from number `start` on, of `total`), and who is left out, resting."""

    first: Sequence[Forecast]
    lines: Sequence[Forecast]
    total: int
    start: int
    resting: Sequence[str]


@dataclass(frozen=True)
class _Case:
    """One person's stretch: until when, before which visit, and how it stands."""

    person: UUID
    code: str
    history: list[bool]
    due: date
    visit: str | None
    valid: int
    stretch: Stretch


@dataclass(frozen=True)
class _Worn:
    """A person's remembered days, numbered: the first on record, the valid ones; mean wear lately and before."""

    first: int
    valid: frozenset[int]
    lately: float
    before: float | None


@dataclass(frozen=True)
class _Known:
    """What bears on the forecast of everybody, by person."""

    days: Mapping[UUID, _Worn]
    causes: Mapping[UUID, str]
    visits: Mapping[UUID, tuple[date, str]]
    bad: frozenset[UUID]


def outlook(session: Session, start: int = 0) -> Outlook:
    """Return the forecast of everybody who has worn a watch lately: seven questions, however many there are."""
    now, today = clock.now(), clock.now().date()
    people = session.execute(
        select(Participant.id, Participant.code)
        .where(Participant.status != "withdrawn")
        .order_by(Participant.code)
    ).all()
    resting = set(
        session.scalars(
            select(Pause.participant_id).where(
                Pause.start_at <= now, (Pause.end_at.is_(None)) | (Pause.end_at > now)
            )
        )
    )
    known = _known(session, today)
    cases = [
        _case(known, person, code, today)
        for person, code in people
        if person in known.days and person not in resting
    ]
    chances = sorted(_chances(known, cases), key=lambda each: (-each[0], each[1].code))
    shown = [*chances[:AT_RISK], *chances[AT_RISK + start : AT_RISK + start + AT_ONCE]]
    missed = diaries.totals(
        session,
        [case.person for _, case in shown],
        Days.ending(today - timedelta(1), WEEK),
    )
    lines = [
        _told(known, case, chance, missed.get(case.person, {}).get("missed", 0))
        for chance, case in shown
    ]
    names = [code for person, code in people if person in resting]
    total = max(0, len(chances) - AT_RISK)
    return Outlook(lines[:AT_RISK], lines[AT_RISK:], total, start, names)


def _case(known: _Known, person: UUID, code: str, today: date) -> _Case:
    due, visit = known.visits.get(person, (today + timedelta(WEEK - 1), None))
    first = due - timedelta(WEEK - 1)
    history = _history(known.days[person])
    lived = max(0, min(WEEK, (today - first).days))  # days of the stretch that are over
    valid = sum(history[-lived:]) if lived else 0
    stretch = Stretch(max(0, (first - today).days), WEEK - lived, NEED - valid)
    return _Case(person, code, history, due, visit, valid, stretch)


def _chances(known: _Known, cases: Sequence[_Case]) -> list[tuple[float, _Case]]:
    everybody = forecasting.cohort([case.history for case in cases])
    chains = [
        forecasting.of_person(case.history, everybody, known.causes.get(case.person))
        for case in cases
    ]
    stretches = [case.stretch for case in cases]
    found = forecasting.chances_of_missing([case.history for case in cases], chains, stretches)
    return list(zip(found, cases, strict=True))


def _told(known: _Known, case: _Case, chance: float, missed: int) -> Forecast:
    silent = forecasting.silence(case.history)
    driver = _driver(known, case, silent, missed) if chance > LITTLE else "none"
    first = case.due - timedelta(WEEK - 1)
    return Forecast(case.code, chance, first, case.due, case.visit, case.valid, driver, silent)


def _history(worn: _Worn) -> list[bool]:
    """Return which of the remembered days were valid, from the first on record on."""
    return [number in worn.valid for number in range(worn.first, REMEMBERED)]


def _driver(known: _Known, case: _Case, silent: int, missed: int) -> str:
    """Return the first cause that holds, those that only somebody can mend before those that may pass."""
    cause = known.causes.get(case.person, "")
    if cause in HELD_UP:
        return cause
    if case.person in known.bad:
        return "bad_days"
    if silent and cause in DRIVERS:
        return cause
    if _falls(known.days[case.person]):
        return "falling_wear"
    if missed >= _MISSED:
        return "unanswered"
    return "few_days" if not all(case.history[-WEEK:]) else "none"


def _falls(worn: _Worn) -> bool:
    return worn.before is not None and worn.lately < FALLS * worn.before


def _known(session: Session, today: date) -> _Known:
    first = today - timedelta(REMEMBERED)
    return _Known(
        _days(session, first, today),
        _causes(session, today - timedelta(1)),
        _visits(session, today),
        frozenset(
            session.scalars(
                select(BadDay.participant_id).where(
                    BadDay.kind == "begun", BadDay.at > clock.now() - LATELY
                )
            )
        ),
    )


def _days(session: Session, first: date, today: date) -> dict[UUID, _Worn]:
    """Return everybody's days before today, numbered from the first: a line a person."""
    number = DailyMetric.day - first
    worn = DailyMetric.metric == "wear_minutes"
    valid = (DailyMetric.metric == "valid_day") & (DailyMetric.value > 0)
    since = REMEMBERED - WEEK
    rows = session.execute(
        select(
            DailyMetric.participant_id,
            func.min(number),
            func.array_agg(number).filter(valid),
            func.sum(DailyMetric.value).filter(worn, number >= since),
            func.avg(DailyMetric.value).filter(worn, number >= since - 3 * WEEK, number < since),
            func.count().filter(worn, number >= since - 3 * WEEK, number < since),
        )
        .where(
            DailyMetric.metric.in_(("valid_day", "wear_minutes")),
            DailyMetric.day >= first,
            DailyMetric.day < today,
        )
        .group_by(DailyMetric.participant_id)
    )
    return {
        person: _Worn(
            int(begin),
            frozenset(days or ()),
            float(lately or 0) / WEEK,
            float(mean) if count >= WEEK else None,
        )
        for person, begin, days, lately, mean, count in rows
    }


def _causes(session: Session, day: date) -> dict[UUID, str]:
    """Return why most of the last day's heart rate is missing, of those who miss half of it or more."""
    hours = func.sum(func.extract("epoch", Gap.end_at - Gap.start_at)) / 3600
    rows = session.execute(
        select(Gap.participant_id, Gap.cause)
        .where(Gap.stream == "heart_rate", Gap.day == day)
        .group_by(Gap.participant_id, Gap.cause)
        .having(hours >= 12)
        .order_by(hours)
    )
    return {person: cause for person, cause in rows}  # noqa: C416


def _visits(session: Session, today: date) -> dict[UUID, tuple[date, str]]:
    """Return everybody's next visit with forms, by its due day."""
    rows = session.execute(
        select(ExpectedForm.participant_id, ExpectedForm.day, func.min(ExpectedForm.occasion))
        .where(ExpectedForm.kind == "visit", ExpectedForm.day >= today)
        .group_by(ExpectedForm.participant_id, ExpectedForm.day)
        .order_by(ExpectedForm.day)
    )
    found: dict[UUID, tuple[date, str]] = {}
    for person, day, occasion in rows:
        found.setdefault(person, (day, occasion.partition("#")[0]))
    return found
