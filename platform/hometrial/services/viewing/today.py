"""What waits for the staff now, in the order of risk: one line for each thing that somebody has to do."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.models.message import ENDED
from hometrial.services import working
from hometrial.services.messaging import silenced
from hometrial.services.messaging.silences import Silence
from hometrial.services.viewing import (
    clocks_of_work,
    health,
    messages_of_work,
    notices,
    sources,
    study_wide,
)
from hometrial.services.viewing.health import Readings
from hometrial.services.viewing.syncs import Backlog
from hometrial.services.working import OpenItem

SYSTEM = ("disk_full", "no_worker", "clock_skew", "backlog", "backup_old", "batch_refused", "wrong_rule", "provider_outage")  # fmt: skip
"""Kinds of work about the system and the data of everybody, in the order of risk."""
_BEFORE = working.KINDS.index("message")
RISK = (*working.KINDS[:_BEFORE], *SYSTEM, *working.KINDS[_BEFORE:])
"""All kinds in the order of risk: a person's safety, then what stops the study, then everything else."""
TOGETHER = (
    "reconsent",
    "retired",
    "relink_before_end",
    "our_bug",
    "quarantine",
    "answers_set_aside",
)
"""Kinds whose cause lies beyond one person: several with the same subject are one line."""
SEVERAL = 3
CAME_IN = ("enrolled", "lost_to_follow_up", "withdrawn")
"""How people stand who are, or were, in the study."""
PER_PAGE = 50
_LATE = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Who:
    """Somebody whom a line is about: pseudonym, the item of work, and why nobody should write to them now."""

    code: str
    item: UUID | None = None
    rests: str = ""


@dataclass(frozen=True)
class Line:
    """One thing to do: of which kind, about whom, why, since when; `command`: what does it where no page does.

    `due_at`: by when, where a clock runs.
    """

    kind: str
    subject: str
    who: tuple[Who, ...]
    reason: str
    since: datetime | None
    way_out: str = ""
    command: str = ""
    due_at: datetime | None = None

    @property
    def time_left(self) -> timedelta | None:
        """How long there is, less than nothing if it is late; None without a clock."""
        return None if self.due_at is None else self.due_at - clock.now()

    @property
    def one(self) -> Who | None:
        """The only person that it is about, if it is about one."""
        return self.who[0] if len(self.who) == 1 else None


@dataclass(frozen=True)
class Waiting:
    """Work that sleeps: what was done about it, until when its effect is awaited, and how the message stands."""

    line: Line
    because: str
    until: datetime
    message: str | None


@dataclass(frozen=True)
class Counts:
    """How many people came into the study, and how many of them are active, rest, are lost or have withdrawn.

    `screening`: who is on the way in; `linked`: whose accounts are meant to be read.
    """

    enrolled: int
    screening: int
    resting: int
    lost: int
    withdrawn: int
    linked: int

    @property
    def active(self) -> int:
        """Who is there and does not rest."""
        return self.enrolled - self.resting - self.lost - self.withdrawn


@dataclass(frozen=True)
class Today:
    """All that needs somebody, what is awaited, and how data come in."""

    counts: Counts
    lines: Sequence[Line]
    waiting: Sequence[Waiting]
    backlog: Backlog

    @property
    def kinds(self) -> dict[str, int]:
        """How many lines there are of each kind, in their order."""
        found: dict[str, int] = {}
        for line in self.lines:
            found[line.kind] = found.get(line.kind, 0) + 1
        return found


@dataclass(frozen=True)
class Told:
    """What is known beside the items: why people rest, by pseudonym, and by when items are due."""

    rests: Mapping[str, str]
    due: Mapping[UUID, datetime]


