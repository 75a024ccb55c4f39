"""Everybody of the study as a coordinator's table: a fixed number of queries, however many people there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, select, true
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Connection,
    ConsentSignature,
    DailyMetric,
    Participant,
    ParticipantZone,
    QuarantinedRow,
    Response,
    Site,
    Submission,
    WorkItem,
)
from hometrial.services import enrolling
from hometrial.services.agreeing import texts
from hometrial.services.messaging import silenced
from hometrial.services.messaging.silences import Silence
from hometrial.services.viewing import dose_now, sources
from hometrial.services.viewing.dose_now import DoseNow
from hometrial.services.viewing.sources import NEVER, Latest

WEEK = 7
_MINUTES = 1_440
TROUBLE = ("reconnect_needed", "not_linked", "retired")


@dataclass(frozen=True)
class Person:
    """One person of the table. `wear`: the share of the last seven days, None where nobody can know it."""

    id: UUID
    code: str
    site: str
    status: str
    zones: Sequence[ParticipantZone]
    latest: Latest
    wear: float | None
    diary: date | None
    dose: DoseNow | None
    consent: str | None
    signs_anew: bool
    tasks: int
    open_rows: int
    silence: Silence | None

    @property
    def link(self) -> str:
        """How the newest link stands; nothing without one."""
        return self.latest.statuses[0] if self.latest.statuses else ""

    @property
    def rest(self) -> str:
        """Whether they have a bad day or rest, as a word."""
        kinds = {"bad_day": "bad day", "pause": "paused"}
        return "" if self.silence is None else kinds.get(self.silence.kind, "")

    @property
    def is_in_trouble(self) -> bool:
        """Whether a link of theirs does not deliver."""
        return not {"active", "pushing"}.intersection(self.latest.statuses) and bool(
            set(TROUBLE).intersection(self.latest.statuses)
        )


def everybody(session: Session) -> list[Person]:
    """Return everybody whom the session sees, by pseudonym."""
    rows = session.execute(
        select(Participant, Site.code)
        .join(Site, Site.id == Participant.site_id)
        .order_by(func.length(Participant.code), Participant.code)
    ).all()
    people = [person for person, _ in rows]
    ids = [person.id for person in people]
    zones = enrolling.zone_rows(session, ids)
    known = _Known(
        sources.latest(session),
        _wear(session),
        _diaries(session),
        dose_now.of_people(session, {each: _today(zones.get(each, [])) for each in ids}),
        _consents(session),
        _tasks(session),
        _open_rows(session),
        silenced.of_people(session, people),
    )
    return [_person(person, site, zones.get(person.id, []), known) for person, site in rows]


@dataclass(frozen=True)
class _Known:
    latest: Mapping[UUID, Latest]
    wear: Mapping[UUID, float]
    diaries: Mapping[UUID, date]
    doses: Mapping[UUID, DoseNow]
    consents: Mapping[UUID, str]
    tasks: Mapping[UUID, tuple[int, bool]]
    open_rows: Mapping[UUID, int]
    silences: Mapping[UUID, Silence]


def _person(
    person: Participant, site: str, zones: Sequence[ParticipantZone], known: _Known
) -> Person:
    of = person.id
    tasks, signs_anew = known.tasks.get(of, (0, False))
    return Person(
        of,
        person.code,
        site,
        person.status,
        zones,
        known.latest.get(of, NEVER),
        known.wear.get(of),
        known.diaries.get(of),
        known.doses.get(of),
        known.consents.get(of),
        signs_anew,
        tasks,
        known.open_rows.get(of, 0),
        known.silences.get(of),
    )


def _today(zones: Sequence[ParticipantZone]) -> date:
    return sources.at_home(clock.now(), zones).date()


def _wear(session: Session) -> dict[UUID, float]:
    """Return the share of the last seven days that was worn; whoever linked later counts from then on."""
    today = clock.now().date()
    first = today - timedelta(days=WEEK)
    linked = session.execute(
        select(Connection.participant_id, func.min(Connection.linked_at)).group_by(
            Connection.participant_id
        )
    )
    days = {person: min(WEEK, (today - at.date()).days) for person, at in linked}
    rows = session.execute(
        select(DailyMetric.participant_id, func.sum(DailyMetric.value))
        .where(DailyMetric.metric == "wear_minutes", DailyMetric.day >= first)
        .where(DailyMetric.day < today)
        .group_by(DailyMetric.participant_id)
    )
    worn = {person: minutes for person, minutes in rows}  # noqa: C416
    found = {}
    for person in {*worn, *days}:
        length = max(1, days.get(person, WEEK))
        found[person] = min(1.0, worn.get(person, 0.0) / (length * _MINUTES))
    return found


def _diaries(session: Session) -> dict[UUID, date]:
    """Return the day of everybody's last diary that was handed in."""
    handed = exists().where(Submission.response_id == Response.id)
    last = (
        select(Response.due)
        .where(Response.participant_id == Participant.id, Response.kind == "diary", handed)
        .order_by(Response.due.desc())
        .limit(1)
        .lateral()
    )
    rows = session.execute(select(Participant.id, last.c.due).join(last, true()))
    return {person: day for person, day in rows}  # noqa: C416


def _consents(session: Session) -> dict[UUID, str]:
    """Return the newest version that everybody has signed."""
    rows = session.execute(
        select(ConsentSignature.participant_id, ConsentSignature.version)
        .where(ConsentSignature.part == "participant")
        .distinct()
    )
    found: dict[UUID, str] = {}
    for person, version in rows:
        before = found.get(person)
        if before is None or texts.number(before) < texts.number(version):
            found[person] = version
    return found


def _tasks(session: Session) -> dict[UUID, tuple[int, bool]]:
    """Return how much work is open about everybody that does not sleep, and whether a newer consent must be signed."""
    now = clock.now()
    awake = func.count().filter(WorkItem.sleeps_until.is_(None) | (WorkItem.sleeps_until <= now))
    signs = func.bool_or(WorkItem.kind == "reconsent")
    rows = session.execute(
        select(WorkItem.participant_id, awake, signs)
        .where(WorkItem.closed_at.is_(None), WorkItem.participant_id.is_not(None))
        .group_by(WorkItem.participant_id)
    )
    return {person: (count, anew) for person, count, anew in rows}


def _open_rows(session: Session) -> dict[UUID, int]:
    rows = session.execute(
        select(QuarantinedRow.participant_id, func.count())
        .where(QuarantinedRow.status == "open")
        .group_by(QuarantinedRow.participant_id)
    )
    return {person: count for person, count in rows}  # noqa: C416


def last_sync(person: Person) -> datetime | None:
    """Return when a person's device last handed its data over, or until when we have data if no device tells."""
    return person.latest.handed_over_at or person.latest.data_until
