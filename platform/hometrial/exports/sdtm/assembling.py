"""Rows of a domain become its data set: identifiers, numbers, study days, epochs, baseline flags, supplements."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa

from hometrial.exports import metadata
from hometrial.exports.metadata import DataSet, ValueRefusedError
from hometrial.exports.sdtm import standard
from hometrial.exports.sdtm.naming import LONGEST as LONGEST
from hometrial.exports.sdtm.naming import pieces as pieces
from hometrial.exports.sdtm.planned import study_day as study_day
from hometrial.exports.sdtm.study import Study

Row = dict[str, Any]
PERSON, SOURCE, SUPPLEMENT = "_person", "_source", "_supplement"
"""Of a row beside its variables: the pseudonym (where it is about a person), the source records (`table/id`), and
what no variable of the domain holds: {QNAM: Qualifier}."""
LINEAGE = pa.schema([("row", pa.int64()), ("source", pa.string())])
LONGEST_NAME = 8
_LONGEST_LABEL = 40
_WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_BASELINED = ("STRESC", "ORRES")


@dataclass(frozen=True)
class Qualifier:
    """A value that stands in a supplemental data set (QNAM is its key in the row)."""

    label: str
    value: str
    origin: str = "CRF"
    evaluator: str = ""


@dataclass(frozen=True)
class Made:
    """A data set and where each row came from: `lineage` has (row from 1, source) for every source record."""

    data_set: DataSet
    table: pa.Table
    lineage: pa.Table


def assemble(name: str, rows: Sequence[Mapping[str, Any]], study: Study) -> list[Made]:
    """Return a domain, and its supplemental data set where there is one.

    Raises ValueRefusedError for a variable that the domain does not have, a missing required value, or a value
    that does not fit.
    """
    domain = standard.domain(name)
    made = [_filled(domain, _trimmed(row), study) for row in rows]
    _number(domain, made)
    _flag_baseline(domain, made, study)
    for row in made:
        spill(domain, row)
    main = made_of(domain, made)
    further = supplements(name, made, study)
    if not further:
        return [main]
    return [main, made_of(standard.domain(f"SUPP{name}"), further)]


def _trimmed(row: Mapping[str, Any]) -> Row:
    """Return a row without blanks about its texts: they are no part of what was said, and no file keeps those at the end."""
    return {key: each.strip() if isinstance(each, str) else each for key, each in row.items()}


def _filled(domain: DataSet, row: Row, study: Study) -> Row:
    """Add what every row of the domain has: identifiers, study days, epoch."""
    names = {each.name for each in domain.columns}
    row["STUDYID"] = study.study_id
    if "DOMAIN" in names:
        row["DOMAIN"] = domain.name
    person = row.get(PERSON)
    if person is None:
        return row
    row["USUBJID"] = study.usubjid(person)
    prefix, first = domain.name, study.first_dose(person)
    for part in ("", "ST", "EN"):
        day = _day(row.get(f"{prefix}{part}DTC"))
        if f"{prefix}{part}DY" in names and day and first:
            row[f"{prefix}{part}DY"] = study_day(day, first)
    started = row.get(f"{prefix}STDTC") or row.get(f"{prefix}DTC")
    if "EPOCH" in names and "EPOCH" not in row and started:
        row["EPOCH"] = study.epoch_of(person, started)
    return row


def _day(written: str | None) -> date | None:
    """Return the day of an ISO 8601 text that is complete to the day."""
    if not written or not _WHOLE_DAY.match(written):
        return None
    return date.fromisoformat(written[:10])


def _number(domain: DataSet, rows: list[Row]) -> None:
    """Sort by the keys, then by the source records, and number within the subject (or the device)."""
    rows.sort(key=lambda row: (*(_sortable(row.get(key)) for key in domain.keys), _sources(row)))
    column = f"{domain.name}SEQ"
    if domain.klass == "Trial Design" or not any(each.name == column for each in domain.columns):
        return  # trial design numbers its own
    counted: Counter[str] = Counter()
    for row in rows:
        whose = row.get("USUBJID") or row.get("SPDEVID") or ""
        counted[whose] += 1
        row[column] = counted[whose]


def _sortable(value: Any) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return (1, value, "")
    return (0, 0.0, value or "")


def _sources(row: Row) -> tuple[str, ...]:
    return tuple(row.get(SOURCE, ()))


def _flag_baseline(domain: DataSet, rows: list[Row], study: Study) -> None:
    """Set --LOBXFL: the last result of a test before the first dose, one a subject and test."""
    column, prefix = f"{domain.name}LOBXFL", domain.name
    if not any(each.name == column for each in domain.columns):
        return
    last: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        written = row.get(f"{prefix}DTC") or ""
        if not study.is_before_dose(row[PERSON], written, row.get("VISITNUM")):
            continue
        if not any(row.get(f"{prefix}{part}") for part in _BASELINED):
            continue
        test = tuple(
            row.get(f"{prefix}{part}") for part in ("TESTCD", "CAT", "OBJ", "COLSRT", "SPEC")
        )
        key = (row["USUBJID"], *test)
        if key not in last or row[f"{prefix}DTC"] >= last[key][f"{prefix}DTC"]:
            last[key] = row
    for row in last.values():
        row[column] = "Y"


def spill(domain: DataSet, row: Row) -> None:
    """Cut a text that is too long at a word's end; what is left goes to the supplemental data set.

    Raises ValueRefusedError in a data set about no subject: the standard has no supplement of those.
    """
    for column in domain.columns:
        value = row.get(column.name)
        if not isinstance(value, str) or len(value.encode()) <= LONGEST:
            continue
        if domain.is_reference:
            raise ValueRefusedError(
                f"{domain.name}.{column.name}: {value!r} has more than {LONGEST} bytes; shorten it in the protocol"
            )
        row[column.name], *further = pieces(value)
        for place, piece in enumerate(further, start=1):
            name = f"{column.name[: LONGEST_NAME - len(str(place))]}{place}"
            label = numbered(column.label, place)
            row.setdefault(SUPPLEMENT, {})[name] = Qualifier(label, piece)


def numbered(label: str, place: int) -> str:
    """Return a label of at most forty characters with a number behind it."""
    return f"{label[: _LONGEST_LABEL - 1 - len(str(place))]} {place}"


def supplements(name: str, rows: list[Row], study: Study) -> list[Row]:
    """Return the rows of a domain's supplemental data set, in the order of its keys."""
    column = f"{name}SEQ"
    made = []
    for row in rows:
        for qnam, qualifier in sorted(row.get(SUPPLEMENT, {}).items()):
            made += [
                {
                    "STUDYID": study.study_id,
                    "RDOMAIN": name,
                    "USUBJID": row["USUBJID"],
                    "IDVAR": column if column in row else "",
                    "IDVARVAL": str(row[column]) if column in row else "",
                    "QNAM": qnam,
                    "QLABEL": qualifier.label,
                    "QVAL": qualifier.value,
                    "QORIG": qualifier.origin,
                    "QEVAL": qualifier.evaluator,
                    SOURCE: row.get(SOURCE, ()),
                }
            ]
    return sorted(
        made, key=lambda row: (row["USUBJID"], row["IDVAR"], int(row["IDVARVAL"] or 0), row["QNAM"])
    )


