"""A heart rate in sleep that lies above the person's own run-in for several nights calls for a look (HR1)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import median
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import among
from hometrial.models import Alert, DailyMetric, Participant
from hometrial.services.metrics import series
from hometrial.services.metrics.series import Baseline
from hometrial.services.safety import alerting
from hometrial.services.trial import following

RULE, METRIC = "HR1", "rhr_sleep"
LEAST_RISE, WIDTH, NIGHTS = 8.0, 3.0, 3
"""Per minute; in the person's own deviations; as many nights in a row, each by the median of as many."""
_DAY = timedelta(days=1)
_KNOWN_SOON = timedelta(days=3)
"""A night that reaches us later is history: nobody is called for it."""


def watch(session: Session) -> int:
    """Raise what the last nights of everybody say, each night once; return for how many people."""
    people = session.scalars(select(Participant).where(Participant.status != "withdrawn")).all()
    anchors = following.anchors_of(session, [each.id for each in people])
    in_trial = [each for each in people if "run_in_end" in anchors[each.id]]
    nights = _nights(session, [each.id for each in in_trial])
    told = _told(session)
    raised = 0
    for person in in_trial:
        days, known = nights.get(person.id, {}), anchors[person.id]
        usual = usual_of(days, known.get("consent"), known["run_in_end"])
        found = None if usual is None else above(days, usual)
        if usual is None or found is None or (person.id, found.isoformat()) in told:
            continue
        if found <= known["run_in_end"] or found < clock.now().date() - _KNOWN_SOON:
            continue
        _raise(session, person, usual, found, days)
        raised += 1
    return raised


def usual_of(nights: Mapping[date, float], consent: date | None, end: date) -> Baseline | None:
    """Return what is usual for a person by the nights of their run-in; None with too few."""
    return series.own_baseline(
        [rate for day, rate in nights.items() if day <= end and (consent is None or day >= consent)]
    )


def above(nights: Mapping[date, float], usual: Baseline) -> date | None:
    """Return the last night if it and those before it lie above what is usual, None if not."""
    last = max(nights, default=None)
    if last is None:
        return None
    limit = usual.median + max(LEAST_RISE, usual.band(WIDTH)[1] - usual.median)
    days = [last - back * _DAY for back in range(NIGHTS)]
    return last if all(_rises(nights, day, limit) for day in days) else None


def _rises(nights: Mapping[date, float], day: date, limit: float) -> bool:
    last = [nights[each] for back in range(NIGHTS) if (each := day - back * _DAY) in nights]
    return day in nights and median(last) >= limit


def _nights(session: Session, people: Sequence[UUID]) -> dict[UUID, dict[date, float]]:
    found: dict[UUID, dict[date, float]] = {}
    rows = session.execute(
        select(DailyMetric.participant_id, DailyMetric.day, DailyMetric.value).where(
            among(DailyMetric.participant_id, people), DailyMetric.metric == METRIC
        )
    )
    for person, day, value in rows:
        found.setdefault(person, {})[day] = value
    return found


def _told(session: Session) -> set[tuple[UUID, str]]:
    """Return the nights that an alert was raised for; what is found again while it is open is counted there."""
    rows = session.scalars(select(Alert).where(Alert.rule == RULE))
    return {
        (row.participant_id, str(row.values.get("night"))) for row in rows if row.participant_id
    }


def _raise(
    session: Session,
    person: Participant,
    usual: Baseline,
    night: date,
    nights: Mapping[date, float],
) -> None:
    now = median(nights[each] for back in range(NIGHTS) if (each := night - back * _DAY) in nights)
    alerting.raise_alert(
        session,
        person,
        rule=RULE,
        level="blue",
        values={
            "said": f"{now:.0f} per min in the last {NIGHTS} nights, usual {usual.median:.0f}",
            "night": night.isoformat(),
            "now": round(now, 1),
            "usual": round(usual.median, 1),
            "deviation": round(usual.mad, 1),
            "nights_of_run_in": usual.days,
        },
    )
