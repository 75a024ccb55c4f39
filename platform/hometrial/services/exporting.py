"""Draft exports: what is stored now, as files that a statistician can open and check."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.errors import ExportRefusedError
from hometrial.exports import dictionary, folder
from hometrial.exports.dictionary import Variable
from hometrial.exports.writing import FORMATS, TableWriter
from hometrial.models import Batch, DayChunk, Participant, QuarantinedRow, Query, Verdict
from hometrial.services import listing, tabling
from hometrial_ingest.signals import Signal

SCHEMA_VERSION = 1
_OWN_TABLE = (Signal.SLEEP_SESSION, Signal.SLEEP_STAGE)


@dataclass(frozen=True)
class ExportSummary:
    """What an export holds."""

    files: int
    samples: int
    participants: int


@dataclass
class _Export:
    """One export while it is written."""

    session: Session
    out: Path
    formats: Sequence[str]
    people: list[Participant]
    rows: dict[Path, int] = field(default_factory=dict)
    tables: list[tuple[str, Sequence[Variable]]] = field(default_factory=list)
    samples: int = 0

    def write(self, name: str, variables: Sequence[Variable], pieces: Iterator[pa.Table]) -> int:
        """Write one table in every format and return its rows."""
        with TableWriter(self.out / name, variables, self.formats) as writer:
            for piece in pieces:
                writer.write(piece)
        self.rows |= writer.files
        return max(writer.files.values())


def export_draft(
    session: Session,
    out: Path,
    formats: Sequence[str],
    progress: Callable[[str], None] = lambda _what: None,
) -> ExportSummary:
    """Write all data sets into a folder; the same bytes as long as nothing stored has changed.

    The session must be one snapshot (Database.reading). Raises ExportRefusedError for an unknown
    format, a folder that holds something else, or a disk that fails; then nothing is left behind.
    """
    refuse_formats(formats)
    with folder.replaced(out) as place:
        ordered = [name for name in FORMATS if name in formats]
        export = _Export(session, place, ordered, tabling.people(session))
        for signal in tabling.streams(session):
            progress(str(signal))
            _write_stream(export, signal)
        progress("days, gaps and batches")
        _write_tables(export)
        _write_texts(export)
        count = folder.write_manifest(place, export.rows, _facts(export))
    return ExportSummary(count, export.samples, len(export.people))


def refuse_formats(formats: Sequence[str]) -> None:
    """Raise ExportRefusedError for no format, or one that cannot be written."""
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown or not formats:
        raise ExportRefusedError(
            f"{', '.join(unknown) or 'no format'} cannot be written; choose from {', '.join(FORMATS)}"
        )


def _write_stream(export: _Export, signal: Signal) -> None:
    """Write a stream's samples: one file for each participant and month."""
    if signal in _OWN_TABLE:
        return
    variables = dictionary.sample_variables(signal)
    export.tables.append((f"samples/{signal}/*/*", variables))
    for person in export.people:
        for first, last in tabling.months(export.session, person, signal):
            name = f"samples/{signal}/{person.code}/{first:%Y-%m}"
            piece = tabling.samples(export.session, person, signal, first, last)
            export.samples += export.write(name, variables, iter([piece]))


def _write_tables(export: _Export) -> None:
    by_person: list[tuple[str, Sequence[Variable], Callable[[Session, Participant], pa.Table]]] = [
        ("sleep_session", dictionary.SLEEP_SESSION, tabling.sleep_sessions),
        ("sleep_stage", dictionary.SLEEP_STAGE, tabling.sleep_stages),
        ("participant_day", listing.participant_day_variables(), listing.participant_days),
        ("gap", dictionary.GAP, listing.gaps),
        ("quarantine", dictionary.QUARANTINE, listing.quarantine),
    ]
    for name, variables, rows in by_person:
        pieces = (rows(export.session, person) for person in export.people)
        count = export.write(name, variables, pieces)
        export.tables.append((name, variables))
        export.samples += count if name.startswith("sleep") else 0
    for name, variables, table in (
        ("batch", dictionary.BATCH, listing.batches(export.session)),
        ("validation_summary", dictionary.VALIDATION, listing.validation(export.session)),
    ):
        export.write(name, variables, iter([table]))
        export.tables.append((name, variables))


def _write_texts(export: _Export) -> None:
    """Write the dictionary, the verdicts as JSON, and the page for the statistician."""
    export.tables.append(("data_dictionary", dictionary.DICTIONARY))
    described = [
        {"file": name, **{key: str(getattr(variable, _OF.get(key, key))) for key in _DESCRIBED}}
        for name, variables in export.tables
        for variable in variables
    ]
    table = pa.Table.from_pylist(described, dictionary.schema(dictionary.DICTIONARY))
    with TableWriter(export.out / "data_dictionary", dictionary.DICTIONARY, ["csv"]) as writer:
        writer.write(table)
    export.rows |= writer.files
    verdicts = listing.validation(export.session).to_pylist()
    summary = export.out / "validation_summary.json"
    summary.write_text(json.dumps(verdicts, indent=1) + "\n", encoding="utf-8")
    export.rows[summary] = len(verdicts)
    readme = export.out / "README.txt"
    readme.write_bytes(files("hometrial.exports").joinpath("readme.txt").read_bytes())
    export.rows[readme] = 0


_DESCRIBED = ("variable", "label", "type", "unit", "codes", "text")
_OF = {"variable": "name"}


def _facts(export: _Export) -> dict[str, Any]:
    """Return what the manifest says beside its files; nothing in it depends on when or where."""
    session = export.session
    return {
        "kind": folder.DRAFT,
        "schema_version": SCHEMA_VERSION,
        "participants": [person.code for person in export.people],
        "streams": [str(signal) for signal in tabling.streams(session)],
        "samples": export.samples,
        **state_of(session),
    }


def state_of(session: Session) -> dict[str, Any]:
    """Return how far the data are settled: suites, open queries, rows left out by rule, provisional days."""
    open_rows = select(QuarantinedRow.rule, func.count()).where(QuarantinedRow.status != "released")
    excluded = session.execute(
        open_rows.group_by(QuarantinedRow.rule).order_by(QuarantinedRow.rule)
    )
    suites: dict[str, list[int]] = {}
    judged = select(Verdict.suite, Verdict.suite_version).distinct()
    for suite, version in session.execute(judged.order_by(Verdict.suite, Verdict.suite_version)):
        suites.setdefault(suite, []).append(version)
    rejected = session.scalars(
        select(Batch.rows_quarantined).where(Batch.status == "rejected")
    ).all()
    provisional = session.scalar(
        select(func.count()).select_from(
            select(DayChunk.participant_id, DayChunk.day)
            .where(DayChunk.is_current, DayChunk.state == "provisional", DayChunk.samples > 0)
            .distinct()
            .subquery()
        )
    )
    return {
        "suites": suites,
        "open_queries": session.scalar(
            select(func.count()).select_from(Query).where(Query.status == "open")
        ),
        "quarantined_open": session.scalar(
            select(func.count()).select_from(QuarantinedRow).where(QuarantinedRow.status == "open")
        ),
        "excluded_samples_by_rule": {rule: count for rule, count in excluded},  # noqa: C416
        "rejected_batches": len(rejected),
        "rows_in_rejected_batches": sum(rejected),
        "provisional_days": provisional,
    }