def made_of(domain: DataSet, rows: list[Row]) -> Made:
    """Make the table with the variables that the standard asks, and those that any row has."""
    extra = {PERSON, SOURCE, SUPPLEMENT}
    used = {name for row in rows for name, value in row.items() if value not in (None, "")}
    columns = tuple(each for each in domain.columns if is_kept(each.name, domain, used))
    kept = replace(domain, columns=columns)
    for place, row in enumerate(rows, start=1):
        for each in columns:
            if each.core == "Req" and row.get(each.name) in (None, ""):
                raise ValueRefusedError(
                    f"{domain.name}.{each.name}, row {place}, is empty, and the standard requires it; "
                    f"it came of {', '.join(row.get(SOURCE, ())) or 'nothing stored'}"
                )
    plain = [{name: value for name, value in row.items() if name not in extra} for row in rows]
    unknown = {name for row in plain for name in row} - {each.name for each in domain.columns}
    if unknown:
        raise ValueRefusedError(f"{domain.name} has no variable {min(unknown)}")
    narrow = [{name: row.get(name) for name in (each.name for each in columns)} for row in plain]
    table = metadata.frame(replace(kept, keys=()), narrow)
    lineage = [
        {"row": place, "source": source}
        for place, row in enumerate(rows, start=1)
        for source in row.get(SOURCE, ())
    ]
    return Made(kept, table, pa.Table.from_pylist(lineage, LINEAGE))


def is_kept(name: str, domain: DataSet, used: set[str]) -> bool:
    """Whether a variable stays: one required or expected, the epoch, one with a value, a study day beside every date."""
    column = domain.column(name)
    if column.core in ("Req", "Exp") or name in used or name == "EPOCH":
        return True
    return name.endswith("DY") and f"{name[:-2]}DTC" in {
        each.name for each in domain.columns if each.core in ("Req", "Exp") or each.name in used
    }
