"""Where the chunks of people lie in time: asked of the index, without reading a chunk."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial.services.comparing import day_number, day_of
from hometrial.services.histories import Edges
from hometrial.services.spreading import Beside, Changes
from hometrial_ingest.signals import Signal

# Lateral subqueries with LIMIT or OFFSET keep the database at the index, whatever it believes of a table
# that grew in this very transaction.
_EDGES = text("""
    SELECT p.person, s.stream, f.day, l.day
    FROM unnest(CAST(:people AS uuid[])) AS p (person)
    CROSS JOIN unnest(CAST(:streams AS text[])) AS s (stream)
    CROSS JOIN LATERAL (
        SELECT c.day FROM day_chunk c
        WHERE c.participant_id = p.person AND c.stream = s.stream AND c.is_current AND c.samples > 0
        ORDER BY c.day LIMIT 1) f
    CROSS JOIN LATERAL (
        SELECT c.day FROM day_chunk c
        WHERE c.participant_id = p.person AND c.stream = s.stream AND c.is_current AND c.samples > 0
        ORDER BY c.day DESC LIMIT 1) l
""")
_BESIDE = text("""
    SELECT w.person, w.stream,
        (SELECT max(c.day) FROM day_chunk c WHERE c.participant_id = w.person
            AND c.stream = w.stream AND c.is_current AND c.samples > 0 AND c.day < w.first),
        (SELECT min(c.day) FROM day_chunk c WHERE c.participant_id = w.person
            AND c.stream = w.stream AND c.is_current AND c.samples > 0 AND c.day > w.last)
    FROM unnest(CAST(:people AS uuid[]), CAST(:streams AS text[]), CAST(:first AS date[]),
                CAST(:last AS date[])) AS w (person, stream, first, last)
""")
_STREAMS = text("""
    SELECT w.person, c.stream, w.day
    FROM unnest(CAST(:people AS uuid[]), CAST(:days AS date[])) AS w (person, day)
    CROSS JOIN LATERAL (
        SELECT c.stream FROM day_chunk c
        WHERE c.participant_id = w.person AND c.stream = ANY(CAST(:streams AS text[]))
            AND c.day = w.day AND c.is_current
        OFFSET 0) c
""")
_ALL = [str(signal) for signal in Signal]


def edges(session: Session, people: Iterable[UUID]) -> dict[UUID, dict[Signal, Edges]]:
    """Return the first and last day with samples of each signal of each person that has any."""
    found: dict[UUID, dict[Signal, Edges]] = {}
    rows = session.execute(_EDGES, {"people": list(people), "streams": _ALL})
    for person, stream, first, last in rows:
        found.setdefault(person, {})[Signal(stream)] = (day_number(first), day_number(last))
    return found


def beside(session: Session, changes: Mapping[UUID, Changes]) -> dict[UUID, Beside]:
    """Return the days with samples that are next to each signal's changed ones, before and after."""
    asked = [
        (person, signal, min(days), max(days))
        for person, mine in changes.items()
        for signal, days in mine.items()
        if days
    ]
    found: dict[UUID, dict[Signal, tuple[int | None, int | None]]] = {}
    rows = session.execute(
        _BESIDE,
        {
            "people": [person for person, _, _, _ in asked],
            "streams": [str(signal) for _, signal, _, _ in asked],
            "first": [day_of(first) for _, _, first, _ in asked],
            "last": [day_of(last) for _, _, _, last in asked],
        },
    )
    for person, stream, before, after in rows:
        found.setdefault(person, {})[Signal(stream)] = (
            None if before is None else day_number(before),
            None if after is None else day_number(after),
        )
    return {person: found.get(person, {}) for person in changes}


def changes(session: Session, days: Mapping[UUID, frozenset[int]]) -> dict[UUID, Changes]:
    """Return the signals of which there is a chunk on these days, an emptied one included."""
    pairs = [(person, day_of(day)) for person, mine in days.items() for day in mine]
    found: dict[UUID, dict[Signal, set[int]]] = {person: {} for person in days}
    rows = session.execute(
        _STREAMS,
        {
            "people": [person for person, _ in pairs],
            "days": [day for _, day in pairs],
            "streams": _ALL,
        },
    )
    for person, stream, day in rows:
        found[person].setdefault(Signal(stream), set()).add(day_number(day))
    return {
        person: {signal: frozenset(each) for signal, each in mine.items()}
        for person, mine in found.items()
    }
