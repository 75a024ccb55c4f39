"""The versions of a trial's protocol for their pages: who brought each how far, and how many people follow it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.models import Participation, ProtocolVersion
from hometrial.protocol import difference
from hometrial.protocol.difference import Change
from hometrial.services.trial import publishing

_LONGEST = 600


@dataclass(frozen=True)
class Line:
    """A version, and how many of the people whom one sees follow it now."""

    version: ProtocolVersion
    people: int


@dataclass(frozen=True)
class Trial:
    """A protocol, or its rehearsal, with every version but the discarded ones, the newest first."""

    protocol: str
    is_test: bool
    title: str
    lines: tuple[Line, ...]

    @property
    def in_force(self) -> ProtocolVersion | None:
        """The version that people are screened under."""
        return next((e.version for e in self.lines if e.version.state == "published"), None)


@dataclass(frozen=True)
class Said:
    """A change in words: where, what it was and is (None: absent), and what it asks of whom."""

    place: str
    kind: str
    old: str | None
    new: str | None
    asks: str
    weight: str


def trials(session: Session) -> list[Trial]:
    """Return every protocol with its versions, what is in force first."""
    counts = _followers(session)
    groups: dict[tuple[bool, str], list[ProtocolVersion]] = {}
    for each in publishing.versions(session):
        if each.state != "discarded":
            groups.setdefault((each.is_test, each.protocol), []).append(each)
    found = [
        Trial(
            protocol,
            is_test,
            publishing.of(rows[-1]).title,
            tuple(Line(row, counts[row.id]) for row in reversed(rows)),
        )
        for (is_test, protocol), rows in groups.items()
    ]
    return sorted(found, key=lambda each: (each.is_test, each.in_force is None, each.protocol))


def _followers(session: Session) -> Counter[UUID]:
    newest = (
        select(Participation.participant_id, func.max(Participation.number).label("number"))
        .group_by(Participation.participant_id)
        .subquery()
    )
    rows = session.execute(
        select(Participation.protocol_version_id, func.count())
        .join(newest, newest.c.number == Participation.number)
        .group_by(Participation.protocol_version_id)
    )
    return Counter({version: count for version, count in rows})  # noqa: C416 - rows are no pairs to mypy


def compared(old: ProtocolVersion, new: ProtocolVersion) -> list[Said]:
    """Return every change between two versions in words, those that ask most of people first."""
    return told(difference.differences(publishing.of(old), publishing.of(new)))


def told(changes: Sequence[Change]) -> list[Said]:
    """Return changes in words, those that ask most of people first, otherwise in the order of the file."""
    order = {"reconsent": 0, "inform": 1, "none": 2}
    return [
        Said(
            each.path,
            each.kind,
            _words(each.old),
            _words(each.new),
            str(each).rpartition("; ")[2],
            each.effect.impact,
        )
        for each in sorted(changes, key=lambda each: order[each.effect.impact])
    ]


def _words(value: Any) -> str | None:
    """Write a value as one reads it: fields as `name: value`, lists with commas."""
    if value is None or value == []:
        return None
    said = _plain(value)
    return said if len(said) <= _LONGEST else said[:_LONGEST] + "…"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{name}: {_plain(each)}" for name, each in value.items() if each not in (None, [], {})
        )
    if isinstance(value, list):
        inner = "; " if any(isinstance(each, dict) for each in value) else ", "
        return inner.join(map(_plain, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value)
