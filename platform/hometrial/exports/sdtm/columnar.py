"""Many rows of a findings domain become its data set: the same as `assembling` does, column by column."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports import metadata
from hometrial.exports.metadata import DataSet, ValueRefusedError
from hometrial.exports.sdtm import standard
from hometrial.exports.sdtm.assembling import (
    LINEAGE,
    LONGEST,
    PERSON,
    SOURCE,
    Made,
    Row,
    is_kept,
    made_of,
    spill,
    study_day,
    supplements,
)
from hometrial.exports.sdtm.study import Study

_DAY_0 = date(1970, 1, 1)
_DAYS = 1 << 20  # more than any date has days from 1970: a person and a day in one number
_SHIFT = 1 << 19
_NO_DAY = -_SHIFT
_TEST = ("TESTCD", "CAT", "OBJ", "COLSRT", "SPEC")

Whole = np.ndarray[Any, np.dtype[np.int64]]
Truth = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Columns:
    """Rows of a domain about people, as one table: its variables beside `_person` and `_source`, one source a row."""

    table: pa.Table

    def __len__(self) -> int:
        rows: int = self.table.num_rows
        return rows


def assemble_columns(name: str, columns: Columns, study: Study) -> list[Made]:
    """Return a findings domain of its columns, and its supplement, as `assembling.assemble` would of the same rows.

    Raises ValueRefusedError for a variable that the domain does not have, or a missing required value.
    """
    domain = standard.domain(name)
    table = _dated(domain, columns.table, study)
    table = table.take(pa.array(_order(domain, table)))
    table = _numbered(domain, table)
    table = _flagged(domain, table, study)
    table, spilt = _spilt(domain, table)
    further = supplements(name, spilt, study)
    made = [_made(domain, table)]
    return [*made, made_of(standard.domain(f"SUPP{name}"), further)] if further else made


def rounded(numbers: pa.ChunkedArray) -> pa.Array:
    """Return numbers to 12 significant figures: what text and number of a result keep alike in every file."""
    coded = numbers.combine_chunks().dictionary_encode()
    told = [float(f"{each:.12g}") for each in coded.dictionary.to_pylist()]
    return pa.array(told, pa.float64()).take(coded.indices)


def plain(numbers: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return numbers as text without exponents: nobody reads 1e-05 as a number there."""
    told = pc.cast(numbers, pa.string())
    if not pc.any(pc.match_substring(told, "e")).as_py():
        return told
    return pa.array([each and f"{Decimal(each):f}" for each in told.to_pylist()], pa.string())


def read_numbers(words: pa.ChunkedArray) -> pa.Array:
    """Return which texts are numbers, of as many digits as one is exact with; null of any other."""
    is_one = pc.match_substring_regex(words, r"^-?(0|[1-9]\d{0,11})(\.\d{1,3})?$")
    return pc.cast(pc.if_else(is_one, words, None), pa.float64())


def _codes(column: pa.ChunkedArray) -> Whole:
    """Return for each value its place among the values in order; nothing comes first."""
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        values = column.fill_null(-np.inf if pa.types.is_floating(column.type) else -(2**62))
        return np.unique(values.to_numpy(), return_inverse=True)[1].astype(np.int64)
    coded = column.combine_chunks().fill_null("").dictionary_encode()
    order = pc.sort_indices(coded.dictionary).to_numpy()
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    found: Whole = place[coded.indices.to_numpy()]
    return found


def _days(column: pa.ChunkedArray) -> Whole:
    """Return the day of ISO 8601 texts, as days from 1970; one that is not whole has none."""
    coded = column.combine_chunks().fill_null("").dictionary_encode()
    known = [_number_of(each) for each in coded.dictionary.to_pylist()]
    found: Whole = np.array(known or [_NO_DAY], dtype=np.int64)[coded.indices.to_numpy()]
    return found


def _number_of(written: str) -> int:
    return (date.fromisoformat(written[:10]) - _DAY_0).days if len(written) >= 10 else _NO_DAY


