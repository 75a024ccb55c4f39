"""Marks of source-data verification: a value was held against its source; the mark drops when the value becomes another.

Whether a mark stands is found from the data whenever it is asked, so that no mark is ever stale; that one was
found to have dropped is kept as well.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.db import among
from hometrial.errors import TrialError
from hometrial.models import VERIFIABLE, Participant, VerificationDrop, VerificationMark
from hometrial.services.monitoring import values
from hometrial.services.monitoring.values import Value

Key = tuple[str, str]
"""Kind and key of a value within its person."""


class MarkRefusedError(TrialError):
    """A value that cannot be marked as verified like this."""


@dataclass(frozen=True)
class Seen:
    """Who held a value against its source: `fields` None, all of it; `digest` of the whole value on the screen."""

    by: str
    fields: tuple[str, ...] | None = None
    note: str = ""
    digest: str | None = None


@dataclass(frozen=True)
class Verified:
    """A value as it is now, with the newest mark on it; a value that is gone has none."""

    kind: str
    key: str
    value: Value | None
    mark: VerificationMark | None

    @property
    def stands(self) -> bool:
        """Whether the value is still what was seen."""
        return (
            self.mark is not None
            and self.value is not None
            and self.value.digest(self.mark.fields) == self.mark.digest
        )

    @property
    def is_dropped(self) -> bool:
        """Whether it was verified, and is another one now."""
        return self.mark is not None and not self.stands

    @property
    def is_whole(self) -> bool:
        """Whether every part of it is verified."""
        return (
            self.stands
            and self.value is not None
            and self.mark is not None
            and set(self.value.fields) <= set(self.mark.fields)
        )


def mark(
    session: Session, person: Participant, kind: str, key: str, seen: Seen
) -> VerificationMark:
    """Mark a value, or parts of it, as verified.

    Raises MarkRefusedError of what is not there, and of a value that has changed since it was seen.
    """
    if kind not in VERIFIABLE:
        raise MarkRefusedError(f"kind {kind!r}: there are {', '.join(VERIFIABLE)}")
    value = values.of_keys(session, person.id, kind, [key]).get(key)
    if value is None:
        raise MarkRefusedError(f"{person.code} has no {kind} {key!r}")
    if seen.digest is not None and seen.digest != value.digest():
        raise MarkRefusedError(
            f"{value.label} has become another value since you saw it; look at it again"
        )
    chosen = sorted(value.fields if seen.fields is None else set(seen.fields))
    unknown = sorted(set(chosen) - set(value.fields))
    if unknown or not chosen:
        raise MarkRefusedError(
            f"{value.label}: {unknown[0] if unknown else 'nothing'} is no part of it; it has {', '.join(value.fields)}"
        )
    record_drops(session, [person.id], by=seen.by)
    row = VerificationMark(
        participant_id=person.id,
        kind=kind,
        key=key,
        fields=chosen,
        digest=value.digest(chosen),
        note=seen.note,
        marked_at=clock.now(),
        marked_by=seen.by,
    )
    session.add(row)
    session.flush()
    return row


def verified(
    session: Session, people: Sequence[UUID], kinds: Iterable[str] = VERIFIABLE
) -> dict[UUID, list[Verified]]:
    """Return every value of some people with its mark, and marks whose value is gone."""
    chosen = tuple(kinds)
    marks = newest_marks(session, people, chosen)
    found: dict[UUID, list[Verified]] = {each: [] for each in people}
    for value in values.of_people(session, people, chosen):
        row = marks[value.participant_id].pop((value.kind, value.key), None)
        found[value.participant_id].append(Verified(value.kind, value.key, value, row))
    for person, left in marks.items():
        found[person] += [Verified(kind, key, None, row) for (kind, key), row in left.items()]
    return found


def newest_marks(
    session: Session, people: Sequence[UUID], kinds: Iterable[str] = VERIFIABLE
) -> dict[UUID, dict[Key, VerificationMark]]:
    """Return the newest mark of each value by person."""
    rows = session.scalars(
        select(VerificationMark)
        .where(
            among(VerificationMark.participant_id, people), VerificationMark.kind.in_(list(kinds))
        )
        .order_by(VerificationMark.marked_at, VerificationMark.id)
    )
    found: dict[UUID, dict[Key, VerificationMark]] = {each: {} for each in people}
    for row in rows:
        found[row.participant_id][row.kind, row.key] = row
    return found


def dropped(session: Session, people: Sequence[UUID]) -> dict[UUID, list[Verified]]:
    """Return the values whose newest mark has dropped; of people without marks nothing is read."""
    marks = newest_marks(session, people)
    by_kind: Mapping[str, set[UUID]] = defaultdict(set)
    for person, rows in marks.items():
        for kind, _ in rows:
            by_kind[kind].add(person)
    found: dict[UUID, list[Verified]] = {each: [] for each in people}
    for kind, some in by_kind.items():
        now = {
            (each.participant_id, each.key): each
            for each in values.of_people(session, list(some), [kind])
        }
        for person in some:
            for (of, key), row in marks[person].items():
                one = Verified(of, key, now.get((person, key)), row)
                if of == kind and one.is_dropped:
                    found[person].append(one)
    return found


def record_drops(session: Session, people: Sequence[UUID], *, by: str) -> int:
    """Keep that marks have dropped, each once; return how many are new."""
    gone = [each for some in dropped(session, people).values() for each in some if each.mark]
    ids = [each.mark.id for each in gone if each.mark is not None]
    known = set(
        session.scalars(
            select(VerificationDrop.mark_id).where(among(VerificationDrop.mark_id, ids))
        )
    )
    rows = [
        VerificationDrop(
            mark_id=each.mark.id,
            digest_now=None if each.value is None else each.value.digest(each.mark.fields),
            found_at=clock.now(),
            found_by=by,
        )
        for each in gone
        if each.mark is not None and each.mark.id not in known
    ]
    session.add_all(rows)
    session.flush()
    return len(rows)