def look(session: Session, found: Readings) -> Today:
    """Return what waits now: a fixed number of queries, however many people and items there are."""
    people = session.scalars(select(Participant)).all()
    silent = silenced.of_people(session, people)
    resting = {each.id for each in people if _rests(each.status, silent.get(each.id))}
    counts = _counts(session, people, len(resting))
    rests = {each.code: silent[each.id].reason for each in people if each.id in silent}
    items = working.open_items(session)
    messages = messages_of_work.states(session, items)
    asleep = [each for each in items if _sleeps(each, messages)]
    awake = [each for each in items if not _sleeps(each, messages)]
    due = clocks_of_work.dues(session, awake)
    lines = [
        *_of_system(health.problems(found, linked=counts.linked)),
        *_of_people(awake, Told(rests, due), study_wide.find(session, sources.outages(session))),
    ]
    return Today(
        counts,
        sorted(lines, key=_risk),
        [_waiting(each, messages, Told(rests, {})) for each in asleep],
        found.backlog,
    )


def _rests(status: str, silent: Silence | None) -> bool:
    return status == "enrolled" and silent is not None and silent.kind == "pause"


def _counts(session: Session, people: Sequence[Participant], resting: int) -> Counts:
    statuses = [each.status for each in people]
    found = Counter(statuses)
    return Counts(
        sum(found[each] for each in CAME_IN),
        found["screening"] + found["eligible"],
        resting,
        found["lost_to_follow_up"],
        found["withdrawn"],
        notices.live_links(session),
    )


def _sleeps(line: OpenItem, messages: Mapping[UUID, str]) -> bool:
    """Whether an item's answer is awaited; what was sent and did not leave wakes it."""
    sent = line.item.message_id
    state = None if sent is None else messages.get(sent)
    return line.is_asleep and (state is None or state == "sent" or state not in ENDED)


def _waiting(line: OpenItem, messages: Mapping[UUID, str], told: Told) -> Waiting:
    item = line.item
    assert item.sleeps_until is not None  # noqa: S101 - it sleeps
    state = None if item.message_id is None else messages.get(item.message_id)
    return Waiting(_line(line, told), item.asleep_because or "", item.sleeps_until, state)


def _line(line: OpenItem, told: Told) -> Line:
    item = line.item
    who = () if line.code is None else (Who(line.code, item.id, told.rests.get(line.code, "")),)
    due = told.due.get(item.id)
    return Line(item.kind, item.subject, who, item.reason, item.opened_at, due_at=due)


def _of_people(
    items: Iterable[OpenItem], told: Told, causes: Sequence[study_wide.Cause]
) -> Iterable[Line]:
    """Return a line for each item; what one cause does to many people is one line with all of them."""
    together: dict[tuple[str, str], list[Line]] = {}
    touched: dict[int, list[Who]] = {number: [] for number in range(len(causes))}
    for item in items:
        line = _line(item, told)
        number = next((n for n, each in enumerate(causes) if each.explains(item)), None)
        if number is not None:
            touched[number] += line.who
        elif line.kind in TOGETHER:
            together.setdefault((line.kind, line.subject), []).append(line)
        else:
            yield line
    for number, cause in enumerate(causes):
        yield _of_cause(cause, touched[number], told.rests)
    for lines in together.values():
        yield from lines if len(lines) < SEVERAL else [_merged(lines)]


def _of_cause(cause: study_wide.Cause, who: Sequence[Who], rests: Mapping[str, str]) -> Line:
    known = {each.code: each for each in who}
    for code in cause.codes:
        known.setdefault(code, Who(code, None, rests.get(code, "")))
    people = tuple(known[code] for code in sorted(known))
    return Line(cause.kind, cause.subject, people, cause.reason, cause.since, cause.way_out)


def _merged(lines: Sequence[Line]) -> Line:
    who = tuple(sorted((each for line in lines for each in line.who), key=lambda each: each.code))
    first = min(lines, key=lambda line: line.since or clock.now())
    return replace(first, who=who, reason=f"{len(who)} people: {first.reason}")


def _of_system(found: Iterable[health.Problem]) -> Iterable[Line]:
    for each in found:
        yield Line(each.kind, "", (), each.text, each.since, each.way_out, each.command)


def _risk(line: Line) -> tuple[int, datetime, datetime, str]:
    rank = RISK.index(line.kind) if line.kind in RISK else len(RISK)
    first = line.who[0].code if line.who else ""
    return rank, line.due_at or _LATE, line.since or clock.now(), first