def _dated(domain: DataSet, table: pa.Table, study: Study) -> pa.Table:
    """Add identifiers, study day and epoch."""
    people = table[PERSON].combine_chunks().dictionary_encode()
    names = people.dictionary.to_pylist()
    rows = table.num_rows
    table = _with(table, "STUDYID", pa.repeat(study.study_id, rows))
    table = _with(table, "DOMAIN", pa.repeat(domain.name, rows))
    subjects = pa.array([study.usubjid(each) for each in names], pa.string())
    table = _with(table, "USUBJID", subjects.take(people.indices))
    days = _days(table[f"{domain.name}DTC"])
    together = people.indices.to_numpy().astype(np.int64) * _DAYS + days + _SHIFT
    seen, place = np.unique(together, return_inverse=True)
    who = [names[int(each)] for each in seen // _DAYS]
    when = [_day_of(int(each)) for each in seen % _DAYS - _SHIFT]
    pairs = list(zip(who, when, strict=True))
    epochs = pa.array([study.epoch(who, day) if day else "" for who, day in pairs], pa.string())
    numbers = pa.array([_study_day(study, who, day) for who, day in pairs], pa.int64())
    table = _with(table, "EPOCH", epochs.take(pa.array(place)))
    return _with(table, f"{domain.name}DY", numbers.take(pa.array(place)))


def _day_of(number: int) -> date | None:
    return None if number == _NO_DAY else _DAY_0 + timedelta(days=number)


def _study_day(study: Study, person: str, day: date | None) -> int | None:
    first = study.first_dose(person)
    return None if first is None or day is None else study_day(day, first)


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    if name in table.column_names:
        table = table.drop_columns([name])
    return table.append_column(name, values)


def _order(domain: DataSet, table: pa.Table) -> Whole:
    """Return the order by the keys, then by the source records."""
    keys = [*domain.keys, SOURCE]
    found: Whole = np.lexsort([_codes(table[key]) for key in reversed(keys)])
    return found


def _numbered(domain: DataSet, table: pa.Table) -> pa.Table:
    subjects = _codes(table["USUBJID"])
    starts = np.flatnonzero(np.diff(subjects, prepend=-1))
    counts = np.diff(starts, append=len(subjects))
    within = np.arange(len(subjects)) - np.repeat(starts, counts) + 1
    return _with(table, f"{domain.name}SEQ", pa.array(within, pa.int64()))


def _flagged(domain: DataSet, table: pa.Table, study: Study) -> pa.Table:
    """Set --LOBXFL as assembling does: the last result of a test before the first dose."""
    prefix = domain.name
    candidates = np.flatnonzero(
        _before_dose(table, f"{prefix}DTC", study) & _has_result(table, prefix)
    )
    flags = np.zeros(table.num_rows, dtype=bool)
    if len(candidates):
        test = _together(
            [
                _codes(table[each])[candidates]
                for each in ("USUBJID", *(f"{prefix}{part}" for part in _TEST))
                if each in table.column_names
            ]
        )
        moments = _codes(table[f"{prefix}DTC"])[candidates]
        order = np.lexsort([candidates, moments, test])
        is_last = np.diff(test[order], append=-1) != 0
        flags[candidates[order[is_last]]] = True
    return _with(table, f"{prefix}LOBXFL", pc.if_else(pa.array(flags), "Y", ""))


def _together(columns: list[Whole]) -> Whole:
    """Return one number for each combination of codes."""
    found = columns[0]
    for each in columns[1:]:
        found = found * (int(each.max()) + 1) + each
        found = np.unique(found, return_inverse=True)[1].astype(np.int64)
    return found


def _before_dose(table: pa.Table, moment: str, study: Study) -> Truth:
    """Return which rows are from before the first dose; of those of its day or the next, what the study says of each."""
    people = table[PERSON].combine_chunks().dictionary_encode()
    names = people.dictionary.to_pylist()
    known = [study.first_dose(each) for each in names]
    firsts = np.array([(each - _DAY_0).days if each else _NO_DAY for each in known], dtype=np.int64)
    whose = people.indices.to_numpy()
    days, first = _days(table[moment]), firsts[whose]
    found: Truth = (days != _NO_DAY) & (days < first)
    near = np.flatnonzero((first != _NO_DAY) & (days >= first) & (days <= first + 1))
    written = table[moment].take(pa.array(near)).to_pylist()
    visits = [None] * len(near)
    if "VISITNUM" in table.column_names:
        visits = table["VISITNUM"].take(pa.array(near)).to_pylist()
    found[near] = [
        study.is_before_dose(names[whose[place]], said, visit)
        for place, said, visit in zip(near, written, visits, strict=True)
    ]
    return found


def _has_result(table: pa.Table, prefix: str) -> Truth:
    found: Truth = pc.not_equal(table[f"{prefix}STRESC"].fill_null(""), "").to_numpy()
    return found


def _spilt(domain: DataSet, table: pa.Table) -> tuple[pa.Table, list[Row]]:
    """Cut the few texts that are too long; what is left goes to the supplemental data set."""
    found: dict[int, Row] = {}
    for column in domain.columns:
        if column.kind != "text" or column.name not in table.column_names:
            continue
        values = table[column.name].cast(pa.string())
        is_long = pc.greater(pc.binary_length(values.fill_null("")), LONGEST)
        if not pc.any(is_long).as_py():
            continue
        kept = values.to_pylist()
        for place in np.flatnonzero(is_long.to_numpy()).tolist():
            row = found.setdefault(place, _row(domain, table, place)) | {column.name: kept[place]}
            spill(replace(domain, columns=(column,)), row)
            found[place], kept[place] = row, row[column.name]
        table = _with(table, column.name, pa.array(kept, pa.string()))
    return table, list(found.values())


def _row(domain: DataSet, table: pa.Table, place: int) -> Row:
    names = ("USUBJID", f"{domain.name}SEQ")
    row = {name: table[name][place].as_py() for name in names}
    return row | {SOURCE: (table[SOURCE][place].as_py(),)}


def _made(domain: DataSet, table: pa.Table) -> Made:
    """Make the table with the variables that the standard asks, and those that any row has."""
    names = {each.name for each in domain.columns}
    unknown = sorted(set(table.column_names) - names - {PERSON, SOURCE})
    if unknown:
        raise ValueRefusedError(f"{domain.name} has no variable {unknown[0]}")
    used = {each for each in table.column_names if _is_used(table[each])}
    columns = tuple(each for each in domain.columns if is_kept(each.name, domain, used))
    kept = replace(domain, columns=columns, keys=())
    metadata.check(kept)
    arrays = [_column(domain, each, table) for each in columns]
    lineage = pa.table(
        {"row": pa.array(np.arange(1, table.num_rows + 1)), "source": table[SOURCE]}, schema=LINEAGE
    )
    return Made(
        replace(kept, keys=domain.keys),
        pa.Table.from_arrays(arrays, schema=metadata.schema(kept)),
        lineage,
    )


def _is_used(column: pa.ChunkedArray) -> bool:
    if pa.types.is_string(column.type):
        return bool(pc.any(pc.not_equal(column.fill_null(""), "")).as_py())
    return int(column.null_count) < len(column)


def _column(domain: DataSet, column: metadata.Column, table: pa.Table) -> pa.ChunkedArray:
    wanted = metadata.ARROW[column.kind]
    if column.name not in table.column_names:
        empty = "" if column.kind == "text" else None
        return pa.chunked_array(
            [pa.array([empty], wanted).take(pa.array(np.zeros(table.num_rows, int)))]
        )
    found = table[column.name].cast(wanted)
    if column.kind == "text":
        found = found.fill_null("")
    if column.core == "Req":
        is_missing = pc.equal(found, "") if column.kind == "text" else pc.is_null(found)
        _refuse(domain, column, table, is_missing, "is empty, and the standard requires it")
    return found


def _refuse(
    domain: DataSet, column: metadata.Column, table: pa.Table, wrong: pa.ChunkedArray, why: str
) -> None:
    place = pc.index(wrong, True).as_py()
    if place >= 0:
        raise ValueRefusedError(
            f"{domain.name}.{column.name}, row {place + 1}, {why}; it came of {table[SOURCE][place].as_py()}"
        )
