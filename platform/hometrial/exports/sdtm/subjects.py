"""Who of those that were approached is a subject of the tabulations, and why the others are none.

A subject signed a consent, failed the screening, or has a clinical record. Of the others there is nothing to tabulate
and nothing that they agreed to; they stand in the tidy tables and in the flow.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Row, Source

DECLINED = "declined before a consent was signed"
LEFT = "left before a consent was signed"
OPEN = "no consent is signed yet"
_LEFT = ("withdrawn", "lost_to_follow_up")
_OF_VISITS = ("held", "missed")
_CLINICAL = (
    "withdrawal", "allocation", "deviation", "dose_order", "intake", "interruption", "dose_day", "supply",
    "treatment_told", "medication", "adverse_event", "baseline_symptom", "laboratory", "item", "free_answer",
    "score", "bad_day", "daily_metric", "data_day",
)  # fmt: skip
"""Tables of which a row makes a subject of whoever it is about."""


def study(source: Source) -> Study:
    """Return the study of its subjects alone: what every tabulation is made of."""
    others = left_out(source)
    if not others:
        return Study(source)
    gone = pa.array(sorted(others), pa.string())
    tables = {name: _without(table, gone) for name, table in source.tables.items()}
    return Study(_Fewer(tables, whole=source, gone=frozenset(others)))


@dataclass(frozen=True)
class _Fewer(Source):
    """Source tables without some people; its rows are the very ones of the whole, so that none is held twice."""

    whole: Source = field(kw_only=True)
    gone: frozenset[str] = field(kw_only=True)

    def rows(self, name: str) -> list[Row]:
        if name not in self._rows:
            self._rows[name] = [
                row for row in self.whole.rows(name) if row.get("participant") not in self.gone
            ]
        return self._rows[name]


def _without(table: pa.Table, gone: pa.Array) -> pa.Table:
    if "participant" not in table.column_names:
        return table
    return table.filter(pc.invert(pc.is_in(table["participant"], gone)))


def left_out(source: Source) -> dict[str, str]:
    """Return by pseudonym why somebody is no subject."""
    known = Study(source)
    consented = {person for person in known.people if known.consented(person) is not None}
    if len(consented) == len(known.people):
        return {}
    subjects = consented | set(_on_record(source))
    return {person: _why(known, person) for person in known.people if person not in subjects}


def _on_record(source: Source) -> Iterator[str]:
    for name in _CLINICAL:
        yield from source.table(name)["participant"].unique().to_pylist()
    for row in source.rows("screening"):
        if row["outcome"] == "screen_failure":
            yield row["participant"]
    for row in source.rows("visit"):
        if row["outcome"] in _OF_VISITS:
            yield row["participant"]


def _why(known: Study, person: str) -> str:
    screened = known.screened(person)
    status = known.rows("participant", person)[0]["status"]
    if status == "declined" or (screened is not None and screened["outcome"] == "declined"):
        return DECLINED
    return LEFT if status in _LEFT else OPEN
