"""MedDRA codings: a licensed coder's, one by one or as a file that is checked whole, kept beside what was coded."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import AdverseEventCoding, AdverseEventVersion
from hometrial.services.safety import events
from hometrial.services.safety.events import AdverseEventRefusedError, EventState

CODES = ("llt_code", "pt_code", "pt_name", "soc_name", "meddra_version")
COLUMNS = ("participant", "number", "version", *CODES)
"""Of the file; `version` is that of the event which the coder saw."""


@dataclass(frozen=True)
class Coded:
    """What a file changed: codings that are new, and those that said the same already."""

    new: int
    same: int


def to_code(session: Session) -> list[EventState]:
    """Return the events whose words no coder has seen yet."""
    return [each for each in events.states(session) if not each.is_coded]


def import_codings(session: Session, text: str, name: str, *, by: str) -> Coded:
    """Keep the codings of a CSV file; the same file again changes nothing.

    Raises AdverseEventRefusedError with every fault of the file and its line; nothing is kept then.
    """
    rows = list(_rows(text, name))
    known = {(each.code, str(each.event.number)): each for each in events.states(session)}
    faults = [
        f"{name}, line {line}: {fault}" for line, row in rows for fault in _faults(row, known)
    ]
    faults += [
        f"{name}, line {line}: the same version as line {first}" for line, first in _twice(rows)
    ]
    if faults:
        raise AdverseEventRefusedError("\n".join(faults))
    kept = [_keep(session, row, known[row["participant"], row["number"]], by) for _, row in rows]
    session.flush()
    return Coded(new=sum(kept), same=len(kept) - sum(kept))


@dataclass(frozen=True)
class Remembered:
    """How the same words were coded before, and how often; the newest of the codings."""

    coding: AdverseEventCoding
    times: int


def remembered(session: Session, state: EventState) -> Remembered | None:
    """Return how other events of the same words, or of the same term without words, were coded; None: never."""
    now = state.current
    words = " ".join(now.verbatim.casefold().split())
    said = func.lower(
        func.regexp_replace(func.btrim(AdverseEventVersion.verbatim), r"\s+", " ", "g")
    )
    same = said == words if words else AdverseEventVersion.term == now.term
    if not words and now.term is None:
        return None
    rows = session.scalars(
        select(AdverseEventCoding)
        .join(AdverseEventVersion, AdverseEventVersion.id == AdverseEventCoding.version_id)
        .where(same, AdverseEventVersion.adverse_event_id != state.event.id)
        .order_by(AdverseEventCoding.coded_at, AdverseEventCoding.id)
    ).all()
    return Remembered(rows[-1], len(rows)) if rows else None


def code_one(session: Session, state: EventState, codes: Mapping[str, str], *, by: str) -> bool:
    """Keep the coding of an event as it is known now; return whether it is new. Raises AdverseEventRefusedError."""
    named = {"participant": state.code, "number": str(state.event.number)}
    row = {**codes, **named, "version": str(state.current.version)}
    faults = list(_faults(row, {(state.code, str(state.event.number)): state}))
    if faults:
        raise AdverseEventRefusedError("; ".join(faults))
    is_new = _keep(session, row, state, by)
    session.flush()
    return is_new


def read(content: bytes, name: str) -> str:
    """Return the text of a file. Raises AdverseEventRefusedError if it is not in UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise AdverseEventRefusedError(
            f"{name}, line {line}: this is no UTF-8; save the file as CSV in UTF-8"
        ) from error


def _rows(text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        header = [each.strip() for each in reader.fieldnames or ()]
        missing = [each for each in COLUMNS if each not in header]
        if missing:
            raise AdverseEventRefusedError(
                f"{name}, line 1: no column {', '.join(missing)}; the columns are {', '.join(COLUMNS)}"
            )
        reader.fieldnames = header
        for row in reader:
            if None in row:
                raise AdverseEventRefusedError(
                    f"{name}, line {reader.line_num}: more fields than there are columns; put quotes "
                    "around a field with a comma"
                )
            yield reader.line_num, {each: (row.get(each) or "").strip() for each in COLUMNS}
    except csv.Error as error:
        raise AdverseEventRefusedError(f"{name}, after line {reader.line_num}: {error}") from error


def _twice(rows: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[tuple[int, int]]:
    """Yield the lines that code what another line before them codes, with that line."""
    first: dict[tuple[str, ...], int] = {}
    for line, row in rows:
        key = (row["participant"], row["number"], row["version"])
        if first.setdefault(key, line) != line:
            yield line, first[key]


def _faults(row: Mapping[str, str], known: Mapping[tuple[str, str], EventState]) -> Iterator[str]:
    state = known.get((row["participant"], row["number"]))
    if state is None:
        yield f"there is no event {row['number']!r} of {row['participant']!r}"
    elif row["version"] not in {str(each.version) for each in state.versions}:
        yield (
            f"event {row['number']} of {row['participant']} has no version {row['version']!r}; "
            f"its newest is {state.current.version}"
        )
    for column in CODES:
        if not row[column]:
            yield f"{column} is empty; every column of a coding is needed"
    for column in ("llt_code", "pt_code"):
        if row[column] and not (row[column].isascii() and row[column].isdigit()):
            yield f"{column}: {row[column]!r} is no MedDRA code; it is a number"


def _keep(session: Session, row: Mapping[str, str], state: EventState, by: str) -> bool:
    """Keep a coding unless the newest of that version says the same; return whether it is new."""
    version = next(each for each in state.versions if str(each.version) == row["version"])
    coding = state.coding
    same = coding is not None and coding.version_id == version.id
    if same and all(getattr(coding, column) == row[column] for column in CODES):
        return False
    session.add(
        AdverseEventCoding(
            version_id=version.id,
            coded_by=by,
            coded_at=clock.now(),
            **{column: row[column] for column in CODES},
        )
    )
    return True
